"""Resizing and cropping in one step."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

# How an image that is not square becomes so.
ASPECTS = ("crop", "pad", "squash")
# The mean of photographs, which networks take for nothing in particular.
_MARGIN = (124, 116, 104)


@dataclass(frozen=True)
class Resizing:
    """Resize the shortest side, then crop the centre to a square.

    The same as "resize to ``size / crop_fraction``, centre crop to ``size``", but in one step:
    only the pixels that are kept are computed.

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
        padded = Image.new("RGB", (self.size, self.size), _MARGIN)
        corner = ((self.size - width) // 2, (self.size - height) // 2)
        padded.paste(image.resize((width, height), self._method), corner)
        return np.asarray(padded)

    @property
    def _method(self):
        return Image.Resampling[self.interpolation.upper()]
