"""How good a clustering is, judged without labels."""

import numpy as np
from scipy.special import entr

# Pairs of clusters that are counted in an array.
_MOST_PAIRS = 10**6


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


def neighborhood_information(labels, neighbors, n_clusters):
    """Mutual information of the cluster of a sample and that of a neighbour, as a share.

    Like the modularity it grows with the share of neighbours in the same cluster. It prefers
    equal sizes more (divided by their :func:`evenness`, less), does not prefer to merge small
    clusters where there are many, and says less about how many clusters there ought to be.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
        Indices of each sample's neighbours.
    n_clusters : int
        How many there are; not all need have a sample here.

    Returns
    -------
    information : float in [0, 1]
        In units of the logarithm of the number of clusters: 1 for equal and perfectly
        separated ones, 0 for a single one.

    References
    ----------
    X. Ji, J. Henriques, A. Vedaldi, "Invariant Information Clustering for Unsupervised Image
    Classification and Segmentation", ICCV 2019.
    """
    if neighbors.size == 0 or n_clusters == 1:
        return 0.0
    own_labels, neighbor_labels = _clusters_of_ends(labels, neighbors)
    return shared_information(own_labels, neighbor_labels, n_clusters)


def neighborhood_score(labels, neighbors, n_clusters):
    """Mean of neighbourhood modularity and neighbourhood information.

    The former is highest near the right number of clusters, the latter tells better which of
    two clusterings into as many is right.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    neighbors : ndarray of shape (n_samples, n_neighbors), int
        Indices of each sample's neighbours.
    n_clusters : int
        See :func:`neighborhood_information`.

    Returns
    -------
    score : float in [-0.5, 1]
        Higher is better; 0 for a single cluster, near 0 for clusters of random samples.
    """
    modularity = neighborhood_modularity(labels, neighbors)
    return (modularity + neighborhood_information(labels, neighbors, n_clusters)) / 2


def evenness(labels):
    """Entropy of the sizes of clusters, as a share of the most it can be: 1 if all are equal.

    No information about the clusters is more than their evenness, in the same units.

    References
    ----------
    E. C. Pielou, "The measurement of diversity in different types of biological collections",
    Journal of Theoretical Biology 13 (1966), 131-144.
    """
    sizes = np.bincount(labels)
    return float(_entropy(sizes) / np.log(len(sizes))) if len(sizes) > 1 else 0.0


def shared_information(labels, others, n_clusters):
    """Mutual information of two labellings of the same shape, in units of log(n_clusters)."""
    # Not an integer of NumPy's, whose square may be more than it can hold.
    n_clusters = int(n_clusters)
    pairs = (labels.astype(np.int64) * n_clusters + others).ravel()
    if n_clusters**2 <= _MOST_PAIRS:
        joint = np.bincount(pairs, minlength=n_clusters**2).reshape(n_clusters, n_clusters)
        own, other = joint.sum(axis=1), joint.sum(axis=0)
    else:
        # Most pairs do not occur.
        joint = np.unique(pairs, return_counts=True)[1]
        own, other = (np.bincount(ends.ravel()) for ends in (labels, others))
    information = _entropy(own) + _entropy(other) - _entropy(joint)
    return float(information / np.log(n_clusters))


def _entropy(counts):
    # For arrays as small as these, checks are nearly all the time of scipy.stats.entropy.
    return entr(counts / counts.sum()).sum()


def _clusters_of_ends(labels, neighbors):
    """Cluster of each sample, repeated for its neighbours, and those of the neighbours."""
    # The graph may be a sample, of which only the first have their neighbours listed.
    return np.broadcast_arrays(labels[: len(neighbors), None], labels[neighbors])


def _agreement(labels, neighbors):
    """Share of neighbours in the same cluster, and the share expected of a random partition."""
    if neighbors.size == 0:
        return 0.0, 0.0
    own_labels, neighbor_labels = _clusters_of_ends(labels, neighbors)
    n_clusters = int(labels.max()) + 1
    as_source = np.bincount(labels, minlength=n_clusters) / labels.size
    as_target = np.bincount(neighbor_labels.ravel(), minlength=n_clusters) / neighbors.size
    agreement = (neighbor_labels == own_labels).mean()
    return float(agreement), float(as_source @ as_target)
