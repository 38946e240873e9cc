"""Nearest neighbours in feature space, by cosine."""

import numpy as np

from ..features import pays_to_reduce, random_rows, row_chunks, unit_rows
from ._inverted_lists import InvertedLists
from ._reduced import ReducedSearch

# Comparing all pairs costs n^2 d, at this many samples of 1280 features a minute on one core.
_PAIRWISE_LIMIT = 50_000
# Their neighbours are found exactly to measure what the approximate search found.
_N_RECALL_QUERIES = 200


def nearest_neighbors(features, n_neighbors):
    """Find the nearest other samples of every sample by cosine similarity.

    Beyond some thousand samples the search finds nearly all of them
    (:func:`neighbor_recall`); beyond 50,000 the time grows as the number of samples.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        May be memory-mapped.
    n_neighbors : int
        At most ``n_samples - 1`` are returned.

    Returns
    -------
    neighbors : ndarray of shape (n_samples, min(n_neighbors, n_samples - 1)), int64
        Indices, nearest first; a sample is never its own neighbour.
    """
    n_samples = len(features)
    # faiss takes no integers of NumPy's.
    n_neighbors = int(min(n_neighbors, n_samples - 1))
    if n_samples <= _PAIRWISE_LIMIT:
        rows = np.arange(n_samples)
        return _without_self(_all_pairs(unit_rows(features, slice(None)), n_neighbors + 1), rows)
    neighbors = np.empty((n_samples, n_neighbors), dtype=np.int64)
    lists = InvertedLists(features)
    for rows in lists.batches():
        found = lists.search(unit_rows(features, rows), n_neighbors + 1, alike=True)
        neighbors[rows] = _without_self(found, rows)
    return neighbors


def _all_pairs(unit, n_found):
    import faiss

    if pays_to_reduce(unit.shape):
        reduced = ReducedSearch(unit)
        if reduced.finds_most(n_found):
            return reduced.search(np.arange(len(unit)), n_found)
    # Without an index, which would copy them.
    return faiss.knn(unit, unit, n_found, metric=faiss.METRIC_INNER_PRODUCT)[1]


def nearest_of_few(features, rows, queries, n_neighbors):
    """Find the nearest other samples of a few, exactly; a chunk of the features is read at a time.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        May be memory-mapped.
    rows : ndarray of shape (n_rows,), int64
        Among which neighbours are sought.
    queries : ndarray of shape (n_queries,), int64
        Some of these rows.
    n_neighbors : int
        At most ``n_rows - 1`` are returned.

    Returns
    -------
    neighbors : ndarray of shape (n_queries, min(n_neighbors, n_rows - 1)), int64
        Rows of the features, nearest first; a sample is never its own neighbour.
    """
    n_found = min(n_neighbors, len(rows) - 1) + 1
    neighbors = np.empty((len(queries), n_found - 1), dtype=np.int64)
    for chunk in row_chunks(len(queries)):
        found = _search(unit_rows(features, queries[chunk]), features, rows, n_found).I
        neighbors[chunk] = _without_self(found, queries[chunk])
    return neighbors


def neighbor_recall(features, neighbors):
    """Measure on a sample which share of the nearest neighbours was found.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        What :func:`nearest_neighbors` found.

    Returns
    -------
    recall : float in [0, 1]
        Of 200 samples; 1 where there are no others.
    """
    n_samples, n_neighbors = neighbors.shape
    if n_neighbors == 0:
        return 1.0
    queries = random_rows(n_samples, _N_RECALL_QUERIES)
    unit = unit_rows(features, queries)
    heap = _search(unit, features, np.arange(n_samples), n_neighbors + 1)
    # Cosines and not numbers are compared, since of copies one is as good as another; what is
    # found twice, or is the sample itself, stands for something that was not found.
    found = np.sort(neighbors[queries], axis=1)
    is_new = (np.diff(found, axis=1, prepend=-1) > 0) & (found != queries[:, None])
    rows = unit_rows(features, found.ravel()).reshape(*found.shape, -1)
    is_near = np.einsum("qd,qnd->qn", unit, rows) >= heap.D[:, -1:] - 1e-5
    return float((is_new & is_near).mean())


def _search(unit, features, rows, n_found):
    """Heap of the rows with the highest cosines to unit vectors: ``D``, the cosines, and ``I``."""
    import faiss

    heap = faiss.ResultHeap(len(unit), int(n_found), keep_max=True)
    for chunk in row_chunks(len(rows)):
        others = unit_rows(features, rows[chunk])
        n_of_chunk = int(min(n_found, len(others)))
        cosines, found = faiss.knn(unit, others, n_of_chunk, metric=faiss.METRIC_INNER_PRODUCT)
        heap.add_result(cosines, rows[chunk][found])
    heap.finalize()
    return heap


def _without_self(found, rows):
    """Leave each sample out of what was found for it, and fill what was not found."""
    # A sample is usually its own nearest hit, but not among exact duplicates: drop it where
    # it stands, or the last hit where it does not.
    is_self = found == rows[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    neighbors = found[~is_self].reshape(len(found), found.shape[1] - 1)
    # What an approximate search did not find is marked by -1: the nearest stands in for it.
    return np.where(neighbors < 0, neighbors[:, :1], neighbors)
