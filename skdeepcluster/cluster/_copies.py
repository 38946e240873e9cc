"""Copies of an image count once: they are no more evidence than the image itself."""

import numpy as np

from ..features import copied_rows, first_copies, unit_rows, without_gaps
from ..neighbors import nearest_of_few

# An image lies apart from the others if it is so many times as far from its nearest neighbour,
# by cosine distance, as that one is from the last of its own neighbours.
_APART = 2


def without_copies(features, readable, n_clusters, n_neighbors, *, is_ours):
    """Leave out rows of features that are equal to others.

    All neighbours of an image that has many copies would be copies, which say nothing of where it
    belongs. Only where it belongs to no other image, as a blank frame does, they are a cluster: of
    a row that lies apart as many copies are kept as make one of mean size.

    Parameters
    ----------
    features : ndarray of shape (n_readable, n_features), float32 or float16
    readable : ndarray of shape (n_samples,), bool
        Which samples the features are of.
    n_clusters : int or "auto"
        If there are not as many distinct rows, all are kept.
    n_neighbors : int
    is_ours : bool
        Whether the features may be overwritten.

    Returns
    -------
    features : ndarray of shape (n_kept, n_features)
    kept : ndarray of shape (n_samples,), bool
        Which samples they are of.
    firsts : ndarray of shape (n_samples,), int64, or None
        Which of those each sample is equal to, or its own position; None if all are kept.
    """
    firsts = first_copies(features)
    distinct = np.flatnonzero(firsts == np.arange(len(features)))
    least = 2 if n_clusters == "auto" else max(n_clusters, 2)
    if len(distinct) == len(features) or len(distinct) < least:
        return features, readable, None
    samples, of_samples = np.flatnonzero(readable), np.arange(len(readable))
    of_samples[samples] = samples[firsts]
    is_kept = firsts == np.arange(len(features))
    n_kept_copies = n_neighbors + 1
    if n_clusters != "auto":
        n_kept_copies = max(n_kept_copies, len(distinct) // n_clusters)
    for row in _apart(features, distinct, np.bincount(firsts)[distinct], n_neighbors):
        is_kept[np.flatnonzero(firsts == row)[:n_kept_copies]] = True
    kept = np.zeros_like(readable)
    kept[samples[is_kept]] = True
    if is_ours:
        return without_gaps(features, is_kept), kept, of_samples
    return copied_rows(features, np.flatnonzero(is_kept)), kept, of_samples


def _apart(features, distinct, n_copies, n_neighbors):
    """Rows with more copies than neighbours that no other row is near to."""
    many = distinct[n_copies > n_neighbors]
    if not len(many):
        return many
    nearest = nearest_of_few(features, distinct, many, 1)[:, 0]
    last = nearest_of_few(features, distinct, nearest, n_neighbors)[:, -1]
    own = _distances(features, many, nearest)
    return many[own > _APART * _distances(features, nearest, last)]


def _distances(features, one, other):
    """Cosine distance of each of some rows to another one."""
    return 1 - np.einsum("nd,nd->n", unit_rows(features, one), unit_rows(features, other))
