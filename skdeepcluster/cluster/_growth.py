"""What becomes of clusters that grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import KMeans

from ..neighbors import highest_products
from ._partition import Partition
from ._reference import evenly_drawn

if TYPE_CHECKING:
    import pandas as pd

# Neighbours by which clusters are found to be mixed, and images of which they are sought.
_N_NEIGHBORS = 5
_MOST_COMPARED = 5000
_COMPARED_PER_CLUSTER = 50
# Halves of clusters must be so many times as mixed as clusters are; otherwise nothing tells them
# from one another.
_CLEAR = 1.5


def growth_table(before: Partition, after: Partition, former: np.ndarray) -> pd.DataFrame:
    """Tell what has become of clusters.

    Parameters
    ----------
    before, after : Partition
        The first images of the latter are those of the former.
    former : ndarray of shape (n,), int64
        The cluster that each of the first clusters was, -1 if none; all others are new.

    Returns
    -------
    table : pandas.DataFrame
        See ``DeepImageClusterer.update``.
    """
    import pandas as pd

    n_clusters, n_images = after.n_clusters, len(before.labels)
    former = np.pad(former, (0, n_clusters - len(former)), constant_values=-1)
    now, then = after.labels[:n_images], before.labels
    shared = np.zeros((n_clusters, before.n_clusters), dtype=np.int64)
    np.add.at(shared, (now[then >= 0], then[then >= 0]), 1)
    is_old = former >= 0
    stayed = np.where(is_old, shared[np.arange(n_clusters), former], 0)
    before_sizes = np.where(is_old, before.sizes[former], 0)
    added = after.sizes - shared.sum(axis=1)
    joined, left = shared.sum(axis=1) - stayed, before_sizes - stayed
    drift = np.full(n_clusters, np.nan)
    drift[is_old] = _distances(
        after.known.means(after.labels, n_clusters)[is_old],
        after.known.means(then, before.n_clusters)[former[is_old]],
    )
    partner, may_be_two = candidates(after)
    state = np.select(
        [~is_old, left > 0, after.sizes > before_sizes], ["new", "changed", "grown"], "kept"
    )
    table = pd.DataFrame(
        {
            "name": after.cluster_names,
            "state": state,
            "former": former,
            "size": after.sizes,
            "added": added,
            "joined": joined,
            "left": left,
            "drift": drift,
            "merge_with": partner,
            "split": may_be_two,
        }
    )
    gone = np.setdiff1d(np.arange(before.n_clusters), former)
    of_gone = pd.DataFrame(
        {
            "name": [before.cluster_names[cluster] for cluster in gone],
            "state": "gone",
            "former": gone,
            "size": 0,
            "added": 0,
            "joined": 0,
            "left": before.sizes[gone],
            "drift": np.nan,
            "merge_with": -1,
            "split": False,
        },
        index=np.full(len(gone), -1),
    )
    return (pd.concat([table, of_gone]) if len(gone) else table).rename_axis("cluster")


def candidates(partition: Partition) -> tuple[np.ndarray, np.ndarray]:
    """Find clusters that may be one, and clusters that may be two.

    By how mixed their nearest neighbours are: of most pairs of near clusters less than of the
    halves, by k-means, of most clusters. What is on the other side of the middle, the geometric
    mean of the two medians, deserves a look. Of many images a part is compared, as many of each
    large cluster as of any other.

    Parameters
    ----------
    partition : Partition

    Returns
    -------
    partner : ndarray of shape (n_clusters,), int64
        The cluster that each may be one with, -1 if there is none.
    may_be_two : ndarray of shape (n_clusters,), bool
    """
    n_clusters, drawn = partition.n_clusters, partition.landmarks
    most = max(_MOST_COMPARED, _COMPARED_PER_CLUSTER * n_clusters)
    drawn = drawn[evenly_drawn(partition.labels[drawn], most)]
    rows, labels = partition.known.rows[drawn].astype(np.float32), partition.labels[drawn]
    neighbors = highest_products(rows, rows, _N_NEIGHBORS + 1)[1][:, 1:]
    shared = np.zeros((n_clusters, n_clusters))
    np.add.at(shared, (labels[:, None], labels[neighbors]), 1)
    mixing = _mixing(shared)
    nearest = mixing.argmax(axis=1)
    of_pairs = mixing[np.arange(n_clusters), nearest]
    of_halves = np.array([_halves_mixing(rows, labels == c, neighbors) for c in range(n_clusters)])
    usual, usual_halves = np.median(of_pairs), np.nanmedian(of_halves)
    if n_clusters == 1 or not usual_halves >= _CLEAR * usual:
        return np.full(n_clusters, -1), np.zeros(n_clusters, dtype=bool)
    between = np.sqrt(usual * usual_halves)
    return np.where(of_pairs > between, nearest, -1), of_halves < between


def _mixing(shared):
    """Share of the neighbours, of two clusters together, that are in the other one, each pair."""
    both = shared + shared.T
    inside = np.diag(shared)
    mixing = both / np.maximum(both + inside[:, None] + inside, 1)
    np.fill_diagonal(mixing, -1)
    return mixing


def _halves_mixing(rows, is_member, neighbors):
    """Give the same of the halves of a cluster, by k-means."""
    members = np.flatnonzero(is_member)
    if len(members) < 2:
        return np.nan
    half = np.full(len(rows), -1)
    half[members] = KMeans(2, n_init=3, random_state=0).fit_predict(rows[members])
    of_neighbors = half[neighbors[members]]
    shared = np.zeros((2, 2))
    inside = of_neighbors >= 0
    own = np.broadcast_to(half[members][:, None], inside.shape)
    np.add.at(shared, (own[inside], of_neighbors[inside]), 1)
    return _mixing(shared)[0, 1]


def _distances(rows, others):
    """Cosine distance of each row to another one."""
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return 1 - np.einsum("cd,cd->c", rows, others) / np.maximum(lengths, 1e-12)
