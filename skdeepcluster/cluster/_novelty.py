"""Groups of new images that are of no kind that was there before."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.preprocessing import normalize

from ..features import random_rows
from ..neighbors import highest_products

# More of either are not compared.
_MOST_COMPARED = 20_000
# Nearest images of which it is counted how many are new, and nearest new ones that this is averaged
# over.
_N_NEIGHBORS = 20
_N_AVERAGED = 10
# An image of a kind that was there has as many new ones near it as there are among all. Of a new
# kind is one that is so much of the way from there to having new ones alone.
_NEW = 0.8
# Images that are near one another are of one group.
_N_LINKED = 10
_LEAST_MEMBERS = 20


def new_groups(known, new):
    """Find groups of new images that have hardly any known ones near them.

    How far they are from the known ones says less: a kind may be new and near. That new images are
    among the nearest more often than their number lets expect is the two-sample test by nearest
    neighbours.

    Parameters
    ----------
    known : ndarray of shape (n_known, n_features), float
    new : ndarray of shape (n_new, n_features), float

    Returns
    -------
    groups : ndarray of shape (n_new,), int64
        From 0; -1 for images of no group. Of more images than are known, so many are looked at.

    References
    ----------
    M. F. Schilling, "Multivariate Two-Sample Tests Based on Nearest Neighbors", Journal of the
    American Statistical Association 81 (1986).
    """
    groups = np.full(len(new), -1)
    compared = random_rows(len(new), min(len(known), _MOST_COMPARED))
    if len(compared) < _LEAST_MEMBERS:
        return groups
    known, new = _unit(known[random_rows(len(known), _MOST_COMPARED)]), _unit(new[compared])
    nearest = _nearest_others(new, np.concatenate([new, known]), _N_NEIGHBORS)
    share = (nearest < len(new)).mean(axis=1)
    share = (share + share[_nearest_others(new, new, _N_AVERAGED)].sum(axis=1)) / (_N_AVERAGED + 1)
    expected = len(new) / (len(new) + len(known))
    candidates = np.flatnonzero(share >= expected + _NEW * (1 - expected))
    parts = _linked(new[candidates])
    is_large = np.bincount(parts) >= _LEAST_MEMBERS
    numbers = np.where(is_large, is_large.cumsum() - 1, -1)
    groups[compared[candidates]] = numbers[parts]
    return groups


def _linked(rows):
    """Find parts of images that are linked, each among the nearest of the other."""
    if len(rows) < _LEAST_MEMBERS:
        return np.zeros(len(rows), dtype=np.int64)
    nearest = _nearest_others(rows, rows, _N_LINKED)
    starts = np.arange(0, nearest.size + 1, nearest.shape[1])
    shape = (len(rows), len(rows))
    graph = sparse.csr_array((np.ones(nearest.size), nearest.ravel(), starts), shape=shape)
    return connected_components(graph.minimum(graph.T), directed=False)[1].astype(np.int64)


def _nearest_others(queries, rows, n_nearest):
    """Nearest rows to each query, without the one that it is itself, which has its position."""
    nearest = highest_products(queries, rows, n_nearest + 1)[1]
    # Of copies another may come first, and with many the query itself may not be among them.
    is_itself = nearest == np.arange(len(queries))[:, None]
    is_itself[:, -1] |= ~is_itself.any(axis=1)
    return nearest[~is_itself].reshape(len(queries), -1)


def _unit(rows):
    return normalize(rows.astype(np.float32))
