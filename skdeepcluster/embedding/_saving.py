"""Writing features to the cache while they are computed."""

import time

import numpy as np

from ..features import let_go
from ..images import ImageReadError
from ._cache import KEY_BYTES

# Features are written to the cache when either is reached, which is the most that a killed run
# can lose.
_IMAGES_PER_CACHE_FILE = 2048
_SECONDS_PER_CACHE_FILE = 30


def image_keys(source, indices):
    """Make the cache keys of images, and say which images have one.

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
            keys[row] = np.frombuffer(source.key(index), dtype=np.uint8)
        except (ImageReadError, OSError):
            # Reading the image will raise or skip it, as the user wants.
            known[row] = False
    return keys, known


class FeatureSaver:
    """Writes rows of features to a cache, many at a time.

    Parameters
    ----------
    cache : FeatureCache
    keys : ndarray of shape (n_images, 16), uint8
    features : ndarray of shape (n_images, n_features)
        Filled in by the caller.
    """

    def __init__(self, cache, keys, features):
        self._cache, self._keys, self._features = cache, keys, features
        self._rows: list[int] = []
        self._saved_at = time.monotonic()

    def add(self, rows):
        """Register rows that are filled in, and save if there are enough of them."""
        self._rows.extend(rows.tolist())
        waited = time.monotonic() - self._saved_at
        if len(self._rows) >= _IMAGES_PER_CACHE_FILE or waited >= _SECONDS_PER_CACHE_FILE:
            self.save()

    def save(self):
        """Save the rows that are filled in and not saved yet."""
        self._saved_at = time.monotonic()
        if self._rows:
            rows = np.array(self._rows)
            # Cleared before: rows that cannot be saved are not tried again.
            self._rows.clear()
            self._cache.put(self._keys[rows], self._features[rows])
            let_go(self._features)
