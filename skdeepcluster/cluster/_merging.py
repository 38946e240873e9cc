"""New labels for clusters that become one."""

from collections.abc import Iterable
from numbers import Integral

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances


def merging(groups, n_clusters):
    """Find new labels for clusters when groups of them become one; the order is kept.

    Parameters
    ----------
    groups : list of list of int
    n_clusters : int

    Returns
    -------
    new_labels : ndarray of shape (n_clusters,), int64

    Raises
    ------
    ValueError
        If a label does not exist or is in two groups.
    """
    groups = list(groups)
    if not any(isinstance(group, Iterable) for group in groups):
        groups = [groups]
    home = np.arange(n_clusters)
    seen: set = set()
    for group in groups:
        for label in group:
            if not isinstance(label, Integral) or label not in range(n_clusters):
                raise ValueError(
                    f"There is no cluster {label!r}; labels are integers up to {n_clusters - 1}."
                )
            if label in seen:
                raise ValueError(f"Cluster {label!r} is named twice.")
            seen.add(label)
        home[list(group)] = min(group, default=0)
    return np.unique(home, return_inverse=True)[1]


def nearest_merging(feature_means, sizes, n_clusters):
    """Join clusters, two at a time, so that samples stay as near to their means as can be.

    That is Ward's rule, begun with clusters of several samples, where libraries begin with
    single ones.

    Parameters
    ----------
    feature_means : ndarray of shape (n_present, n_features)
    sizes : ndarray of shape (n_present,), int
        Samples in each cluster.
    n_clusters : int

    Returns
    -------
    new_labels : ndarray of shape (n_present,), int
        Numbered by the first cluster of each.
    """
    means, sizes = feature_means.astype(np.float64), sizes.astype(np.float64)
    home = np.arange(len(means))
    # What joining two clusters adds to the sum of squared distances of samples to their means.
    weights = sizes * sizes[:, None] / (sizes + sizes[:, None])
    costs = weights * euclidean_distances(means, squared=True)
    np.fill_diagonal(costs, np.inf)
    for _ in range(len(means) - n_clusters):
        kept, joined = pair = sorted(np.unravel_index(costs.argmin(), costs.shape))
        means[kept] = np.average(means[pair], axis=0, weights=sizes[pair])
        sizes[kept] = sizes[pair].sum()
        home[home == joined] = kept
        gone = np.isinf(costs[kept])
        costs[kept] = sizes * sizes[kept] / (sizes + sizes[kept])
        costs[kept] *= ((means - means[kept]) ** 2).sum(axis=1)
        costs[kept, gone] = np.inf
        costs[:, kept] = costs[kept]
        costs[joined] = costs[:, joined] = np.inf
    return np.unique(home, return_inverse=True)[1]
