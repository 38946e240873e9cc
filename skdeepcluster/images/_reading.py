"""Reading files as RGB images."""

import os
from typing import Any

import numpy as np

from ._reader import as_reader
from ._source import FileSource
from ._survey import fitted_source


def read_image(path: str | os.PathLike[str], reader: Any = None) -> np.ndarray:
    """Read an image as the estimators do.

    Every image becomes 8-bit RGB: greyscale is repeated in three channels; palettes are looked
    up; transparent parts become white; CMYK is converted; the EXIF orientation is applied.
    Values of more than 8 bits are scaled, and frames and channels chosen, as ``reader`` says.
    Pillow's limit against decompression bombs applies; above half of it, Pillow warns.

    Parameters
    ----------
    path : path
    reader : ImageReader or callable, default=None
        None is ``ImageReader()``. Pass the ``reader_`` of a fitted estimator to see what it
        sees; by others, a range is found in this image alone.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), uint8

    Raises
    ------
    ImageReadError
        If the file is missing, damaged, not an image or too large.

    Warns
    -----
    UserWarning
        If the image has frames or channels that are not used.
    """
    source = FileSource([path]).read_by(as_reader(reader))
    return np.asarray(fitted_source(source).read(0))
