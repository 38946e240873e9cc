"""Clusters that have become empty in training are filled again."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning


def split_into_empty(labels, features, spread, n_clusters, random_state):
    """Give every empty cluster a half of the most spread-out one.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
    features : ndarray of shape (n_samples, n_features)
        Where the halves are found, by k-means.
    spread : ndarray of shape (n_samples,)
        Distance of each sample to the centre of its cluster.
    n_clusters : int
    random_state : RandomState instance

    Returns
    -------
    labels : ndarray of shape (n_samples,), int64
        The same where no cluster was empty.
    """
    labels = labels.astype(np.int64)
    for empty in np.flatnonzero(np.bincount(labels, minlength=n_clusters) == 0):
        sizes = np.bincount(labels, minlength=n_clusters)
        total_spread = np.bincount(labels, weights=spread, minlength=n_clusters)
        widest = np.where(sizes > 1, total_spread, -np.inf).argmax()
        members = np.flatnonzero(labels == widest)
        if len(members) < 2:
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            halves = KMeans(2, n_init=1, random_state=random_state).fit_predict(features[members])
        labels[members[halves == 1]] = empty
    return labels


def revive(trainer, latents, labels, spread, emphasis, random_state):
    """Move half of the widest cluster to the centroid of each empty one.

    Parameters
    ----------
    trainer : LatentTrainer
        Moves the samples.
    latents : ndarray of shape (n_samples, n_components)
    labels : ndarray of shape (n_samples,), int
    spread : ndarray of shape (n_samples,)
        Distance of each latent to its centroid.
    emphasis : float
        See :meth:`LatentTrainer.move`.
    random_state : RandomState instance
    """
    revived = split_into_empty(labels, latents, spread, len(trainer.centroids), random_state)
    moved = revived != labels
    if moved.any():
        trainer.move(revived, moved, emphasis)
