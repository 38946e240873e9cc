"""Images that stand out from the others by what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from joblib import Parallel, delayed

from ..images import ImageReadError, ImagesLike, as_image_source, fitted_source
from ..progress import progress_bar
from ._looks import SIDE, Look, look_at

# How many times less than usual (the median) contrast, brightness and sharpness are.
_BLANK, _DARK, _BLURRED = 16, 5, 2.5
# How many times smaller than usual, and longer in shape than most (the upper quartile).
_SMALL, _ELONGATED = 4, 3
# Less is nothing in any folder.
_NO_CONTRAST = 0.001
# Below the lower quartile by so many interquartile ranges, brightness, as a logarithm, is far out
# (Tukey): where it varies much, as that of fluorescence does, low is not odd.
_FAR_OUT = 3.0


def find_flaws(
    X: ImagesLike,
    *,
    reader: Any = None,
    n_jobs: int | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    verbose: int = 0,
) -> np.ndarray:
    """Find images that are dark, blurred, blank, small or elongated, compared with the others.

    Every image is read once, and measured at 128 pixels or less. Limits are in units of what is
    usual among these images, their median, so that they hold for photographs, scans and
    micrographs alike: a "blank" image has a sixteenth of the contrast or less; the bright parts of
    a "dark" one are less than a fifth as bright, and far from those of nearly all; a "blurred" one
    has less than two fifths of the finest details, in units of its coarser ones, so that a blur of
    a fiftieth of the side is found; a "small" one has a quarter of the shortest side or less, where
    128 pixels are enough for any; an "elongated" one is three times as long in shape as three
    quarters are.

    Parameters
    ----------
    X : images
    reader : ImageReader or callable, default=None
        How images are read.
    n_jobs : int, default=None
        Threads that decode images; None is as many as there are processors.
    on_error : {"raise", "skip"}, default="raise"
        With "skip" an image that cannot be read has no flaw.
    verbose : int, default=0
        Above 0, a progress bar is shown.

    Returns
    -------
    flaws : ndarray of shape (n_samples,), str
        Such as "dark" or "dark, small"; "" for an image that is like the others.

    Raises
    ------
    ImageReadError
        If an image cannot be read and ``on_error="raise"``.
    ValueError
        If ``X`` is features.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage import data
    >>> from skdeepcluster import find_flaws
    >>> images = [data.chelsea(), data.coffee(), data.astronaut(), np.zeros_like(data.coffee())]
    >>> find_flaws(images)
    array(['', '', '', 'blank'], dtype='<U5')
    """
    source = fitted_source(as_image_source(X, reader), n_jobs)
    if source is None:
        raise ValueError("X must be images, of which flaws are seen, not features.")

    def look(index):
        try:
            return look_at(source.read(index, SIDE))
        except ImageReadError:
            if on_error == "raise":
                raise
            return None

    n_threads = (-1 if n_jobs is None else n_jobs) if source.concurrent else 1
    tasks = (delayed(look)(index) for index in range(len(source)))
    looks: list[Look | None] = []
    with progress_bar("quality", total=len(source), unit="image", verbose=verbose) as bar:
        # Threads, even if joblib's active backend has other processes or machines.
        for found in Parallel(n_threads, require="sharedmem", return_as="generator")(tasks):
            looks.append(found)
            bar.update()
    return flaws_of(looks)


def flaws_of(looks: Sequence[Look | None]) -> np.ndarray:
    """Compare each image with the others; None is one that could not be read."""
    flaws = np.full(len(looks), "", dtype=object)
    rows = np.array([index for index, look in enumerate(looks) if look is not None], dtype=int)
    if len(rows):
        table = np.array([look for look in looks if look is not None], dtype=np.float64)
        flaws[rows] = [", ".join(found) for found in _named(table)]
    return flaws.astype(str)


def _named(table):
    """Yield the flaws of each row of a table with the columns of a ``Look``."""
    brightness, contrast, sharpness, side, elongation = table.T
    is_blank = contrast <= max(np.median(contrast) / _BLANK, _NO_CONTRAST)
    logarithms = np.log1p(brightness)
    lower, upper = np.quantile(logarithms, [0.25, 0.75])
    is_dark = brightness < np.median(brightness) / _DARK
    is_dark &= logarithms < lower - _FAR_OUT * (upper - lower)
    # Of what has no contrast, or hardly any light, neither can be said.
    is_measured = ~is_blank & ~is_dark & ~np.isnan(sharpness)
    usual = np.median(sharpness[is_measured]) if is_measured.any() else 0
    columns = {
        "blank": is_blank,
        "dark": is_dark & ~is_blank,
        "blurred": is_measured & (sharpness < usual / _BLURRED),
        "small": side <= np.median(side) / _SMALL,
        "elongated": elongation > _ELONGATED * np.quantile(elongation, 0.75),
    }
    for row in zip(*columns.values(), strict=True):
        yield [name for name, is_so in zip(columns, row, strict=True) if is_so]
