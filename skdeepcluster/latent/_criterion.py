"""How good a clustering is, judged without labels."""

import math

import numpy as np
from scipy.optimize import brentq, linear_sum_assignment
from scipy.special import softmax

# The mean confidence is taken of so many samples, evenly spread; it has no use for more.
_N_CALIBRATED = 50_000


def neighborhood_modularity(labels, neighbors):
    """Modularity of a clustering on the graph of nearest neighbours.

    The share of neighbours that lie in the same cluster, less the share expected of a random
    partition with the same sizes. One cluster for all scores 0, clusters of random samples
    score about 0, k equal and perfectly separated clusters score ``1 - 1 / k``.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
        Indices of each sample's neighbours.

    Returns
    -------
    modularity : float in [-1, 1]
        Higher is better.

    References
    ----------
    E. A. Leicht, M. E. J. Newman, "Community Structure in Directed Networks",
    Physical Review Letters 100 (2008), 118703.
    """
    agreement, expected = _agreement(labels, neighbors)
    return agreement - expected


def neighborhood_assortativity(labels, neighbors):
    """Neighbourhood modularity as a share of the most that clusters of these sizes can have.

    Modularity prefers equal sizes, up to splitting a large cluster and merging small ones;
    this does not, but says less about whether a cluster ought to be split.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
        Indices of each sample's neighbours.

    Returns
    -------
    assortativity : float in [-1, 1]
        1 if no neighbour lies in another cluster; 0 for one cluster for all.

    References
    ----------
    M. E. J. Newman, "Mixing Patterns in Networks", Physical Review E 67 (2003), 026126.
    """
    agreement, expected = _agreement(labels, neighbors)
    return (agreement - expected) / (1 - expected) if expected < 1 else 0.0


def _agreement(labels, neighbors):
    """Share of neighbours in the same cluster, and the share expected of a random partition."""
    if neighbors.size == 0:
        return 0.0, 0.0
    # The graph may be a sample, of which only the first have their neighbours listed.
    own_labels = labels[: len(neighbors), None]
    neighbor_labels = labels[neighbors]
    n_clusters = int(labels.max()) + 1
    as_source = np.bincount(labels, minlength=n_clusters) / labels.size
    as_target = np.bincount(neighbor_labels.ravel(), minlength=n_clusters) / neighbors.size
    agreement = (neighbor_labels == own_labels).mean()
    return float(agreement), float(as_source @ as_target)


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
    return np.minimum(names, n_clusters - 1)[partition]
