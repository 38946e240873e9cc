"""Pixels whose value is missing: declared by the file, masked, or marked by an odd value."""

from typing import NamedTuple

import numpy as np

# Percentiles of the other values between which nearly all of them are.
_PERCENTILES = (0.1, 99.9)
# Fewer pixels than these do not change the range of values that is found.
_FEW = 0.001
# How many times the range of the other values a mark is away from them.
_FAR = 3


class Mark(NamedTuple):
    """A value that is far from all others, as a mark for missing values is."""

    value: float
    share: float
    others: tuple[float, float]


def declared_missing(text):
    """Return the number that a tag of GDAL declares to be no value; None if it is none."""
    try:
        return float(str(text).strip(" \0"))
    except ValueError:
        return None


def mask_missing(values, missing):
    """Mask the pixels that have the value ``missing``, if there are any.

    Parameters
    ----------
    values : ndarray
    missing : float or None

    Returns
    -------
    values : ndarray or masked array
    """
    if missing is None or values.dtype.kind not in "uif":
        return values
    if np.isnan(missing):
        is_missing = np.isnan(values)
    elif values.dtype.kind == "f":
        # What is written in decimal digits is rounded to the type of the pixels.
        with np.errstate(over="ignore"):
            is_missing = values == values.dtype.type(missing)
    else:
        is_missing = values == missing
    return np.ma.array(values, mask=is_missing) if is_missing.any() else values


def valid_pixels(values):
    """Return the pixels of which no channel is missing, of shape (n, n_channels)."""
    pixels = values.reshape(-1, values.shape[2])
    if not np.ma.is_masked(pixels):
        return np.ma.getdata(pixels)
    return pixels.data[~pixels.mask.any(axis=1)]


def find_mark(values):
    """Find a lowest or highest value that is far from all others, and no rarity.

    Parameters
    ----------
    values : ndarray of shape (n, n_channels)

    Returns
    -------
    mark : Mark or None
    """
    for column in values.T:
        for mark, others in (
            (column.min(), column[column > column.min()]),
            (column.max(), column[column < column.max()]),
        ):
            share = 1 - others.size / column.size
            if share <= _FEW or not others.size:
                continue
            low, high = np.percentile(others, _PERCENTILES)
            # Of two values neither is odd.
            if high > low and max(low - mark, mark - high) > _FAR * (high - low):
                return Mark(float(mark), share, (float(others.min()), float(others.max())))
    return None
