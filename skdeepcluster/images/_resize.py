"""Resizing and cropping in one step."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

# How an image that is not square becomes so.
ASPECTS = ("crop", "pad", "squash")
# The mean of photographs, which networks take for nothing in particular.
_MARGIN = (124, 116, 104)
# Torch resizes bytes by these as Pillow does, with vector instructions: three times as fast, and
# about one value in a hundred or fewer differs, mostly by a grey level. On other processors it is
# slower.
_VECTORIZED = ("bicubic", "bilinear")
_HAS_VECTORS = torch.backends.cpu.get_cpu_capability().startswith("AVX")


@dataclass(frozen=True)
class Resizing:
    """Resize the shortest side, then crop the centre to a square.

    The same as "resize to ``size / crop_fraction``, centre crop to ``size``".

    Parameters
    ----------
    size : int
        Side of the square in pixels.
    crop_fraction : float in (0, 1], default=1.0
        Fraction of the shortest side that is kept.
    interpolation : {"bicubic", "bilinear", "lanczos", "nearest"}, default="bicubic"
    visible_fraction : float in (0, 1], default=1.0
        Share of the square, about its centre, that is sure to be looked at: into it goes an image
        that is kept whole.
    """

    size: int
    crop_fraction: float = 1.0
    interpolation: str = "bicubic"
    visible_fraction: float = 1.0

    @property
    def shortest_side(self):
        """Side in pixels before the crop."""
        return int(np.floor(self.size / self.crop_fraction))

    def __call__(self, image, aspect="crop"):
        """Resize an RGB Pillow image to an array of shape (size, size, 3), uint8.

        With ``aspect`` "pad" or "squash" all of it is kept, whatever ``crop_fraction`` is.
        """
        width, height = image.size
        if aspect != "crop":
            return self._whole(image, aspect)
        # The long side is rounded down, as torchvision and timm do.
        if width <= height:
            scaled = self.shortest_side, int(self.shortest_side * height / width)
        else:
            scaled = int(self.shortest_side * width / height), self.shortest_side
        left = round((scaled[0] - self.size) / 2)
        top = round((scaled[1] - self.size) / 2)
        if self._is_vectorized(image, scaled):
            resized = _reduce(image, scaled, self.interpolation)
            return resized[top : top + self.size, left : left + self.size]
        # Only the pixels that are kept are computed.
        across, down = width / scaled[0], height / scaled[1]
        box = (
            left * across,
            top * down,
            min((left + self.size) * across, width),
            min((top + self.size) * down, height),
        )
        return np.asarray(image.resize((self.size, self.size), self._method, box=box))

    def _whole(self, image, aspect):
        visible = int(self.size * self.visible_fraction)
        width = height = visible
        if aspect == "pad":
            longest = max(image.size)
            width, height = (max(1, round(visible * side / longest)) for side in image.size)
        if self._is_vectorized(image, (width, height)):
            resized = _reduce(image, (width, height), self.interpolation)
        else:
            resized = np.asarray(image.resize((width, height), self._method))
        left, top = (self.size - width) // 2, (self.size - height) // 2
        padded = np.full((self.size, self.size, 3), _MARGIN, dtype=np.uint8)
        padded[top : top + height, left : left + width] = resized
        return padded

    def _is_vectorized(self, image, scaled):
        """Whether torch resizes: images that are made smaller, where it matters."""
        is_smaller = all(new < old for new, old in zip(scaled, image.size, strict=True))
        return _HAS_VECTORS and is_smaller and self.interpolation in _VECTORIZED

    @property
    def _method(self):
        return Image.Resampling[self.interpolation.upper()]


def _reduce(image, scaled, interpolation):
    """Make an RGB Pillow image smaller with torch."""
    # A copy, since torch wants memory that may be written to.
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    width, height = scaled
    resized = functional.interpolate(
        pixels, size=(height, width), mode=interpolation, antialias=True
    )
    return resized[0].permute(1, 2, 0).numpy()
