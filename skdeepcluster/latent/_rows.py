"""Rows of features that may be larger than memory, or stored in half precision."""

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils import gen_batches

# Rows that are computed with together: 84 MB of float32 at 1280 features.
CHUNK_SIZE = 16_384


def float_rows(features, rows):
    """Take some rows, a slice or indices, as float32."""
    return np.asarray(features[rows], dtype=np.float32)


def unit_rows(features, rows):
    """Take some rows as float32, scaled to unit length."""
    return normalize(float_rows(features, rows))


def row_chunks(n_samples):
    """Slices that together cover all rows."""
    return gen_batches(n_samples, CHUNK_SIZE)


def random_rows(n_samples, size):
    """Draw row numbers, all of them if there are no more; the same for the same numbers.

    For what hardly depends on which rows are drawn, such as means.
    """
    if n_samples <= size:
        return np.arange(n_samples)
    return np.sort(np.random.default_rng(0).choice(n_samples, size, replace=False))
