"""Assignments that training starts from."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize

from ._criterion import neighborhood_modularity

_N_RUNS = 20
_N_PRINCIPAL_COMPONENTS = 100


def kmeans_start(features, n_clusters, neighbors, random_state):
    """Cluster features by k-means, many times, and keep the run that neighbours agree with.

    K-means on features of pictures has many optima of nearly the same inertia. The run with
    the highest neighbourhood modularity is kept: over six sets of pictures it picked a better
    or an equal run more often than the lowest inertia did (``docs/method.md``).

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32
    n_clusters : int
    neighbors : ndarray of shape (n_samples, n_neighbors), int
    random_state : RandomState instance

    Returns
    -------
    labels : ndarray of shape (n_samples,), int64
    """
    reduced = normalize(features)
    # The leading components hold nearly all of the distances at a tenth of the cost.
    if min(reduced.shape) > _N_PRINCIPAL_COMPONENTS:
        reduced = PCA(
            _N_PRINCIPAL_COMPONENTS, svd_solver="randomized", random_state=random_state
        ).fit_transform(reduced)
    seeds = random_state.randint(np.iinfo(np.int32).max, size=_N_RUNS)
    best_score, best_labels = -np.inf, np.zeros(len(features), dtype=np.int64)
    with warnings.catch_warnings():
        # Fewer distinct samples than clusters: said once, of the final result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in seeds:
            labels = KMeans(n_clusters, n_init=1, random_state=seed).fit_predict(reduced)
            score = neighborhood_modularity(labels, neighbors)
            if score > best_score:
                best_score, best_labels = score, labels
    return best_labels.astype(np.int64)


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
