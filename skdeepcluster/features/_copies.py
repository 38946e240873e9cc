"""Rows that are equal to one another, such as those of the same image under several names."""

import hashlib

import numpy as np

from ._rows import row_chunks, stored_rows

_DIGEST_BYTES = 16


def first_copies(features):
    """Find the first of all rows that are equal.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        May be memory-mapped.

    Returns
    -------
    firsts : ndarray of shape (n_samples,), int64
        Position of the first row that is equal to each, its own where none before is.
    """
    # 16 bytes of each stand for a row: there may be more rows than memory has room for.
    digests = np.empty(len(features), dtype=f"V{_DIGEST_BYTES}")
    for chunk in row_chunks(len(features)):
        rows = np.ascontiguousarray(stored_rows(features, chunk))
        digests[chunk] = [
            hashlib.blake2b(row.data, digest_size=_DIGEST_BYTES).digest() for row in rows
        ]
    _, firsts, kinds = np.unique(digests, return_index=True, return_inverse=True)
    return firsts[kinds.ravel()]


def are_copies(features):
    """Whether each row is equal to one before it, bool of shape (n_samples,).

    Where a few images stand for many, copies come last: they show nothing new.
    """
    return first_copies(features) != np.arange(len(features))
