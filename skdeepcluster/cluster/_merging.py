"""New labels for clusters that become one."""

from collections.abc import Iterable
from numbers import Integral

import numpy as np


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
