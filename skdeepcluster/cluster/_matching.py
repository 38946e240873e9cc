"""Clusters, numbered like others of the same images."""

import numpy as np
from scipy.optimize import linear_sum_assignment


def matched_labels(labels, given, n_clusters):
    """Find new labels of clusters, by which most images keep the labels that they are given.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Of the clusters; -1 for images of none.
    given : array-like of shape (n_given,), int
        Of the first images; -1 for those that have none.
    n_clusters : int

    Returns
    -------
    new_labels : ndarray of shape (n_clusters,), int64
        From 0 without a gap.
    origins : ndarray of shape (n_clusters,), int64
        The given label that each cluster has most images in common with, -1 if there is none; it
        is the new one, too, where it is below the number of clusters.

    Raises
    ------
    ValueError
        If ``given`` is no list of labels, or longer than ``labels``.
    """
    given = np.asarray(given)
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer) or (given < -1).any():
        raise ValueError("labels are integers from -1, one an image.")
    if len(given) > len(labels):
        raise ValueError(f"There are {len(given)} labels, and {len(labels)} images.")
    labels = labels[: len(given)]
    n_given = int(given.max(initial=-1)) + 1
    shared = np.zeros((n_clusters, n_given), dtype=np.int64)
    both = (labels >= 0) & (given >= 0)
    np.add.at(shared, (labels[both], given[both]), 1)
    origins = np.full(n_clusters, -1)
    clusters, matched = linear_sum_assignment(-shared)
    is_same = shared[clusters, matched] > 0
    origins[clusters[is_same]] = matched[is_same]
    new_labels = np.where(origins < n_clusters, origins, -1)
    free = np.setdiff1d(np.arange(n_clusters), new_labels)
    new_labels[new_labels < 0] = free
    return new_labels, origins
