"""Perceptual hashes of images and of their parts, by which a copy is told from a look-alike."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from scipy.ndimage import laplace

from ..images import ImageSource
from ..progress import progress_bar

# Bits a side of a hash: 8, as is usual, takes many look-alikes for copies.
_HASH_SIDE = 12
# Pixels a side that imagehash shrinks images to.
_HASHED_SIDE = 4 * _HASH_SIDE
# Of the small copy whose parts are hashed, the image squeezed to a square.
_SIDE = 128
# Of the centre by whose details sharpness is judged.
_SHARP_SIDE = 1024
# Parts that a copy may show: these shares of both sides, at the corners, edges and centre.
_SHARES = (0.95, 0.9, 0.85, 0.8)


class ImageHashes(NamedTuple):
    """Hashes of images, eight bits to a byte, and by what they are preferred to their copies.

    ``looks`` is uint8 of shape (n_images, 2, n_bytes), of each image and its mirror image;
    ``parts`` of shape (n_images, n_parts, n_bytes), the image itself the first. ``color`` is the
    mean colour, float64 of shape (n_images, 3), which the hashes leave out. ``n_pixels``, of shape
    (n_images,), is the size, ``sharpness`` the mean absolute Laplacian at the centre, in grey
    levels.
    """

    looks: np.ndarray
    parts: np.ndarray
    color: np.ndarray
    n_pixels: np.ndarray
    sharpness: np.ndarray


def check_imagehash() -> None:
    """Raise an ImportError if imagehash is not installed."""
    try:
        import_module("imagehash")
    except ImportError as error:
        raise ImportError(
            'Copies are verified by imagehash: pip install "skdeepcluster[duplicates]".'
        ) from error


def hash_images(
    source: ImageSource, indices: np.ndarray, n_jobs: int | None = None, verbose: int = 0
) -> ImageHashes:
    """Hash some images, read in threads."""
    from joblib import Parallel, delayed

    read = (delayed(lambda index: _hashed(source.read(index)))(int(index)) for index in indices)
    hashed = Parallel(n_jobs=n_jobs or -1, prefer="threads", return_as="generator")(read)
    found = []
    with progress_bar("hashing", total=len(indices), unit="image", verbose=verbose) as bar:
        for one in hashed:
            found.append(one)
            bar.update()
    return ImageHashes(*map(np.stack, zip(*found, strict=True)))


def _hashed(image):
    image = image.convert("RGB")
    small = image.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    grey = small.convert("L")
    parts = (
        grey.resize((_HASHED_SIDE, _HASHED_SIDE), Image.Resampling.BOX, box=box) for box in _boxes()
    )
    whole = _hash(grey)
    return (
        np.stack([whole, _hash(ImageOps.mirror(grey))]),
        np.stack([whole, *map(_hash, parts)]),
        np.asarray(small).mean(axis=(0, 1)),
        image.width * image.height,
        _sharpness(image),
    )


def _sharpness(image):
    # At the resolution that the image has: what is lost by compression is lost there.
    left, top = (max(side - _SHARP_SIDE, 0) // 2 for side in image.size)
    centre = image.crop((left, top, image.width - left, image.height - top)).convert("L")
    return float(np.abs(laplace(np.asarray(centre, dtype=np.float32))).mean())


def _hash(image):
    from imagehash import phash

    return np.packbits(phash(image, hash_size=_HASH_SIDE).hash)


def _boxes():
    for share in _SHARES:
        rest = (1 - share) * _SIDE
        for left in (0, rest / 2, rest):
            for top in (0, rest / 2, rest):
                yield left, top, left + share * _SIDE, top + share * _SIDE
