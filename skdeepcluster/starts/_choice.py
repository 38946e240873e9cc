"""The start that a user names, gives or computes."""

from typing import NamedTuple

import numpy as np

from ..processor import threads_worth_clusters
from ._consensus import CONSENSUS_LIMIT, consensus_start
from ._kmeans import kmeans_start
from ._power_method import power_method_start


class Start(NamedTuple):
    """What the training starts from.

    ``labels``, int64 of shape (n_samples,), are None for an untrained head. ``partitions``, of
    shape (n_partitions, n_samples), are those that the labels are a consensus of, None if they
    are of no others.
    """

    labels: np.ndarray | None
    partitions: np.ndarray | None = None


def _consensus(features, n_clusters, neighbors, random_state, uneven):
    if n_clusters > CONSENSUS_LIMIT:
        return Start(power_method_start(features, n_clusters, neighbors, random_state))
    return Start(*consensus_start(features, n_clusters, neighbors, random_state, uneven=uneven))


def _kmeans(features, n_clusters, neighbors, random_state, uneven):
    return Start(kmeans_start(features, n_clusters, neighbors, random_state))


def _random(features, n_clusters, neighbors, random_state, uneven):
    return Start(None)


# Starts by the name that ``init`` gives them.
STARTS = {"consensus": _consensus, "kmeans": _kmeans, "random": _random}


def find_start(init, features, n_clusters, neighbors, random_state, *, uneven=False):
    """Find the assignment that training starts from.

    Parameters
    ----------
    init : str, ndarray of shape (n_samples,) or callable
        What :func:`check_init` returns.
    features : ndarray of shape (n_samples, n_features), float32 or float16
    n_clusters : int
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        Of the features.
    random_state : RandomState instance
    uneven : bool, default=False
        Whether sizes are expected to differ several times over.

    Returns
    -------
    start : Start

    Raises
    ------
    ValueError
        If labels that are given, or that a callable returns, are not integers from 0 to
        ``n_clusters - 1``, one a sample.
    """
    if callable(init):
        init = init(features, n_clusters, random_state)
    if not isinstance(init, str):
        return Start(_check_labels(init, n_clusters, len(features)))
    with threads_worth_clusters(len(features), n_clusters):
        return STARTS[init](features, n_clusters, neighbors, random_state, uneven)


def check_init(init, n_clusters, readable):
    """Restrict an array of labels to the readable samples; leave any other ``init`` as it is.

    Parameters
    ----------
    init : str, array-like of int or callable
    n_clusters : int
    readable : ndarray of shape (n_samples,), bool

    Raises
    ------
    ValueError
        If labels do not fit.
    """
    if isinstance(init, str) or callable(init):
        return init
    labels = np.asarray(init)
    if labels.shape == readable.shape:
        labels = labels[readable]
    return _check_labels(labels, n_clusters, np.count_nonzero(readable))


def _check_labels(labels, n_clusters, n_samples):
    labels = np.asarray(labels)
    if labels.shape != (n_samples,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"init gives labels of shape {labels.shape} and type {labels.dtype}; integers of "
            f"shape ({n_samples},) are needed."
        )
    if labels.min() < 0 or labels.max() >= n_clusters:
        raise ValueError(
            f"init gives labels from {labels.min()} to {labels.max()}; with "
            f"n_clusters={n_clusters} they must lie in [0, {n_clusters - 1}]."
        )
    return labels.astype(np.int64)
