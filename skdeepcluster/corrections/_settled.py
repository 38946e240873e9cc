"""Images that hold clusters in their places where others are corrected."""

import numpy as np
from sklearn.preprocessing import normalize

# Of each corrected image so many neighbours may follow it.
_N_FOLLOWERS = 5
# Cosine of features from which on images are as good as copies.
_SAME = 0.999


def settled_labels(partition, labels, certain, placed):
    """Find which images stay in their clusters.

    Parameters
    ----------
    partition : Partition
        Before the corrections.
    labels : ndarray of shape (n_samples,), int64
        As corrected; -1 for images that cannot be read.
    certain : ndarray of shape (n_samples,), int64
        The same where the user has said it, and -1 elsewhere.
    placed : list of int
        Positions of other images that were corrected.

    Returns
    -------
    settled : ndarray of shape (n_samples,), int64
        Labels of the more probable half of each cluster, but for images that are most like a
        corrected one; -1 elsewhere.
    """
    rows = unit_rows_of(partition)
    is_open = np.zeros(len(rows), dtype=bool)
    for position in np.union1d(np.flatnonzero(certain >= 0), placed).astype(int):
        cosines = rows @ rows[position]
        is_open[cosines > _SAME] = True
        is_open[np.argsort(-cosines, kind="stable")[: _N_FOLLOWERS + 1]] = True
    settled = np.full(len(labels), -1)
    certainty = np.nan_to_num(partition.probabilities).max(axis=1)
    for label in np.unique(labels[labels >= 0]):
        members = np.flatnonzero(labels == label)
        half = members[np.argsort(-certainty[members], kind="stable")][: len(members) // 2]
        settled[half[~is_open[half]]] = label
    return settled


def unit_rows_of(partition):
    """Give what tells images of one cluster apart, as unit vectors: features, or latents."""
    if partition.reference is None:
        return normalize(np.nan_to_num(partition.latents))
    return normalize(np.nan_to_num(partition.reference.rows.astype(np.float32)))
