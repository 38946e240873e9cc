"""The default start: many partitions by graphs of neighbours, one consensus."""

import warnings
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import normalize

from ..features import stored_rows, unit_rows
from ..neighbors import (
    evenness,
    nearest_neighbors,
    neighborhood_information,
    neighborhood_modularity,
)
from ._kmeans import MANY_CLUSTERS
from ._landmarks import draw_landmarks, vote_of_landmarks
from ._manifold import N_DIMENSIONS, manifold_embedding
from ._probe import linear_information

# Clusters; eigenvectors and k-means on them take more time than in proportion to their number
# (benchmarks/many_clusters.py).
CONSENSUS_LIMIT = 500
# Each of a quarter of the partitions, drawn at random: few enough to differ.
_N_CONSENSUSES = 80
_SHARE_OF_VOTERS = 4
# Mean evenness of their sizes below which classes are taken to be uneven themselves.
_LEAST_EVENNESS = 0.96
_N_KMEANS_RUNS = 10
_N_MIXTURES = 2
# One with more than MANY_CLUSTERS, which does as well.
_N_INIT = 2
_N_CENTERED = 100
_N_WHITENED = 200
# Fewer samples have no manifold worth the seconds that loading UMAP takes.
_LEAST_FOR_MANIFOLD = 500
# Up to so many samples all eigenvectors are found at once, in a fraction of a second.
_DENSE_LIMIT = 1000
# Eigenvectors that a cut into k clusters is made from, in units of k. No single number is
# best: more of them see small clusters, fewer of them are less noisy.
_WIDTHS = (1.0, 1.3, 1.6)


def consensus_start(features, n_clusters, n_neighbors, random_state, uneven=False):
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
    n_neighbors : int
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
        labels, partitions = consensus_start(
            stored_rows(features, landmarks), n_clusters, n_neighbors, random_state, uneven
        )
        voted = vote_of_landmarks(features, landmarks, np.stack([labels, *partitions]))
        return voted[0].astype(np.int64), voted[1:]
    views = feature_views(features, random_state)
    graphs = [nearest_neighbors(view, n_neighbors) for view in views]
    partitions = np.stack(candidates(graphs, n_clusters, random_state))
    found = consensuses(partitions, n_clusters, random_state)
    best = merits(found, views, graphs, n_clusters, uneven).argmax()
    return found[best], partitions


def merits(partitions, views, graphs, n_clusters, uneven=False):
    """Rate partitions without labels, by a rule that depends on how uneven their sizes are.

    Mutual information, of a cluster and what neighbours or a linear classifier know of it, is
    more the more even the sizes are. Divided by the evenness it has no preference for equal
    sizes (``uneven``, where the neighbours alone are asked); by the cube root of it, some. That
    is the rule where the partitions are even on average: what neighbours know, and half as
    much what the classifier knows of samples that it has not seen, each standardised. Where
    they are not, classes will probably not be, either, and modularity chooses, which keeps
    large ones whole. (It is no rule for many even clusters, of which it throws some together.)
    """
    evennesses = np.maximum([evenness(labels) for labels in partitions], 1e-12)
    if not uneven and evennesses.mean() < _LEAST_EVENNESS:
        return mean_over_graphs(neighborhood_modularity, partitions, graphs)
    information = partial(neighborhood_information, n_clusters=n_clusters)
    of_neighbors = mean_over_graphs(information, partitions, graphs)
    if uneven:
        return of_neighbors / evennesses
    of_classifier = linear_information(views[1], partitions, n_clusters)
    of_neighbors, of_classifier = (
        standardized(known / np.cbrt(evennesses)) for known in (of_neighbors, of_classifier)
    )
    return of_neighbors + of_classifier / 2


def mean_over_graphs(criterion, partitions, graphs):
    """Mean of a criterion over graphs of neighbours, for each partition."""
    return np.array([np.mean([criterion(p, graph) for graph in graphs]) for p in partitions])


def standardized(merits):
    """Bring merits to mean 0 and standard deviation 1, or to 0 where they do not differ."""
    return (merits - merits.mean()) / max(merits.std(), 1e-12)


def feature_views(features, random_state):
    """Give the unit rows, their first hundred principal components, and half whitened ones."""
    unit = unit_rows(features, slice(None))
    components = principal_components(unit, random_state)
    return [unit, components[:, :_N_CENTERED], half_whitened(components)]


