"""From an image as its file holds it to 8-bit RGB, by the choices of an ImageReader."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from PIL import Image

from ._errors import ImageReadError
from ._intensity import Intensities, check_values, kind_of, to_bytes
from ._missing import valid_pixels
from ._raw import RawImage, as_pillow, to_rgb
from ._reader import ImageReader, as_pairs, channels_of


def render(reader: ImageReader, image: RawImage, name: str) -> Image.Image:
    """Make an RGB image with 8 bits a channel."""
    is_first = reader.frame is None or reader.frame == 0
    if not image.is_deep and is_first and reader.channels is None and _keeps_bytes(reader):
        return image.rgb(0)
    values = chosen_values(reader, image, name)
    is_color = image.is_color and reader.channels is None
    check_values(values, is_color and not _expects_any(reader, values), name)
    intensity_range = _range_of(reader, values, is_color, name)
    shown = to_bytes(values, intensity_range, is_color, name)
    pixels = as_pillow(255 - shown if image.is_inverted else shown)
    if image.has_alpha and reader.channels is None:
        opacity = np.ma.getdata(_one_frame(reader, image, name)[:, :, -1:])
        opacity = to_bytes(opacity, [(0, image.full_opacity)], False, name)
        pixels.putalpha(as_pillow(opacity))
    return to_rgb(pixels)


def uses_window(reader: ImageReader) -> bool:
    """Whether images that say themselves what is black and white may do so."""
    given = reader.intensity_range
    if isinstance(given, Mapping):
        return "8 bit" not in given
    return isinstance(given, str) and given in ("auto", "dtype")


def chosen_values(reader: ImageReader, image: RawImage, name: str) -> np.ndarray:
    """Choose frame and channels; of shape (height, width, n_channels), without alpha."""
    values = _one_frame(reader, image, name)
    channels = channels_of(reader)
    if channels and max(channels) >= image.n_channels:
        raise ImageReadError(
            f"{name}: there is no channel {max(channels)}: it has {image.n_channels}, counted "
            "from 0. Choose others: reader=ImageReader(channels=...)."
        )
    if channels:
        return values[:, :, list(channels)]
    return values[:, :, :-1] if image.has_alpha else values[:, :, :3]


def _one_frame(reader, image, name):
    if reader.frame is None or isinstance(reader.frame, Integral):
        frame = int(reader.frame or 0)
        n_frames = image.n_frames if frame else 1
        if not -n_frames <= frame < n_frames:
            raise ImageReadError(
                f"{name}: there is no frame {frame}: it has {n_frames}, counted from 0. Choose "
                "another: reader=ImageReader(frame=...)."
            )
        return image.values(frame % n_frames)
    total = image.values(0)
    dtype = total.dtype
    for number in range(1, image.n_frames):
        values = image.values(number)
        if reader.frame == "max":
            # The brightest.
            total = (np.minimum if image.is_inverted else np.maximum)(total, values)
        else:
            total = total.astype(np.float64) + values
    if reader.frame == "mean" and image.n_frames > 1:
        total = total / image.n_frames
        return total.astype(dtype) if dtype.kind == "f" else np.rint(total).astype(dtype)
    return total


def _keeps_bytes(reader):
    given = reader.intensity_range
    if isinstance(given, Mapping):
        return not any(kind.startswith("8 bit") for kind in given)
    return isinstance(given, str) and given in ("auto", "dtype")


def _expects_any(reader, values):
    """Whether a range was asked for, or found, that colours below 0 may have."""
    given = reader.intensity_range
    if isinstance(given, Mapping):
        return given.get(kind_of(values, True), "dtype") != "dtype"
    return not isinstance(given, str) or given in ("dataset", "image")


def _range_of(reader, values, is_color, name):
    given = reader.intensity_range
    if isinstance(given, Mapping):
        # What no image of the fit was like has no range but that of its type, or its own.
        kind = kind_of(values, is_color)
        return given.get(kind) or ("dtype" if kind.startswith("8 bit") else "image")
    if isinstance(given, str):
        if given in ("dtype", "image"):
            return given
        if given == "auto" and kind_of(values, True) == "8 bit":
            return "dtype"
        # Where all is missing, nothing is shown in any range.
        has_pixels = len(valid_pixels(values)) if np.ma.is_masked(values) else True
        return Intensities.of(values, is_color).range(given) if has_pixels else "image"
    pairs = as_pairs(given)
    if len(pairs) not in (1, values.shape[2]):
        raise ImageReadError(
            f"{name}: intensity_range has {len(pairs)} pairs for {values.shape[2]} channels."
        )
    return pairs
