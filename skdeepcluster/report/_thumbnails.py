"""Small square WebP files of images."""

import base64

import numpy as np
from joblib import Parallel, delayed

from ..images import ImageReadError, Resizing, encode_thumbnail
from ..progress import progress_bar

# Sides in pixels, of which the first is chosen at which all images that must be shown fit.
_SIDES = (160, 128, 96, 64, 48)
# Number of thumbnails from which the size of all is estimated.
_N_SAMPLED = 48
_N_AT_ONCE = 64


class Thumbnailer:
    """Makes thumbnails in threads.

    Parameters
    ----------
    source : ImageSource
    n_jobs : int or None
        Number of threads; None uses one per processor.
    on_error : {"raise", "skip"}
    verbose : int
        A progress bar is shown if this is above 0.
    """

    def __init__(self, source, n_jobs, on_error, verbose):
        self.source = source
        self.n_jobs = (-1 if n_jobs is None else n_jobs) if source.concurrent else 1
        self.on_error = on_error
        self.verbose = verbose

    def make(self, indices, side):
        """Yield (index, bytes) of images; those that cannot be read are skipped or raise an error.

        Images are cropped to their centre, about as they are for the network. Metadata of the
        file are dropped.
        """
        with self._bar(len(indices)) as bar:
            for index, thumbnail in self._made(indices, side):
                if thumbnail is not None:
                    yield index, thumbnail
                bar.update()

    def _bar(self, n_images):
        return progress_bar("thumbnails", total=n_images, unit="image", verbose=self.verbose)

    def _made(self, indices, side):
        """Yield (index, bytes), with None for an image that was skipped."""
        # Threads, even if joblib's active backend has other processes or machines.
        with Parallel(self.n_jobs, require="sharedmem") as parallel:
            for start in range(0, len(indices), _N_AT_ONCE):
                chosen = [int(index) for index in indices[start : start + _N_AT_ONCE]]
                made = parallel(delayed(self._make_one)(index, side) for index in chosen)
                yield from zip(chosen, made, strict=True)

    def _make_one(self, index, side):
        try:
            image = self.source.read(index, side)
        except ImageReadError:
            if self.on_error == "raise":
                raise
            return None
        # Smaller images are not enlarged.
        return encode_thumbnail(Resizing(min(side, *image.size))(image))

    def within(self, order, n_needed, n_bytes):
        """Make as many thumbnails in base64 as fit into a number of bytes.

        Parameters
        ----------
        order : ndarray of int
            Images in order of preference.
        n_needed : int
            Thumbnails are made so small that this many fit, if possible.
        n_bytes : int

        Returns
        -------
        thumbnails : dict of str to str
            By the position of the image.
        """
        side = self._fitting_side(order[:n_needed], n_bytes)
        thumbnails = {}
        with self._bar(len(order)) as bar:
            for index, thumbnail in self._made(order, side):
                if thumbnail is not None:
                    text = base64.b64encode(thumbnail).decode("ascii")
                    n_bytes -= len(f'"{index}":"{text}",')
                    if n_bytes < 0:
                        bar.set_postfix_str("as many as fit")
                        break
                    thumbnails[str(index)] = text
                bar.update()
        return thumbnails

    def _fitting_side(self, needed, n_bytes):
        sample = needed[np.linspace(0, len(needed) - 1, min(_N_SAMPLED, len(needed))).astype(int)]
        for side in _SIDES:
            sizes = [len(thumbnail or b"") for _, thumbnail in self._made(sample, side)]
            # Base64 turns three bytes into four; 10 % are for the error of the estimate.
            if sum(sizes) / len(sample) * len(needed) * 4 / 3 * 1.1 <= n_bytes:
                break
        return side
