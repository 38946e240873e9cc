"""Nearest neighbours in feature space, by cosine."""

import numpy as np
from sklearn.preprocessing import normalize

# Exact search costs n^2 d; from here on a graph index (HNSW) is faster.
_EXACT_LIMIT = 50_000


def nearest_neighbors(features, n_neighbors):
    """Find the nearest other samples of every sample by cosine similarity.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32
    n_neighbors : int
        At most ``n_samples - 1`` are returned.

    Returns
    -------
    neighbors : ndarray of shape (n_samples, min(n_neighbors, n_samples - 1)), int64
        Indices, nearest first; a sample is never its own neighbour.
    """
    import faiss

    n_samples, n_features = features.shape
    n_neighbors = min(n_neighbors, n_samples - 1)
    unit = normalize(np.ascontiguousarray(features, dtype=np.float32))
    if n_samples <= _EXACT_LIMIT:
        index: faiss.Index = faiss.IndexFlatIP(n_features)
    else:
        hnsw = faiss.IndexHNSWFlat(n_features, 32, faiss.METRIC_INNER_PRODUCT)
        hnsw.hnsw.efSearch = max(64, 2 * n_neighbors)
        index = hnsw
    index.add(unit)
    _, found = index.search(unit, n_neighbors + 1)
    # A sample is usually its own nearest hit, but not among exact duplicates: drop it where
    # it stands, or the last hit where it does not.
    is_self = found == np.arange(n_samples)[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    neighbors = found[~is_self].reshape(n_samples, n_neighbors)
    # The graph index marks what it did not find by -1: the nearest stands in for it.
    return np.where(neighbors < 0, neighbors[:, :1], neighbors)
