"""Centres of clusters in the latent space, and their mean features."""

import numpy as np
from scipy import sparse

from ..features import row_chunks, unit_rows

# Cosine above which a sample does not lie apart from a centre: the difference is one of rounding.
_ON_A_CENTER = 1 - 1e-5


def settle_centers(latents, centroids, is_known=None):
    """Fill empty clusters and assign every sample to its nearest centre.

    The centre of an empty cluster moves to the sample that lies worst so far and that is not
    alone in its cluster. A cluster that cannot be filled, since there is no sample that lies
    apart from the centres, is dropped.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, n_components)
    centroids : ndarray of shape (n_clusters, n_components)
    is_known : ndarray of shape (n_samples,), bool, default=None
        Samples to which no centre moves, since it is known where they belong.

    Returns
    -------
    centers : ndarray of shape (n_filled, n_components)
    labels : ndarray of shape (n_samples,), int64
        From 0, each at least once.
    """
    centers = centroids.copy()
    similarities = latents @ centers.T
    labels, nearness = similarities.argmax(axis=1), similarities.max(axis=1)
    for _ in centers:
        sizes = np.bincount(labels, minlength=len(centers))
        if sizes.all():
            break
        empty = sizes.argmin()
        is_free = sizes[labels] > 1
        if is_known is not None:
            is_free &= ~is_known
        worst = np.where(is_free, nearness, np.inf).argmin()
        if nearness[worst] > _ON_A_CENTER:
            break
        centers[empty] = latents[worst]
        similarity = latents @ centers[empty]
        nearer = similarity > nearness
        labels[nearer], nearness[nearer] = empty, similarity[nearer]
    # By the product that predicting takes, so that the labels are the same to the last bit.
    occupied, labels = np.unique((latents @ centers.T).argmax(axis=1), return_inverse=True)
    return centers[occupied], labels.astype(np.int64)


def respecting(supervision, latents, centers, n_wanted):
    """Move samples that lie elsewhere to the centres of the clusters that they must be in.

    Parameters
    ----------
    supervision : Supervision
    latents : ndarray of shape (n_samples, n_components)
    centers : ndarray of shape (n_clusters, n_components)
    n_wanted : int
        How many clusters there ought to be.

    Returns
    -------
    latents : ndarray of shape (n_samples, n_components)
    labels : ndarray of shape (n_samples,), int64
        Those of the nearest centres.

    Raises
    ------
    ValueError
        If a cluster is empty: which one a label means would not be known.
    """
    similarities = latents @ centers.T
    n_found = len(centers)
    if n_found == n_wanted:
        labels = supervision.assigned(similarities)
        n_found = len(np.unique(labels))
    if n_found < n_wanted:
        raise ValueError(
            f"Only {n_found} of n_clusters={n_wanted} clusters could be filled: too few images lie "
            "apart, or what is known of them leaves none. With y, must_link or cannot_link, no "
            "cluster may be empty: set a lower n_clusters."
        )
    lies_elsewhere = labels != similarities.argmax(axis=1)
    return np.where(lies_elsewhere[:, None], centers[labels], latents), labels


def cluster_means(features, labels, n_clusters):
    """Mean features of each cluster at unit length, (n_clusters, n_features)."""
    sums = np.zeros((n_clusters, features.shape[1]), dtype=np.float32)
    for chunk in row_chunks(len(features)):
        members = labels[chunk]
        ones = np.ones(len(members), dtype=np.float32)
        places = (members, np.arange(len(members)))
        sums += sparse.csr_array((ones, places), shape=(n_clusters, len(members))) @ unit_rows(
            features, chunk
        )
    return sums / np.bincount(labels, minlength=n_clusters)[:, None].astype(np.float32)
