"""How good a clustering is, judged without labels."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax


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
    neighbor_labels = labels[neighbors]
    n_clusters = int(labels.max()) + 1
    as_source = np.bincount(labels, minlength=n_clusters) / labels.size
    as_target = np.bincount(neighbor_labels.ravel(), minlength=n_clusters) / neighbors.size
    agreement = (neighbor_labels == labels[:, None]).mean()
    return float(agreement), float(as_source @ as_target)


def calibrate_temperature(similarities, neighbors):
    """Temperature at which the softmax best foretells the labels of a sample's neighbours.

    Labels are not needed: a sample whose neighbours fall into several clusters is uncertain,
    and the temperature is the one that makes the neighbours' labels most likely.

    Parameters
    ----------
    similarities : ndarray of shape (n_samples, n_clusters)
        Cosines of latents and cluster centres.
    neighbors : ndarray of shape (n_samples, n_neighbors), int

    Returns
    -------
    temperature : float in [0.01, 1]
    """
    if neighbors.size == 0 or similarities.shape[1] == 1:
        return 0.1
    labels = similarities.argmax(axis=1)
    votes = np.zeros_like(similarities)
    rows = np.repeat(np.arange(len(neighbors)), neighbors.shape[1])
    np.add.at(votes, (rows, labels[neighbors].ravel()), 1 / neighbors.shape[1])

    def cross_entropy(log_temperature):
        scaled = log_softmax(similarities / np.exp(log_temperature), axis=1)
        return -(votes * scaled).sum(axis=1).mean()

    bounds = (np.log(0.01), np.log(1.0))
    return float(np.exp(minimize_scalar(cross_entropy, bounds=bounds, method="bounded").x))
