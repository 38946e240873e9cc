"""The default start: many partitions by graphs of neighbours, one consensus."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from ..features import stored_rows
from ..neighbors import Forces, embed_graph, nearest_neighbors, shared_neighbor_graph
from ..processor import linear_algebra_in_one_thread, threads_worth_clusters
from ._kmeans import draw_seeds, k_means
from ._landmarks import draw_landmarks, vote_of_landmarks
from ._merits import merits
from ._spectral import leading_eigenvectors, spectral_cuts
from ._views import feature_views

# Clusters; eigenvectors and k-means on them take more time than in proportion to their number
# (benchmarks/many_clusters.py).
CONSENSUS_LIMIT = 500
# Each of a quarter of the partitions, drawn at random: few enough to differ.
_N_CONSENSUSES = 80
_SHARE_OF_VOTERS = 4
_N_KMEANS_RUNS = 10
_N_MIXTURES = 2
# Fewer samples have no manifold to speak of.
_LEAST_FOR_MANIFOLD = 500
# Of the embedding in which they vote. K-means clusters in it are nearly as accurate as in UMAP's
# layout (0.712 and 0.716, mean of ten data sets and few seeds).
_N_DIMENSIONS = 10
_FORCES = Forces(a=1.5, b=1, repulsion=1)
_N_STEPS = 1000
# Eigenvectors that a cut into k clusters is made from, in units of k. No single number is
# best: more of them see small clusters, fewer of them are less noisy.
_WIDTHS = (1.0, 1.3, 1.6)


def consensus_start(features, n_clusters, neighbors, random_state, uneven=False):
    """Cluster features by the consensus of many partitions.

    Three views of the features (as they are, their leading principal components, those half
    whitened) give a graph of shared neighbours each, and the mean of the three is a fourth.
    Spectral cuts of the four, several a graph, and k-means and Gaussian mixtures in an
    embedding of the mean graph vote: k-means on the memberships is the consensus. Cuts and
    embedding err differently, so that many of them together are better than the best of them
    by any criterion that was tried (``docs/method.md``). Random quarters of them vote; of
    the eighty results the one is taken that neighbours and a linear classifier know most
    about, or, if sizes differ, that has the highest modularity (:func:`merits`). Of more than
    20,000 samples so many landmarks are clustered, and each sample is labelled like most of
    its nearest landmarks. It is not made for more than ``CONSENSUS_LIMIT``.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
    n_clusters : int
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        Of the features.
    random_state : RandomState instance
    uneven : bool, default=False
        Choose by the neighbours alone, and as if every evenness of the sizes were as likely.

    Returns
    -------
    labels : ndarray of shape (n_samples,), int64
        From 0; fewer than ``n_clusters`` if samples are alike.
    partitions : ndarray of shape (n_partitions, n_samples), int
        All that were made: where they differ, the labels are uncertain.

    References
    ----------
    A. Strehl, J. Ghosh, "Cluster Ensembles", JMLR 3 (2002), for the consensus; R. Jarvis,
    E. Patrick, "Clustering Using a Similarity Measure Based on Shared Near Neighbors", IEEE
    Trans. Computers C-22 (1973), for the graph; A. Ng, M. Jordan, Y. Weiss, "On Spectral
    Clustering", NIPS 2001, for the cuts; R. McConville et al., "N2D: (Not Too) Deep Clustering
    via Clustering the Local Manifold of an Autoencoded Embedding", ICPR 2020, for mixtures in
    an embedding of neighbours.
    """
    n_samples = len(features)
    if n_clusters == 1 or n_samples <= 2:
        labels = np.arange(n_samples) % n_clusters
        return labels, labels[None]
    landmarks = draw_landmarks(n_samples, random_state)
    if landmarks is not None:
        rows = stored_rows(features, landmarks)
        among = nearest_neighbors(rows, neighbors.shape[1])
        with threads_worth_clusters(len(rows), n_clusters):
            labels, partitions = consensus_start(rows, n_clusters, among, random_state, uneven)
        voted = vote_of_landmarks(features, landmarks, np.stack([labels, *partitions]))
        return voted[0].astype(np.int64), voted[1:]
    views = feature_views(features, random_state)
    others = (nearest_neighbors(view, neighbors.shape[1]) for view in views)
    neighbors_of_views = [neighbors, *others]
    with linear_algebra_in_one_thread():
        partitions = np.stack(candidates(neighbors_of_views, n_clusters, random_state))
        found = consensuses(partitions, n_clusters, random_state)
        best = merits(found, views[0], neighbors_of_views, n_clusters, uneven).argmax()
    return found[best], partitions


def consensuses(partitions, n_clusters, random_state):
    """Consensus of a quarter of the partitions, drawn at random, many times."""
    n_voters = -(-len(partitions) // _SHARE_OF_VOTERS)
    draws = [random_state.permutation(len(partitions))[:n_voters] for _ in range(_N_CONSENSUSES)]
    return [vote(partitions[draw], n_clusters, random_state) for draw in draws]


def vote(partitions, n_clusters, random_state, n_init=1):
    """Consensus of partitions: k-means on which parts the samples belong to."""
    # Samples that are everywhere in the same parts are one, with their number for a weight.
    firsts, kind_of, sizes = _kinds(partitions)
    if len(firsts) <= n_clusters:
        return kind_of
    columns = partitions.T[firsts] + n_clusters * np.arange(len(partitions))
    # A row has as many ones as there are partitions: for many clusters far fewer than columns.
    starts = np.arange(0, columns.size + 1, len(partitions), dtype=np.int32)
    # In double precision: k-means would convert single ones part by part, again and again.
    ones = np.ones(columns.size)
    shape = (len(firsts), n_clusters * len(partitions))
    votes = sparse.csr_array((ones, columns.ravel().astype(np.int32), starts), shape=shape)
    return k_means(votes, n_clusters, draw_seeds(random_state), n_init, sizes)[kind_of]


def _kinds(partitions):
    """Find samples that are everywhere in the same parts.

    Returns
    -------
    firsts : ndarray of shape (n_kinds,), int64
        A sample of each kind.
    kind_of : ndarray of shape (n_samples,), int64
    sizes : ndarray of shape (n_kinds,), int64
    """
    together, n_kinds = np.zeros(partitions.shape[1], dtype=np.int64), 1
    for labels in partitions:
        n_parts = int(labels.max()) + 1
        if n_kinds * n_parts > np.iinfo(np.int64).max:
            # Those that occur are numbered anew. NumPy's unique of rows is many times slower.
            kinds, together = np.unique(together, return_inverse=True)
            n_kinds = len(kinds)
        together = together * n_parts + labels
        n_kinds *= n_parts
    _, firsts, kind_of, sizes = np.unique(
        together, return_index=True, return_inverse=True, return_counts=True
    )
    return firsts, kind_of, sizes


def candidates(neighbors_of_views, n_clusters, random_state):
    """Partitions by cutting each graph and the mean of all, and by the latter's embedding."""
    weights = [shared_neighbor_graph(neighbors) for neighbors in neighbors_of_views]
    mean = sum(weights[1:], weights[0]) / len(weights)
    wanted = [n_clusters - 1, n_clusters + 1, *(round(width * n_clusters) for width in _WIDTHS)]
    n_samples = len(neighbors_of_views[0])
    widths = sorted({min(max(width, 2), n_samples) for width in wanted})
    partitions = []
    for view in weights:
        vectors = leading_eigenvectors(view, widths[-1], random_state)
        partitions += spectral_cuts(vectors, widths, n_clusters, random_state)
    n_vectors = min(max(widths[-1], _N_DIMENSIONS + 1), n_samples)
    vectors = leading_eigenvectors(mean, n_vectors, random_state)
    partitions += spectral_cuts(vectors, widths, n_clusters, random_state)
    if n_samples >= _LEAST_FOR_MANIFOLD:
        # The first vector is constant.
        first = vectors[:, 1 : _N_DIMENSIONS + 1]
        embedding = embed_graph(mean, first, _FORCES, _N_STEPS, random_state)
        partitions += [
            k_means(embedding, n_clusters, draw_seeds(random_state)) for _ in range(_N_KMEANS_RUNS)
        ]
        partitions += [mixture(embedding, n_clusters, random_state) for _ in range(_N_MIXTURES)]
    return partitions


def mixture(rows, n_clusters, random_state):
    """Labels by a Gaussian mixture, whose clusters may differ in size and in shape."""
    with warnings.catch_warnings():
        # A fit that is not quite at its optimum is a candidate like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        seed = draw_seeds(random_state)
        model = GaussianMixture(n_clusters, tol=1e-2, reg_covar=1e-4, random_state=seed)
        return model.fit_predict(rows.astype(np.float64)).astype(np.int64)
