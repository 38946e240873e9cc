"""Neighbours that have neighbours in common."""

import numpy as np
from scipy import sparse


def shared_neighbor_graph(neighbors):
    """Weigh each edge of a graph of neighbours by the share of neighbours both ends have.

    Parameters
    ----------
    neighbors : ndarray of shape (n_samples, n_neighbors), int

    Returns
    -------
    weights : sparse array of shape (n_samples, n_samples), float32
        Symmetric, in [0, 1]; 0 but for pairs of which one is a neighbour of the other.

    References
    ----------
    R. Jarvis, E. Patrick, "Clustering Using a Similarity Measure Based on Shared Near
    Neighbors", IEEE Trans. Computers C-22 (1973).
    """
    n_samples, n_neighbors = neighbors.shape
    starts = np.arange(0, neighbors.size + 1, n_neighbors)
    ones = np.ones(neighbors.size, dtype=np.float32)
    edges = sparse.csr_array((ones, neighbors.ravel(), starts), shape=(n_samples, n_samples))
    closed = edges + sparse.eye_array(n_samples, dtype=np.float32, format="csr")
    shared = (closed @ closed.T).multiply((edges + edges.T) > 0).tocsr()
    return shared / (n_neighbors + 1)


def purest_neighbors(neighbors_of_spaces):
    """Keep the half of the neighbours that have most neighbours in common.

    They are of the same class more often than the nearest ones: both ends of an edge must know
    each other's surroundings, in more than one space if there are several.

    Parameters
    ----------
    neighbors_of_spaces : list of ndarray of shape (n_samples, n_neighbors), int
        Neighbours of the same samples in one feature space or several.

    Returns
    -------
    neighbors : ndarray of shape (n_samples, ceil(n_neighbors / 2)), int64
        Those with most in common first.
    """
    n_samples, n_neighbors = neighbors_of_spaces[0].shape
    n_kept = -(-n_neighbors // 2)
    if n_kept == 0:
        return np.empty((n_samples, 0), dtype=np.int64)
    graphs = [shared_neighbor_graph(neighbors) for neighbors in neighbors_of_spaces]
    weights = sum(graphs[1:], graphs[0]).tocoo()
    order = np.lexsort((-weights.data, weights.row))
    # Every sample has all of its neighbours, at least.
    sizes = np.bincount(weights.row, minlength=n_samples)
    firsts = sizes.cumsum() - sizes
    return weights.col[order][firsts[:, None] + np.arange(n_kept)].astype(np.int64)
