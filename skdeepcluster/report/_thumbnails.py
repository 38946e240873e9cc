"""Small square WebP files of images."""

import base64

import numpy as np
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from ..images import ImageReadError, Resizing, encode_thumbnail

# Sides in pixels that are tried, until the images that must be shown have room.
_SIDES = (160, 128, 96, 64, 48)
# So many tell how many bytes a thumbnail takes.
_N_TRIED = 48
_N_AT_ONCE = 64


class Thumbnailer:
    """Makes thumbnails in threads.

    Parameters
    ----------
    source : ImageSource
    n_jobs : int or None
        Threads; None is one a processor.
    on_error : {"raise", "skip"}
    verbose : int
        Above 0, a progress bar is shown.
    """

    def __init__(self, source, n_jobs, on_error, verbose):
        self.source = source
        self.n_jobs = (-1 if n_jobs is None else n_jobs) if source.concurrent else 1
        self.on_error = on_error
        self.verbose = verbose

    def make(self, indices, side):
        """Yield (index, bytes) of images; those that cannot be read are left out or raised.

        An image's centre is cut out, which is about what the network sees of it. Nothing but
        pixels is kept of the file.
        """
        bar = tqdm(total=len(indices), desc="thumbnails", disable=not self.verbose)
        # Threads, also where joblib's backend has other processes or machines.
        with bar, Parallel(self.n_jobs, require="sharedmem") as parallel:
            for start in range(0, len(indices), _N_AT_ONCE):
                chosen = [int(index) for index in indices[start : start + _N_AT_ONCE]]
                made = parallel(delayed(self._make_one)(index, side) for index in chosen)
                for index, thumbnail in zip(chosen, made, strict=True):
                    if thumbnail is not None:
                        yield index, thumbnail
                bar.update(len(chosen))

    def _make_one(self, index, side):
        try:
            image = self.source.read(index, side)
        except ImageReadError:
            if self.on_error == "raise":
                raise
            return None
        # An image that is smaller still is not blown up.
        return encode_thumbnail(Resizing(min(side, *image.size))(image))

    def within(self, order, n_needed, n_bytes):
        """Make as many thumbnails as there is room for, in base64.

        Parameters
        ----------
        order : ndarray of int
            The first ``n_needed`` decide how large thumbnails are.
        n_needed : int
        n_bytes : int
            Room in the page.

        Returns
        -------
        thumbnails : dict of str to str
            By the position of the image.
        """
        side = self._fitting_side(order[:n_needed], n_bytes)
        thumbnails = {}
        for index, thumbnail in self.make(order, side):
            text = base64.b64encode(thumbnail).decode("ascii")
            n_bytes -= len(f'"{index}":"{text}",')
            if n_bytes < 0:
                break
            thumbnails[str(index)] = text
        return thumbnails

    def _fitting_side(self, needed, n_bytes):
        tried = needed[np.linspace(0, len(needed) - 1, min(_N_TRIED, len(needed))).astype(int)]
        for side in _SIDES:
            sizes = [len(thumbnail) for _, thumbnail in self.make(tried, side)]
            # Base64 makes four bytes of three; a tenth for what the tried ones did not tell.
            if sum(sizes) / len(tried) * len(needed) * 4 / 3 * 1.1 <= n_bytes:
                break
        return side
