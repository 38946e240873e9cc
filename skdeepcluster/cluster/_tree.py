"""Clusters of clusters: which ones are joined first when there are to be fewer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from ..features import row_chunks
from ..processor import linear_algebra_in_one_thread


@dataclass(frozen=True, eq=False)
class ClusterTree:
    """A tree whose leaves are clusters, and each of whose other nodes joins two.

    As in :class:`sklearn.cluster.AgglomerativeClustering`, nodes below ``n_leaves_`` are the
    clusters, by their labels, and node ``n_leaves_ + i`` joins ``children_[i]``.

    Parameters
    ----------
    children_ : ndarray of shape (n_leaves - 1, 2), int64
        The nodes that are joined, those most alike first.
    distances_ : ndarray of shape (n_leaves - 1,), float64
        Mean distance of the clusters of the two, from 0 to 2: 1 minus the cosine of their means,
        from which the mean of all clusters is subtracted. The means are of features in which
        images of one cluster differ in no direction more than in others.
    stability_ : ndarray of shape (2 * n_leaves - 1,), float64, or None
        Of each node, clusters first: how far it is what parts of the partitions are, taken
        together, from 0 to 1 (Jaccard index), mean over the partitions that the start is a
        consensus of. Low for two clusters and high for the node that joins them, it says that the
        two were told apart by chance. NaN for clusters of images that ``update`` has added since,
        None without such partitions.
    """

    children_: np.ndarray
    distances_: np.ndarray
    stability_: np.ndarray | None = None

    @classmethod
    def of(cls, means: np.ndarray) -> ClusterTree:
        """Join clusters by average linkage of their means.

        Parameters
        ----------
        means : ndarray of shape (n_clusters, n_features)
            Of the features, or of whitened ones.
        """
        if len(means) == 1:
            return cls(np.empty((0, 2), dtype=np.int64), np.empty(0))
        # All images have much in common, which is no likeness of two of them.
        centered = means - means.mean(axis=0, dtype=np.float64)
        centered /= np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1e-12)
        # Of unit vectors, half of the squared distance is 1 minus the cosine.
        joined = linkage(pdist(centered, "sqeuclidean") / 2, method="average")
        return cls(joined[:, :2].astype(np.int64), joined[:, 2])

    @property
    def n_leaves_(self) -> int:
        """Number of clusters."""
        return len(self.children_) + 1

    @cached_property
    def members(self) -> np.ndarray:
        """Which clusters are in each node, bool of shape (2 * n_leaves - 1, n_leaves)."""
        n_leaves = self.n_leaves_
        members = np.eye(2 * n_leaves - 1, n_leaves, dtype=bool)
        for node, (one, other) in enumerate(self.children_, start=n_leaves):
            members[node] = members[one] | members[other]
        return members

    def linkage(self) -> np.ndarray:
        """Return the tree as scipy has it, for :func:`scipy.cluster.hierarchy.dendrogram`.

        Returns
        -------
        linkage : ndarray of shape (n_leaves - 1, 4), float64
            The children, their distance, and the number of clusters in each node.
        """
        n_clusters = self.members[self.n_leaves_ :].sum(axis=1)
        return np.column_stack([self.children_, self.distances_, n_clusters]).astype(np.float64)

    def cut(self, n_clusters: int) -> np.ndarray:
        """Find new labels of the clusters, by which there are so many.

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of leaves.

        Returns
        -------
        new_labels : ndarray of shape (n_leaves,), int64
            Numbered by the first cluster of each.
        """
        home = np.arange(self.n_leaves_)
        for members in self.members[self.n_leaves_ :][: self.n_leaves_ - n_clusters]:
            home[members] = members.argmax()
        return np.unique(home, return_inverse=True)[1]


def whitened_means(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Means of clusters, in units of how far images of one cluster lie apart.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        Few features.
    labels : ndarray of shape (n_samples,), int64
        -1 for a sample of no cluster.

    Returns
    -------
    means : ndarray of shape (n_clusters, n_features), float64
    """
    n_features = rows.shape[1]
    sizes = np.bincount(labels[labels >= 0])
    sums = np.zeros((len(sizes), n_features))
    products = np.zeros((n_features, n_features))
    for chunk in row_chunks(len(rows)):
        known = labels[chunk] >= 0
        of_chunk = rows[chunk][known].astype(np.float64)
        np.add.at(sums, labels[chunk][known], of_chunk)
        products += of_chunk.T @ of_chunk
    means = sums / sizes[:, None]
    covariance = (products - (means * sizes[:, None]).T @ means) / sizes.sum()
    # Half of the mean variance in each direction, so that none with little of it counts for all.
    with linear_algebra_in_one_thread():
        variances, axes = np.linalg.eigh(covariance)
    return means @ axes / np.sqrt(np.maximum(variances, 0) + 0.5 * variances.mean() + 1e-12)