def consensuses(partitions, n_clusters, random_state):
    """Consensus of a quarter of the partitions, drawn at random, many times."""
    n_voters = -(-len(partitions) // _SHARE_OF_VOTERS)
    draws = [random_state.permutation(len(partitions))[:n_voters] for _ in range(_N_CONSENSUSES)]
    return [vote(partitions[draw], n_clusters, 1, random_state) for draw in draws]


def vote(partitions, n_clusters, n_init, random_state):
    """Consensus of partitions: k-means on which parts the samples belong to."""
    # Samples that are everywhere in the same parts are one, with their number for a weight.
    kinds, kind_of, sizes = np.unique(partitions.T, axis=0, return_inverse=True, return_counts=True)
    kind_of = kind_of.ravel()  # NumPy 2.0 gives it a second axis.
    if len(kinds) <= n_clusters:
        return kind_of
    columns = kinds + n_clusters * np.arange(len(partitions))
    # A row has as many ones as there are partitions: for many clusters far fewer than columns.
    starts = np.arange(0, columns.size + 1, len(partitions), dtype=np.int32)
    # In double precision: k-means would convert single ones part by part, again and again.
    ones = np.ones(columns.size)
    shape = (len(kinds), n_clusters * len(partitions))
    votes = sparse.csr_array((ones, columns.ravel().astype(np.int32), starts), shape=shape)
    return k_means(votes, n_clusters, n_init, random_state, sizes)[kind_of]


def candidates(graphs, n_clusters, random_state):
    """Partitions by cutting each graph and the mean of all, and by the latter's embedding."""
    weights = [shared_neighbor_graph(graph) for graph in graphs]
    mean = sum(weights[1:], weights[0]) / len(weights)
    wanted = [n_clusters - 1, n_clusters + 1, *(round(width * n_clusters) for width in _WIDTHS)]
    n_samples = len(graphs[0])
    widths = sorted({min(max(width, 2), n_samples) for width in wanted})
    partitions = []
    for view in weights:
        vectors = leading_eigenvectors(view, widths[-1], random_state)
        partitions += spectral_cuts(vectors, widths, n_clusters, random_state)
    n_vectors = min(max(widths[-1], N_DIMENSIONS + 1), n_samples)
    vectors = leading_eigenvectors(mean, n_vectors, random_state)
    partitions += spectral_cuts(vectors, widths, n_clusters, random_state)
    if n_samples >= _LEAST_FOR_MANIFOLD:
        embedding = manifold_embedding(mean, vectors, random_state)
        partitions += [
            k_means(embedding, n_clusters, 1, random_state) for _ in range(_N_KMEANS_RUNS)
        ]
        partitions += [mixture(embedding, n_clusters, random_state) for _ in range(_N_MIXTURES)]
    return partitions


def principal_components(unit, random_state):
    """Scores of the leading principal components, those without variance left out."""
    pca = PCA(min(_N_WHITENED, *unit.shape), random_state=random_state)
    # An array, whatever scikit-learn is set to give a user.
    pca.set_output(transform="default")
    scores = pca.fit_transform(unit)
    spread = pca.explained_variance_ > 1e-7 * max(pca.explained_variance_[0], 1e-12)
    # Samples that are all alike have no component; any column says so as well.
    return scores[:, spread] if spread.any() else unit[:, :1]


def centered_components(unit, random_state):
    """Scores of the first hundred principal components."""
    return principal_components(unit, random_state)[:, :_N_CENTERED]


def half_whitened(components):
    """Bring the components' standard deviations half-way, geometrically, to one another."""
    return components / np.sqrt(components.std(axis=0) + 1e-12)


def shared_neighbor_graph(neighbors):
    """Weigh each edge of a graph of neighbours by the share of neighbours both ends have."""
    n_samples, n_neighbors = neighbors.shape
    starts = np.arange(0, neighbors.size + 1, n_neighbors)
    ones = np.ones(neighbors.size, dtype=np.float32)
    edges = sparse.csr_array((ones, neighbors.ravel(), starts), shape=(n_samples, n_samples))
    closed = edges + sparse.eye_array(n_samples, dtype=np.float32, format="csr")
    shared = (closed @ closed.T).multiply((edges + edges.T) > 0).tocsr()
    return shared / (n_neighbors + 1)


def normalized(weights):
    """Divide each weight by the roots of what its ends have in all: no eigenvalue is above 1."""
    root = 1 / np.sqrt(np.maximum(weights.sum(axis=1), 1e-9))
    return sparse.diags_array(root) @ weights @ sparse.diags_array(root)


def leading_eigenvectors(weights, n_vectors, random_state):
    """Eigenvectors of the normalised weights with the largest eigenvalues, largest first."""
    weights = normalized(weights)
    n_samples = weights.shape[0]
    if n_samples <= max(_DENSE_LIMIT, 4 * n_vectors):
        return eigh(weights.toarray())[1][:, : -n_vectors - 1 : -1].astype(np.float32)
    first = random_state.uniform(size=n_samples)
    try:
        # In double precision, and to it: otherwise one of several equal eigenvalues, which
        # are separate parts of the graph, can be missed.
        values, vectors = eigsh(weights.astype(np.float64), n_vectors, which="LA", v0=first)
    except ArpackNoConvergence as stopped:
        values, vectors = stopped.eigenvalues, stopped.eigenvectors
    return vectors[:, values.argsort()[::-1]].astype(np.float32)


def spectral_cuts(vectors, widths, n_clusters, random_state):
    """Partitions by k-means on the first eigenvectors of a graph, one for each width."""
    n_init = _N_INIT if n_clusters <= MANY_CLUSTERS else 1
    return [
        k_means(normalize(vectors[:, :width]), n_clusters, n_init, random_state) for width in widths
    ]


def k_means(rows, n_clusters, n_init, random_state, sizes=None):
    """Labels by k-means, which may be fewer than asked for if rows are alike."""
    with warnings.catch_warnings():
        # Fewer distinct samples than clusters: said once, of the final result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        seed = random_state.randint(np.iinfo(np.int32).max)
        model = KMeans(n_clusters, n_init=n_init, random_state=seed)
        return model.fit_predict(rows, sample_weight=sizes).astype(np.int64)


def mixture(rows, n_clusters, random_state):
    """Labels by a Gaussian mixture, whose clusters may differ in size and in shape."""
    with warnings.catch_warnings():
        # A fit that is not quite at its optimum is a candidate like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        seed = random_state.randint(np.iinfo(np.int32).max)
        model = GaussianMixture(n_clusters, reg_covar=1e-4, random_state=seed)
        return model.fit_predict(rows.astype(np.float64)).astype(np.int64)
