"""Resizing and cropping in one step."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


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
    """

    size: int
    crop_fraction: float = 1.0
    interpolation: str = "bicubic"

    @property
    def shortest_side(self):
        """Side in pixels before the crop."""
        return int(np.floor(self.size / self.crop_fraction))

    def __call__(self, image):
        """Resize an RGB Pillow image to an array of shape (size, size, 3), uint8."""
        width, height = image.size
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
        method = Image.Resampling[self.interpolation.upper()]
        return np.asarray(image.resize((self.size, self.size), method, box=box))
