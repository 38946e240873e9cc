"""From latents to labels, and what they say of the pictures."""

import numpy as np
from scipy import sparse


def settle_centers(latents, centroids):
    """Fill empty clusters and assign every sample to its nearest centre.

    The centre of an empty cluster moves to the sample that lies worst so far. A cluster that
    cannot be filled, since samples are alike, is dropped.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, n_components)
    centroids : ndarray of shape (n_clusters, n_components)

    Returns
    -------
    centers : ndarray of shape (n_filled, n_components)
    labels : ndarray of shape (n_samples,), int64
        From 0, each at least once.
    """
    centers = centroids.copy()
    similarities = latents @ centers.T
    for empty in np.setdiff1d(np.arange(len(centers)), similarities.argmax(axis=1)):
        centers[empty] = latents[similarities.max(axis=1).argmin()]
        similarities[:, empty] = latents @ centers[empty]
    occupied = np.unique(similarities.argmax(axis=1))
    labels = similarities[:, occupied].argmax(axis=1)
    return centers[occupied], labels.astype(np.int64)


def with_gaps(values, readable, filler):
    """Spread rows over the readable positions; the others hold the filler."""
    if readable.all():
        return values
    spread = np.full((len(readable), *values.shape[1:]), filler, dtype=values.dtype)
    spread[readable] = values
    return spread


def cluster_means(unit, labels, n_clusters):
    """Mean features of each cluster, (n_clusters, n_features)."""
    rows = np.arange(len(labels))
    members = sparse.csr_array(
        (np.ones(len(labels), dtype=np.float32), (labels, rows)), shape=(n_clusters, len(labels))
    )
    return (members @ unit) / np.bincount(labels, minlength=n_clusters)[:, None].astype(np.float32)


def remoteness(unit, graph):
    """Distance of each sample to its last neighbour, averaged with that of its nearest five.

    The average lifts strangers that lie together; 0 for a sample without neighbours.
    """
    if not graph.shape[1]:
        return np.zeros(len(unit), dtype=np.float32)
    distances = 1 - np.einsum("nd,nd->n", unit, unit[graph[:, -1]])
    return (distances + distances[graph[:, :5]].mean(axis=1)) / 2
