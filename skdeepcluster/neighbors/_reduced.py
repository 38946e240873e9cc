"""Search for neighbours among leading components, then among the few that are found."""

import numpy as np
from sklearn.utils import gen_batches

from ..features import leading_components, random_rows

# Candidates for each neighbour that is wanted. With 1.5, one in a hundred is missed, and a set of
# uneven classes loses a point of accuracy.
_N_CANDIDATES = 2.5
# Queries whose candidates are compared at a time: their rows stay in the cache of the processor.
_BATCH_SIZE = 64
# Queries whose neighbours are sought among all rows, to see whether components are enough, and the
# least share of these that is found by them.
_N_TRIED = 100
_LEAST_RECALL = 0.99


class ReducedSearch:
    """Search by the leading components of rows, then by the rows.

    Of features of images, whose variance is in few components, nearly all neighbours are found in
    half the time of comparing all pairs.

    Parameters
    ----------
    unit : ndarray of shape (n_samples, n_features), float32
        Unit vectors.
    """

    def __init__(self, unit):
        self._unit = unit
        self._components = leading_components(unit)

    def finds_most(self, n_found):
        """Whether components are enough, as a few queries tell."""
        queries = random_rows(len(self._unit), _N_TRIED)
        found = self.search(queries, n_found)
        expected = _highest(self._unit[queries], self._unit, n_found)
        pairs = zip(found, expected, strict=True)
        return np.mean([np.isin(*pair).mean() for pair in pairs]) >= _LEAST_RECALL

    def search(self, queries, n_found):
        """Find nearly all of the rows with the highest cosines.

        Parameters
        ----------
        queries : ndarray of shape (n_queries,), int64
            Rows to which others are sought.
        n_found : int
            Including the row itself.

        Returns
        -------
        found : ndarray of shape (n_queries, n_found), int64
            Nearest first.
        """
        n_candidates = min(len(self._unit), round(_N_CANDIDATES * n_found))
        candidates = _highest(self._components[queries], self._components, n_candidates)
        found = np.empty((len(queries), n_found), dtype=np.int64)
        for batch in gen_batches(len(queries), _BATCH_SIZE):
            near, rows = candidates[batch], self._unit[queries[batch]]
            cosines = np.matmul(self._unit[near], rows[:, :, None])[:, :, 0]
            order = np.argsort(-cosines, axis=1)[:, :n_found]
            found[batch] = np.take_along_axis(near, order, axis=1)
        return found


def _highest(queries, rows, n_found):
    import faiss

    return faiss.knn(queries, rows, n_found, metric=faiss.METRIC_INNER_PRODUCT)[1]
