"""Thumbnails: small squares of images."""

import io

from PIL import Image

from ._batches import iter_batches
from ._resize import Resizing


def read_thumbnails(source, indices, side, *, on_error="raise"):
    """Read images as small squares in threads.

    Parameters
    ----------
    source : ImageSource
    indices : sequence of int
        Which images to read.
    side : int
        Side of the squares in pixels.
    on_error : {"raise", "skip"}, default="raise"
        With "skip", images that cannot be read are left out.

    Returns
    -------
    thumbnails : dict of int to ndarray of shape (side, side, 3), uint8
        By index, in the order of ``indices``.
    """
    batches = iter_batches(source, Resizing(side), indices=indices, on_error=on_error)
    return {
        int(index): pixels
        for batch in batches
        for index, pixels in zip(batch.indices, batch.pixels, strict=True)
    }


def encode_thumbnail(pixels):
    """Encode pixels of shape (height, width, 3), uint8, as the bytes of a WebP file."""
    file = io.BytesIO()
    # The slower methods take twice the time for files that are 5 % smaller.
    Image.fromarray(pixels).save(file, "WEBP", quality=75, method=2)
    return file.getvalue()
