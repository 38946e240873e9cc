"""Approximate nearest neighbours of features that may be larger than memory."""

import math
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import gen_batches

from ..features import random_rows, row_chunks, unit_rows
from ..processor import linear_algebra_in_one_thread
from ._list_heads import ListHeads

# Candidates are found by so many principal components, of four bits each.
_N_COMPONENTS = 128
_N_ROWS_FOR_COMPONENTS = 10_000
# Rows a list: with this fixed, the cost of a query does not grow with the number of rows.
_LIST_SIZE = 256
# Queries that are answered together: rows that are alike have many candidates in common, which
# are read once.
_BATCH_SIZE = 1024
_ROWS_PER_LIST_FOR_TRAINING = 40
_N_PROBED = 40
# Candidates a query, in units of the neighbours wanted.
_CANDIDATES = 2.6
# Values of four bits.
_N_LEVELS = 16


class InvertedLists:
    """Rows of features in lists of rows that are alike.

    A query looks for candidates in the nearest lists, by principal components of four bits each,
    of which a processor compares dozens at a time. The features themselves tell which of them are
    the neighbours. Nothing is random that the number of rows does not settle.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        May be memory-mapped; is read as long as the index is used.

    References
    ----------
    F. Andre, A.-M. Kermarrec, N. Le Scouarnec, "Cache Locality is Not Enough: High-Performance
    Nearest Neighbor Search with Product Quantization Fast Scan", PVLDB 9 (2015).
    """

    def __init__(self, features):
        import faiss

        self.features = features
        n_samples = len(features)
        self._fit_components()
        n_lists = max(n_samples // _LIST_SIZE, 1)
        rows = random_rows(n_samples, _ROWS_PER_LIST_FOR_TRAINING * n_lists)
        sample = np.concatenate([self._reduced_rows(rows[c]) for c in row_chunks(len(rows))])
        self._heads = ListHeads(sample, n_lists)
        n_dimensions = sample.shape[1]
        self._middles = faiss.IndexFlatL2(n_dimensions)
        self._middles.add(self._heads.middles)
        index = faiss.IndexIVFPQ(
            self._middles, n_dimensions, len(self._heads.middles), n_dimensions, 4
        )
        index.by_residual = False
        index.pq.cp.min_points_per_centroid = 1
        index.train(np.resize(sample, (max(len(sample), _N_LEVELS), n_dimensions)))
        self._list_of = np.empty(n_samples, dtype=np.int32)
        for chunk in row_chunks(n_samples):
            reduced = self._reduced_rows(chunk)
            lists, numbers = self._heads.assign(reduced), np.arange(chunk.start, chunk.stop)
            pointers = map(faiss.swig_ptr, (reduced, numbers, lists))
            index.add_core(len(reduced), *pointers)
            self._list_of[chunk] = lists
        # The same codes, in the order in which they are compared many at a time.
        self._index: Any = faiss.IndexIVFPQFastScan(index)
        self._index.nprobe = min(_N_PROBED, len(self._heads.middles))

    def batches(self):
        """Yield the row numbers in batches of rows that are alike."""
        order = np.argsort(self._list_of, kind="stable")
        for batch in gen_batches(len(order), _BATCH_SIZE):
            yield order[batch]

    def search(self, unit, n_neighbors, *, alike=False):
        """Find rows with a high cosine.

        Parameters
        ----------
        unit : ndarray of shape (n_queries, n_features), float32
            Of unit length.
        n_neighbors : int
        alike : bool, default=False
            Whether the queries are one of the ``batches``, which is quicker.

        Returns
        -------
        neighbors : ndarray of shape (n_queries, n_neighbors), int64
            Row numbers, nearest first; the last ones are -1 where too few were found.
        """
        reduced = self._reduced(unit)
        squares, lists = self._heads.near(reduced, self._index.nprobe, alike=alike)
        n_candidates = math.ceil(_CANDIDATES * n_neighbors)
        found = self._index.search_preassigned(reduced, n_candidates, lists, squares)[1]
        candidates, places = np.unique(found, return_inverse=True)
        if candidates[0] < 0:
            # What was not found; it stands last, here as well.
            candidates, places = candidates[1:], places - 1
        nearest = _nearest_of(
            unit, unit_rows(self.features, candidates), places.reshape(found.shape), n_neighbors
        )
        return np.where(nearest < 0, -1, candidates[nearest])

    def _fit_components(self):
        sample = unit_rows(self.features, random_rows(len(self.features), _N_ROWS_FOR_COMPONENTS))
        pca = PCA(min(_N_COMPONENTS, *sample.shape), svd_solver="covariance_eigh")
        with linear_algebra_in_one_thread():
            pca.fit(sample)
            # Turned at random, all components are of about the same size, as few bits want it.
            n_components = len(pca.components_)
            random = np.random.default_rng(0).normal(size=(n_components, n_components))
            turn, _ = np.linalg.qr(random)
        self._mean = pca.mean_
        self._axes = (turn @ pca.components_).T.astype(np.float32)

    def _reduced_rows(self, rows):
        return self._reduced(unit_rows(self.features, rows))

    def _reduced(self, unit):
        return (unit - self._mean) @ self._axes


def _nearest_of(queries, rows, candidates, n_neighbors):
    """Find those of each query's own candidates that have the highest inner products with it.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features), float32
    rows : ndarray of shape (n_rows, n_features), float32
    candidates : ndarray of shape (n_queries, n_candidates), int64
        Row numbers; -1 stands after them where there are fewer.
    n_neighbors : int

    Returns
    -------
    nearest : ndarray of shape (n_queries, n_neighbors), int64
        Row numbers, and -1 after them.
    """
    import faiss

    products = np.empty((len(queries), n_neighbors), dtype=np.float32)
    nearest = np.empty((len(queries), n_neighbors), dtype=np.int64)
    queries, rows, candidates = map(np.ascontiguousarray, (queries, rows, candidates))
    faiss.knn_inner_products_by_idx(  # type: ignore[attr-defined]
        *map(faiss.swig_ptr, (queries, rows, candidates)),
        queries.shape[1],
        len(queries),
        len(rows),
        candidates.shape[1],
        n_neighbors,
        *map(faiss.swig_ptr, (products, nearest)),
        candidates.shape[1],
    )
    return nearest
