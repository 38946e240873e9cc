"""How sure the cluster of a sample is, and the temperature that says so."""

import math

import numpy as np
from scipy.optimize import brentq, linear_sum_assignment
from scipy.special import softmax

# The mean confidence is taken of so many samples, evenly spread; it has no use for more.
_N_CALIBRATED = 50_000


def calibrate_temperature(similarities, neighbors, partitions=None):
    """Temperature at which the mean confidence of the softmax is the accuracy to be expected.

    Parameters
    ----------
    similarities : ndarray of shape (n_samples, n_clusters)
        Cosines of latents and cluster centres.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
        Nearest first.
    partitions : ndarray of shape (n_partitions, n_samples), int, default=None
        See :func:`expected_accuracy`.

    Returns
    -------
    temperature : float in [0.01, 5]
    """
    n_clusters = similarities.shape[1]
    if neighbors.size == 0 or n_clusters == 1:
        return 0.1
    expected = expected_accuracy(similarities.argmax(axis=1), neighbors, partitions)

    def excess(log_temperature):
        scaled = softmax(similarities / np.exp(log_temperature), axis=1)
        return scaled.max(axis=1).mean() - expected

    similarities = similarities[:: math.ceil(len(similarities) / _N_CALIBRATED)]
    coldest, warmest = np.log(0.01), np.log(5.0)
    # Confidence falls as the temperature rises.
    if excess(coldest) <= 0:
        return 0.01
    if excess(warmest) >= 0:
        return 5.0
    return float(np.exp(brentq(excess, coldest, warmest)))


def expected_accuracy(labels, neighbors, partitions=None):
    """Estimate without classes how many samples are in the right cluster.

    The mean of two estimates: how often other partitions, as good a priori, put a sample into
    the same cluster, and for how many samples the five nearest neighbours are all in the same
    cluster. Where clusters are not classes, both are too high.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
        Nearest first.
    partitions : ndarray of shape (n_partitions, n_samples), int, default=None
        Each is matched to the clusters as well as can be; None leaves the first estimate out.

    Returns
    -------
    accuracy : float in [0, 1]
    """
    surrounded = (labels[neighbors[:, :5]] == labels[:, None]).all(axis=1).mean()
    if partitions is None:
        return float(surrounded)
    return float((surrounded + _repeated(labels, partitions).mean()) / 2)


def confidence(labels, neighbors, partitions=None):
    """Rate how sure the cluster of each sample is.

    The share of its neighbours that are in the same cluster, times the share of other
    partitions, as good a priori, that put it there.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
    partitions : ndarray of shape (n_partitions, n_samples), int, default=None
        Each is matched to the clusters as well as can be; None leaves the second factor out.

    Returns
    -------
    confidence : ndarray of shape (n_samples,) in [0, 1]
    """
    purity = (labels[neighbors] == labels[:, None]).mean(axis=1)
    return purity if partitions is None else purity * _repeated(labels, partitions)


def _repeated(labels, partitions):
    """Share of the partitions that put each sample into its cluster."""
    n_clusters = int(labels.max()) + 1
    n_agreeing = np.zeros(len(labels), dtype=np.int64)
    for part in partitions:
        n_agreeing += _matched(part, labels, n_clusters) == labels
    return n_agreeing / len(partitions)


def _matched(partition, labels, n_clusters):
    """Name the parts after the clusters that they share most samples with."""
    n_parts = max(n_clusters, int(partition.max()) + 1)
    pairs = partition.astype(np.int64) * n_parts + labels
    shared = np.bincount(pairs, minlength=n_parts**2)
    parts, clusters = linear_sum_assignment(-shared.reshape(n_parts, n_parts))
    names = np.empty(n_parts, dtype=np.int64)
    names[parts] = clusters
    # Parts beyond the number of clusters have no cluster of their own.
    return np.where(names < n_clusters, names, -1)[partition]
