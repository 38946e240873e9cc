"""Perceptual hashes of images and of their parts, by which a copy is told from a look-alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

# Bits a side of a hash: 8, as is usual, takes many look-alikes for copies.
_HASH_SIDE = 12
# Pixels a side that imagehash shrinks images to.
_HASHED_SIDE = 4 * _HASH_SIDE
# Of the small copy whose parts are hashed, the image squeezed to a square.
_SIDE = 128
# Parts that a copy may show: these shares of both sides, at the corners, edges and centre.
_SHARES = (0.95, 0.9, 0.85, 0.8)
_N_BITS_SET = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
# Pairs that are compared together: 10 MB.
_CHUNK_SIZE = 4096


class ImageHashes(NamedTuple):
    """Hashes of an image, eight bits to a byte, and by what it is preferred to its copies.

    ``looks`` is uint8 of shape (2, n_bytes), of the image and its mirror image; ``parts`` of shape
    (n_parts, n_bytes), the image itself the first. ``n_pixels`` is the size of the image,
    ``sharpness`` the mean difference of neighbouring pixels of its small copy.
    """

    looks: np.ndarray
    parts: np.ndarray
    n_pixels: int
    sharpness: float


def check_imagehash() -> None:
    """Raise an ImportError if imagehash is not installed."""
    try:
        import imagehash  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Copies are verified by imagehash: pip install "skdeepcluster[duplicates]".'
        ) from error


def hashes_of(image: Image.Image) -> ImageHashes:
    """Hash an image, its mirror image and its parts."""
    small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, dtype=np.float32)
    sharpness = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    parts = (
        small.resize((_HASHED_SIDE, _HASHED_SIDE), Image.Resampling.BOX, box=box)
        for box in _boxes()
    )
    whole = _hash(small)
    return ImageHashes(
        np.stack([whole, _hash(ImageOps.mirror(small))]),
        np.stack([whole, *map(_hash, parts)]),
        image.width * image.height,
        float(sharpness),
    )


def _hash(image):
    from imagehash import phash

    return np.packbits(phash(image, hash_size=_HASH_SIDE).hash)


def _boxes():
    for share in _SHARES:
        rest = (1 - share) * _SIDE
        for left in (0, rest / 2, rest):
            for top in (0, rest / 2, rest):
                yield left, top, left + share * _SIDE, top + share * _SIDE


def n_bits_apart(
    looks: np.ndarray, parts: np.ndarray, pairs: np.ndarray, mirrored: bool
) -> np.ndarray:
    """Count the bits in which one image of each pair differs from the other, or a part of it.

    Parameters
    ----------
    looks : ndarray of shape (n_images, 2, n_bytes), uint8
    parts : ndarray of shape (n_images, n_parts, n_bytes), uint8
    pairs : ndarray of shape (n_pairs, 2), int64
    mirrored : bool
        Whether one may also be a mirror image of the other.

    Returns
    -------
    bits : ndarray of shape (n_pairs,), int64
        The fewest of all comparisons.
    """
    looks = looks[:, : 1 + mirrored]
    bits = np.empty(len(pairs), dtype=np.int64)
    for start in range(0, len(pairs), _CHUNK_SIZE):
        rows = slice(start, start + _CHUNK_SIZE)
        one, other = pairs[rows].T
        bits[rows] = np.minimum(
            _fewest(looks[one], parts[other]),
            _fewest(looks[other], parts[one]),
        )
    return bits


def _fewest(looks, parts):
    counts = [
        _N_BITS_SET[look[:, None] ^ parts].sum(axis=2).min(axis=1) for look in looks.swapaxes(0, 1)
    ]
    return np.min(counts, axis=0)
