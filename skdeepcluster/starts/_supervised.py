"""A start that respects what is known of some samples."""

import warnings

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.linalg import cg
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from ..features import unit_rows
from ..neighbors import shared_neighbor_graph
from ._spectral import normalized
from ._views import centered_components

# How far labels spread when clusters are matched to them: the weight of what a sample is known to
# be, beside that of its neighbours.
_MATCHING_WEIGHT = 0.01
_TOLERANCE = 1e-4
# What the whole of a start counts, in labels a cluster, where one is known of each: one alone must
# not turn a cluster over.
_START_WEIGHT = 2.0
# Inverse strength of the classifier's penalty.
_FREEDOM = 10.0
_MOST_STEPS = 60
_N_VOTE_COMPONENTS = 100


def supervised_start(
    labels, partitions, features, neighbors, supervision, n_clusters, is_numbered=False
):
    """Change a start by what is known of some samples.

    Clusters are matched to the classes whose labels spread to them, along the graph of shared
    neighbours. A linear classifier then learns what is known, and, as if it were two labels
    more a cluster, the start, or less of it where more than one label a cluster is known. It sees
    the features, and which clusters a sample is in in all partitions that the start is a
    consensus of.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        The start.
    partitions : ndarray of shape (n_partitions, n_samples), int, or None
        Those that it is a consensus of.
    features : ndarray of shape (n_samples, n_features), float32 or float16
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
    supervision : Supervision
    n_clusters : int
    is_numbered : bool, default=False
        Whether clusters of the start have the numbers of the classes already.

    Returns
    -------
    labels : ndarray of shape (n_samples,), int64

    References
    ----------
    X. Zhu, Z. Ghahramani, J. Lafferty, "Semi-Supervised Learning Using Gaussian Fields and
    Harmonic Functions", ICML 2003, for labels that spread; S. Basu, A. Banerjee, R. Mooney,
    "Semi-supervised Clustering by Seeding", ICML 2002, for starting from what is known.
    """
    if n_clusters == 1:
        return labels
    classes = supervision.labels
    if (classes >= 0).any() and not is_numbered:
        labels = _matched(labels, classes, neighbors, n_clusters)
    rows = np.hstack([_components(features), _votes(labels if partitions is None else partitions)])
    # What is in which cluster is known of some; of the others of which anything is known it
    # follows from these.
    scores = _learned(rows, labels, classes, n_clusters)
    known = np.where(supervision.is_known, supervision.assigned(scores), -1)
    if (known != classes).any():
        scores = _learned(rows, labels, known, n_clusters)
    return np.where(known >= 0, known, scores.argmax(axis=1))


def _matched(labels, classes, neighbors, n_clusters):
    """Give clusters the numbers of the classes that their samples are near to."""
    graph = normalized(shared_neighbor_graph(neighbors))
    weighted = (1 + _MATCHING_WEIGHT) * sparse.eye_array(len(labels)) - graph
    seeds = np.zeros((len(labels), n_clusters))
    seeds[classes >= 0, classes[classes >= 0]] = 1
    shares = np.column_stack([cg(weighted, column, rtol=_TOLERANCE)[0] for column in seeds.T])
    shares /= np.maximum(shares.sum(axis=0), np.finfo(float).tiny)
    # Clusters of which nothing is known keep their numbers, if these are free.
    overlaps = np.eye(n_clusters)[labels].T @ shares + 1e-6 * np.eye(n_clusters)
    return linear_sum_assignment(overlaps, maximize=True)[1][labels]


def _components(features):
    """Principal components of the unit features, of mean length one."""
    components = centered_components(unit_rows(features, slice(None)), random_state=0)
    return components / max(float(np.sqrt(np.square(components).sum(axis=1).mean())), 1e-12)


def _votes(partitions):
    """Represent samples by the parts that they are in: their products say how often together."""
    partitions = np.atleast_2d(partitions)
    n_partitions, n_samples = partitions.shape
    n_parts = int(partitions.max()) + 1
    places = partitions.T + n_parts * np.arange(n_partitions)
    starts = np.arange(0, places.size + 1, n_partitions)
    shape = (n_samples, n_parts * n_partitions)
    ones = np.full(places.size, n_partitions**-0.5)
    votes = sparse.csr_matrix((ones, places.ravel(), starts), shape=shape)
    if shape[1] <= _N_VOTE_COMPONENTS:
        return votes.toarray()
    reducer = TruncatedSVD(_N_VOTE_COMPONENTS, random_state=0).set_output(transform="default")
    return reducer.fit_transform(votes)


def _learned(rows, start, known, n_clusters):
    """Logarithm of the probability of each cluster, (n_samples, n_clusters)."""
    is_known = known >= 0
    n_usual = max(1.0, float(np.median(np.bincount(known[is_known], minlength=n_clusters))))
    weights = np.where(is_known, 1.0, _START_WEIGHT / n_usual * n_clusters / len(start))
    classifier = LogisticRegression(C=_FREEDOM, max_iter=_MOST_STEPS)
    with warnings.catch_warnings():
        # Nearly at the optimum is as good.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(rows, np.where(is_known, known, start), sample_weight=weights)
    scores = np.full((len(rows), n_clusters), -np.inf)
    scores[:, classifier.classes_] = classifier.predict_log_proba(rows)
    # Of clusters that have no sample yet.
    return np.maximum(scores, np.log(np.finfo(float).tiny))
