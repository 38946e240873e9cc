"""From values of any type to 8 bits: which value is black, and which one is white."""

import re
from dataclasses import dataclass

import numpy as np

from ._errors import ImageReadError
from ._missing import valid_pixels

# Percentiles of an image that are black and white; what lies beyond is hot pixels and the like.
_PERCENTILES = (0.1, 99.9)
# Of the images of a fit, one in so many is left out at either end: overexposed, or a test chart.
_ONE_ODD_IN = 20
# Of an image, as many pixels at least are looked at.
_N_PIXELS = 2**14
# Values that use more of the range of their type are left at that range: photographs do, and
# their 16-bit versions look as their 8-bit versions. At most half the contrast is lost.
_MUCH_OF_TYPE = 0.5
# "dtype" warns of less.
_LITTLE_OF_TYPE = 1 / 16
# What `kind_of` returns.
_KIND = re.compile(r"(?:8 bit|float|integer)(?:, ([2-9]|[1-9]\d{1,6}) channels)?")


@dataclass(frozen=True)
class Intensities:
    """Values of a sample of images of one kind.

    ``ranges``, of shape (n_images, n_channels, 2), are percentiles of each; ``extremes`` the
    lowest and the highest value of all. Of colours there is one channel.
    """

    dtype: np.dtype
    ranges: np.ndarray
    extremes: tuple[float, float]

    @classmethod
    def of(cls, values, is_color):
        """Look at one image, of shape (height, width, n_channels)."""
        chosen = sample_of(values, is_color)
        ranges = np.percentile(chosen, _PERCENTILES, axis=0).T[None]
        return cls(values.dtype, ranges, (chosen.min(), chosen.max()))

    @classmethod
    def joined(cls, parts):
        """Join what was seen of several images."""
        lows, highs = zip(*(part.extremes for part in parts), strict=True)
        ranges = np.concatenate([part.ranges for part in parts])
        return cls(parts[0].dtype, ranges, (min(lows), max(highs)))

    @property
    def percentiles(self):
        """Black and white of each channel, of shape (n_channels, 2)."""
        n_odd = len(self.ranges) // _ONE_ODD_IN
        lows, highs = np.sort(self.ranges, axis=0).transpose(2, 0, 1)
        return np.stack([lows[n_odd], highs[-1 - n_odd]], axis=1)

    @property
    def type_range(self):
        """Range of values that the type is used for."""
        known = dtype_range(self.dtype)
        largest = self.percentiles.max()
        if self.dtype.kind == "f" and largest > 1:
            return 0.0, 255.0
        if known is not None:
            return known
        if self.dtype.itemsize != 2 and largest <= 255:
            # 8-bit pixels in a type that is wider than they are.
            return 0.0, 255.0
        return 0.0, 32767.0 if self.dtype.itemsize == 2 else 65535.0

    @property
    def share_of_type(self):
        """Share of the range of the type that is used."""
        return (self.percentiles.max() - self.percentiles.min()) / self.type_range[1]

    @property
    def uses_little(self):
        """Whether "dtype" leaves few grey levels."""
        return bool(self.share_of_type < _LITTLE_OF_TYPE)

    def is_dim_in(self, found):
        """Whether every channel uses less than a sixteenth of a range that ``range`` found.

        An image of one value has no more to show.
        """
        pairs = np.array([self.type_range] if isinstance(found, str) else found)
        used = np.ptp(self.percentiles, axis=1)
        return bool(used.any() and (used < _LITTLE_OF_TYPE * np.ptp(pairs, axis=1)).all())

    def range(self, mode):
        """Find the range of values, as "auto" and "dataset" have it.

        Returns
        -------
        range : "dtype", or list of [low, high], one for all channels or one for each
        """
        low, high = self.type_range
        inside = low <= self.extremes[0] and self.extremes[1] <= high
        is_photograph = self.share_of_type > _MUCH_OF_TYPE and len(self.percentiles) == 1
        # Of images of one value nothing else tells what is black.
        if inside and ((mode == "auto" and is_photograph) or self.share_of_type == 0):
            is_dtype = (low, high) == dtype_range(self.dtype)
            return "dtype" if is_dtype else [[low, high]]
        return self.percentiles.tolist()


def dtype_range(dtype):
    """Return the values that are black and white by the type alone; None if it has none."""
    if dtype.kind in "bf":
        return 0.0, 1.0
    return {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}.get(dtype.name)


