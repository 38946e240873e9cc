"""What brightness, contrast and sharpness of an image are."""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

# Sides in pixels: of what is looked at, of which a blur of a fiftieth is seen, and of the parts
# that its sharpness is measured in.
SIDE = 128
_TILE = 8
# Brighter than this share is what counts as its bright parts, and has more detail than this the
# part in which it must be sharp: a sky has no detail, whatever the lens.
_BRIGHT = 0.98
_DETAILED = 0.75


class Look(NamedTuple):
    """What an image looks like.

    ``brightness`` is that of its bright parts, from 0 to 255; ``contrast`` the standard deviation
    in units of it. ``sharpness`` is the amplitude of the finest details, in units of that of
    coarser ones: it does not depend on contrast. ``side`` is the shortest in pixels, 128 at most;
    ``elongation`` the longest in units of the shortest.
    """

    brightness: float
    contrast: float
    sharpness: float
    side: int
    elongation: float


def look_at(image: Image.Image) -> Look:
    """Measure an RGB image."""
    grey = image.convert("L")
    side, longest = sorted(grey.size)
    if side > SIDE:
        scaled = [max(SIDE, round(length * SIDE / side)) for length in grey.size]
        grey = grey.resize((scaled[0], scaled[1]), Image.Resampling.BOX)
    levels = np.asarray(grey, dtype=np.float32)
    # The level below which this share is; faster than to sort them.
    shares = np.cumsum(grey.histogram()) / levels.size
    brightness = float(np.searchsorted(shares, _BRIGHT))
    contrast = float(levels.std()) / max(brightness, 1)
    return Look(brightness, contrast, _sharpness(levels), min(side, SIDE), longest / side)


def _sharpness(levels):
    """Measure it where most coarse details are; NaN if the image is too small to tell."""
    height, width = (length // _TILE * _TILE for length in levels.shape)
    if not height or not width:
        return np.nan
    levels = levels[:height, :width]
    smooth = gaussian_filter(levels, 1, truncate=3)
    fine = _energies(levels - smooth)
    coarse = _energies(smooth - gaussian_filter(smooth, 2, truncate=2))
    is_detailed = coarse >= np.quantile(coarse, _DETAILED)
    # Half a grey level is what rounding makes of nothing.
    return float(np.sqrt(fine[is_detailed].mean()) / (np.sqrt(coarse[is_detailed].mean()) + 0.5))


def _energies(values):
    height, width = values.shape
    tiles = values.reshape(height // _TILE, _TILE, width // _TILE, _TILE)
    return (tiles**2).mean(axis=(1, 3))
