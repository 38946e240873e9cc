"""How far the partitions that a start is a consensus of agree with the clusters that were found."""

import numpy as np


def stability_of_images(partitions, labels, n_clusters):
    """Count for each image the partitions that agree with its label.

    A part of a partition stands for the cluster that it has most images in common with.

    Parameters
    ----------
    partitions : ndarray of shape (n_partitions, n_samples), int
        -1 for an image of no part.
    labels : ndarray of shape (n_samples,), int64
        -1 for an image of no cluster, which is in no part either.
    n_clusters : int

    Returns
    -------
    stability : ndarray of shape (n_samples,), float32
        Share of the partitions, from 0 to 1; NaN for an image of no cluster, or of no part.
    """
    rows = np.flatnonzero((labels >= 0) & (partitions[0] >= 0))
    n_agreeing = np.zeros(len(rows))
    for parts in partitions:
        stands_for = _shared(parts[rows], labels[rows], n_clusters).argmax(axis=0)
        n_agreeing += stands_for[parts[rows]] == labels[rows]
    stability = np.full(len(labels), np.nan, dtype=np.float32)
    stability[rows] = n_agreeing / len(partitions)
    return stability


def stability_of_groups(partitions, labels, members):
    """Measure how far groups of clusters are what parts of the partitions are, taken together.

    Parameters
    ----------
    partitions : ndarray of shape (n_partitions, n_samples), int
    labels : ndarray of shape (n_samples,), int64
        -1 for an image of no cluster.
    members : ndarray of shape (n_groups, n_clusters), bool
        Which clusters are in each group.

    Returns
    -------
    stability : ndarray of shape (n_groups,), float64
        Jaccard index, from 0 to 1, of the group and all parts that lie mostly in it, mean over the
        partitions; NaN for a group of which no image is in any part.

    References
    ----------
    C. Hennig, "Cluster-wise assessment of cluster stability", Computational Statistics & Data
    Analysis 52 (2007).
    """
    rows = np.flatnonzero((labels >= 0) & (partitions[0] >= 0))
    members = members.astype(np.float64)
    sizes = members @ np.bincount(labels[rows], minlength=members.shape[1])
    stability = np.zeros(len(members))
    for parts in partitions:
        shared = _shared(parts[rows], labels[rows], members.shape[1])
        in_group, of_part = members @ shared, shared.sum(axis=0)
        is_inside = 2 * in_group > of_part
        n_both = (in_group * is_inside).sum(axis=1)
        stability += n_both / np.maximum(sizes + is_inside @ of_part - n_both, 1)
    return np.where(sizes > 0, stability / len(partitions), np.nan)


def means_of_known(values, labels, n_clusters):
    """Mean of a quantity over the images of each cluster of which it is known.

    Parameters
    ----------
    values : ndarray of shape (n_samples,), float
        NaN where it is not known.
    labels : ndarray of shape (n_samples,), int64
        -1 for an image of no cluster.
    n_clusters : int

    Returns
    -------
    means : ndarray of shape (n_clusters,), float64
        NaN for a cluster of which it is known of no image.
    """
    is_known = (labels >= 0) & ~np.isnan(values)
    counts = np.bincount(labels[is_known], minlength=n_clusters)
    sums = np.bincount(labels[is_known], values[is_known], minlength=n_clusters)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _shared(parts, labels, n_clusters):
    """Images that each cluster has in common with each part, (n_clusters, n_parts)."""
    n_parts = int(parts.max()) + 1
    counts = np.bincount(labels * n_parts + parts, minlength=n_clusters * n_parts)
    # As numbers whose matrices are multiplied fast.
    return counts.reshape(n_clusters, n_parts).astype(np.float64)
