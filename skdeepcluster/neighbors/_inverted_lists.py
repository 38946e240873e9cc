"""Approximate nearest neighbours of features that may be larger than memory."""

import math

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import gen_batches

from ..features import random_rows, row_chunks, unit_rows

# Candidates are found by so many principal components, half precision: a tenth of the
# features' bytes and more of their distances.
_N_COMPONENTS = 128
_N_ROWS_FOR_COMPONENTS = 10_000
# Rows a list: with this fixed, the cost of a query does not grow with the number of rows.
_LIST_SIZE = 256
# More lists would take longer to find than to search.
_MOST_LISTS = 16_384
_ROWS_PER_LIST_FOR_TRAINING = 40
_N_PROBED = 16
# Candidates a query, in units of the neighbours wanted.
_CANDIDATES = 1.5


class InvertedLists:
    """Rows of features in lists of rows that are alike.

    A query looks for candidates in the nearest lists, by principal components. Queries come
    in batches of rows that are alike: the candidates of all of them are compared with each by
    the features themselves, which costs one matrix product and finds more neighbours than
    the components do. Nothing is random that the number of rows does not settle.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        May be memory-mapped; is read as long as the index is used.
    """

    def __init__(self, features):
        import faiss

        self.features = features
        n_samples, n_features = features.shape
        self._components = None
        if n_features > _N_COMPONENTS:
            self._components = PCA(_N_COMPONENTS, svd_solver="covariance_eigh").fit(
                unit_rows(features, random_rows(n_samples, _N_ROWS_FOR_COMPONENTS))
            )
        n_lists = min(max(n_samples // _LIST_SIZE, 1), _MOST_LISTS)
        n_dimensions = min(n_features, _N_COMPONENTS)
        self._heads = faiss.IndexFlatL2(n_dimensions)
        self._index = faiss.IndexIVFScalarQuantizer(
            self._heads, n_dimensions, n_lists, faiss.ScalarQuantizer.QT_fp16
        )
        self._index.nprobe = _N_PROBED
        self._index.cp.min_points_per_centroid = 1
        rows = random_rows(n_samples, _ROWS_PER_LIST_FOR_TRAINING * n_lists)
        self._index.train(
            np.concatenate(
                [self._reduced(unit_rows(features, rows[chunk])) for chunk in row_chunks(len(rows))]
            )
        )
        self._list_of = np.empty(n_samples, dtype=np.int32)
        for chunk in row_chunks(n_samples):
            reduced = self._reduced(unit_rows(features, chunk))
            self._list_of[chunk] = self._heads.search(reduced, 1)[1][:, 0]
            self._index.add(reduced)

    def batches(self):
        """Yield the row numbers in batches of rows that are alike."""
        order = np.argsort(self._list_of, kind="stable")
        for batch in gen_batches(len(order), _LIST_SIZE):
            yield order[batch]

    def search(self, unit, n_neighbors):
        """Find rows with a high cosine.

        Parameters
        ----------
        unit : ndarray of shape (n_queries, n_features), float32
            Of unit length.
        n_neighbors : int

        Returns
        -------
        neighbors : ndarray of shape (n_queries, n_neighbors), int64
            Row numbers, nearest first; the last ones are -1 where too few were found.
        """
        import faiss

        n_candidates = math.ceil(_CANDIDATES * n_neighbors)
        candidates = np.unique(self._index.search(self._reduced(unit), n_candidates)[1])
        candidates = candidates[candidates >= 0]
        n_found = min(n_neighbors, len(candidates))
        others = unit_rows(self.features, candidates)
        _, nearest = faiss.knn(unit, others, n_found, metric=faiss.METRIC_INNER_PRODUCT)
        neighbors = np.full((len(unit), n_neighbors), -1, dtype=np.int64)
        neighbors[:, :n_found] = candidates[nearest]
        return neighbors

    def _reduced(self, unit):
        if self._components is None:
            return unit
        return np.ascontiguousarray(self._components.transform(unit), dtype=np.float32)
