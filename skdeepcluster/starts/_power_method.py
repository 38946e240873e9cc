"""The start in hundreds of clusters and more: cuts of one graph, or k-means."""

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_range_finder

from ..features import stored_rows
from ..neighbors import nearest_neighbors, neighborhood_information, shared_neighbor_graph
from ..processor import linear_algebra_in_one_thread
from ._kmeans import LANDMARKS_PER_CLUSTER, Centers, draw_seeds, kmeans_start
from ._landmarks import draw_landmarks, vote_of_landmarks
from ._merits import mean_over_views
from ._spectral import normalized
from ._views import feature_views

# Random vectors, unless there are fewer clusters, and how often they are multiplied by the graph
# and its transpose: with more of either little was gained (benchmarks/many_clusters.py).
_N_VECTORS = 256
_N_POWERS = 5
_N_CUTS = 3


def power_method_start(features, n_clusters, neighbors, random_state):
    """Cluster features by spectral cuts or k-means, whichever neighbours know more of.

    The graph is that of :func:`consensus_start`, the mean of three views. A cut is k-means on the
    space that random vectors span when they have been multiplied by the graph again and again:
    the parts of its eigenvectors for small eigenvalues are gone then, and those of hundreds of
    leading ones are mixed, in a fraction of the time that it takes to tell them apart. Of three
    cuts, and of :func:`kmeans_start`, the result is taken that has the highest neighbourhood
    information, on average over the graphs of the views.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        Of more than 20,000 samples so many, or 60 a cluster if those are more, are clustered,
        and each sample is labelled like most of its nearest of them.
    n_clusters : int
    neighbors : ndarray of shape (n_samples, n_neighbors), int
    random_state : RandomState instance

    Returns
    -------
    labels : ndarray of shape (n_samples,), int64

    References
    ----------
    C. Boutsidis, P. Kambadur, A. Gittens, "Spectral Clustering via the Power Method -
    Provably", ICML 2015.
    """
    landmarks = draw_landmarks(len(features), random_state, LANDMARKS_PER_CLUSTER * n_clusters)
    if landmarks is not None and len(landmarks) < len(features):
        rows = stored_rows(features, landmarks)
        among_them = nearest_neighbors(rows, neighbors.shape[1])
        labels = power_method_start(rows, n_clusters, among_them, random_state)
        return vote_of_landmarks(features, landmarks, labels[None])[0].astype(np.int64)
    views = feature_views(features, random_state)
    others = (nearest_neighbors(view, neighbors.shape[1]) for view in views)
    neighbors_of_views = [neighbors, *others]
    found = [
        kmeans_start(features, n_clusters, neighbors, random_state),
        *power_method_cuts(neighbors_of_views, n_clusters, random_state),
    ]

    def information(labels, neighbors):
        return neighborhood_information(labels, neighbors, n_clusters)

    return found[mean_over_views(information, found, neighbors_of_views).argmax()]


def power_method_cuts(neighbors_of_views, n_clusters, random_state):
    """Partitions by k-means on what the power method leaves of random vectors."""
    graphs = [shared_neighbor_graph(neighbors) for neighbors in neighbors_of_views]
    mean = sum(graphs) / len(graphs)
    with linear_algebra_in_one_thread():
        basis = randomized_range_finder(
            sparse.csr_array(normalized(mean)),
            size=min(_N_VECTORS, n_clusters),
            n_iter=_N_POWERS,
            # No product can grow: the largest eigenvalue is one.
            power_iteration_normalizer="none",
            random_state=random_state,
        )
    rows = normalize(basis)
    seeds = draw_seeds(random_state, _N_CUTS)
    return [Centers.of(rows, n_clusters, seed).nearest(rows) for seed in seeds]
