"""Features on their way into the cache, under keys of their images."""

import time

import numpy as np

from ..features import let_go
from ..images import ImageReadError
from ._cache import KEY_BYTES

# Features that are written to the cache together, whichever is reached first: what a kill can
# cost at most.
_PICTURES_PER_CACHE_FILE = 2048
_SECONDS_PER_CACHE_FILE = 30


def image_keys(source, indices):
    """Make cache keys of images, and say which of them could be looked at.

    Parameters
    ----------
    source : ImageSource
    indices : ndarray of shape (n_images,), int

    Returns
    -------
    keys : ndarray of shape (n_images, 16), uint8
    known : ndarray of shape (n_images,), bool
    """
    keys = np.zeros((len(indices), KEY_BYTES), dtype=np.uint8)
    known = np.ones(len(indices), dtype=bool)
    for row, index in enumerate(indices.tolist()):
        try:
            keys[row] = np.frombuffer(source.identity(index), dtype=np.uint8)
        except (ImageReadError, OSError):
            # Reading it will say what is wrong, and whether that may be skipped.
            known[row] = False
    return keys, known


class FeatureSaver:
    """Puts rows of features into a cache, a stretch of work at a time.

    Parameters
    ----------
    cache : FeatureCache
    keys : ndarray of shape (n_images, 16), uint8
    features : ndarray of shape (n_images, n_features)
        Being filled.
    """

    def __init__(self, cache, keys, features):
        self._cache, self._keys, self._features = cache, keys, features
        self._rows: list[int] = []
        self._saved_at = time.monotonic()

    def add(self, rows):
        """Take note of rows that are filled, and save if there is enough to save."""
        self._rows.extend(rows.tolist())
        waited = time.monotonic() - self._saved_at
        if len(self._rows) >= _PICTURES_PER_CACHE_FILE or waited >= _SECONDS_PER_CACHE_FILE:
            self.save()

    def save(self):
        """Save what is filled and not saved yet."""
        self._saved_at = time.monotonic()
        if self._rows:
            rows = np.array(self._rows)
            # What cannot be saved is not tried again.
            self._rows.clear()
            self._cache.put(self._keys[rows], self._features[rows])
            let_go(self._features)