def channels_of_kind(kind):
    """Return how many ranges a kind of ``kind_of`` has, one for each channel; 0 if it is none."""
    match = _KIND.fullmatch(kind)
    return int(match[1] or 1) if match else 0


def kind_of(values, is_color):
    """Name what images must have in common to be scaled alike.

    The channels of colours share a range, other channels have one each.
    """
    kind = {"b": "8 bit", "f": "float"}.get(values.dtype.kind, "integer")
    if values.dtype == np.uint8:
        kind = "8 bit"
    n_channels = values.shape[2]
    return kind if is_color or n_channels == 1 else f"{kind}, {n_channels} channels"


def sample_of(values, is_color):
    """Take some of the values of an image, of shape (n, n_channels), or (n, 1) of colours.

    Pixels that are masked are left out; there must be others.
    """
    step = max(1, int((values.shape[0] * values.shape[1] / _N_PIXELS) ** 0.5))
    if np.ma.is_masked(values):
        chosen = valid_pixels(values)
        chosen = chosen[:: max(1, len(chosen) // _N_PIXELS)]
    else:
        chosen = np.ma.getdata(values)[::step, ::step]
    return chosen.reshape(-1, 1 if is_color else values.shape[2]).astype(np.float64)


def check_values(values, is_color, name):
    """Refuse values that no range makes an image of; negative colours, if ``is_color``.

    Raises
    ------
    ImageReadError
    """
    if values.dtype.kind != "f":
        return
    values = values.compressed() if np.ma.is_masked(values) else np.ma.getdata(values)
    n_bad = np.count_nonzero(~np.isfinite(values))
    if n_bad:
        raise ImageReadError(
            f"{name}: {n_bad} of its {values.size} pixels are NaN or infinite. Replace them, for "
            "instance with numpy.nan_to_num, or leave the image out."
        )
    if is_color and values.min(initial=0) < 0:
        raise ImageReadError(
            f"{name}: colours range from {values.min():g} to {values.max():g}, as after "
            "transforms.Normalize. Leave that out, since the network normalises by itself. If "
            "they are no colours, pass reader=ImageReader(intensity_range=(low, high))."
        )


def to_bytes(values, intensity_range, is_color, name):
    """Map values to 8 bits; those that are masked become black.

    Parameters
    ----------
    values : ndarray or masked array of shape (height, width, n_channels)
    intensity_range : "dtype", "image" or sequence of (low, high)
        One pair for all channels, or one for each.
    is_color : bool
        Whether "image" is to find one range for all channels.
    name : str
        Of the image, for errors.

    Returns
    -------
    pixels : ndarray of shape (height, width, n_channels), uint8
    """
    if np.ma.is_masked(values):
        if not len(valid_pixels(values)):
            return np.zeros(values.shape, np.uint8)
        if isinstance(intensity_range, str) and intensity_range == "image":
            intensity_range = Intensities.of(values, is_color).percentiles
        shown = to_bytes(values.filled(values.min()), intensity_range, is_color, name)
        shown[values.mask] = 0
        return shown
    values = np.ma.getdata(values)
    if isinstance(intensity_range, str) and intensity_range == "dtype":
        return _by_type(values, name)
    if isinstance(intensity_range, str):
        intensity_range = Intensities.of(values, is_color).percentiles
    low, high = np.asarray(intensity_range, dtype=np.float32).T
    # A constant image has no contrast to show.
    span = np.where(high > low, high - low, 1)
    scaled = (values.astype(np.float32) - low) * (255 / span)
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def _by_type(values, name):
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "f":
        return unit_to_bytes(values, name)
    if values.dtype.itemsize > 4:
        raise ImageReadError(
            f"{name}: pixels of type {values.dtype}. Use uint8 (for values from 0 to 255: "
            "X.astype('uint8')), uint16, or floating-point numbers in [0, 1]."
        )
    if values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise ImageReadError(
            f"{name}: integer pixels outside [0, 65535]. Set intensity_range to 'dataset' or to "
            "(low, high)."
        )
    return (values >> 8).astype(np.uint8)


def unit_to_bytes(values, name):
    """Map floating-point pixels in [0, 1] to [0, 255]."""
    low, high = values.min(initial=0), values.max(initial=0)
    # Written so that NaN fails, too.
    if not (low >= 0 and high <= 1):
        raise ImageReadError(
            f"{name}: floating-point pixels must be in [0, 1], but these range from {low:g} to "
            f"{high:g}. Divide by the largest possible value, pass uint8, or set "
            "intensity_range to 'dataset' or to (low, high)."
        )
    return np.rint(values * 255).astype(np.uint8)
