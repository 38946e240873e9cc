"""The middles of lists of rows that are alike, found in two steps."""

import numpy as np

_N_ITERATIONS = 10
# Lists that rows which are alike may have to look into.
_N_CONSIDERED = 512


class ListHeads:
    """Middles of lists: k-means in about the root of their number of groups, and in each group.

    To train and to assign by all of them at once would take a time that grows with the square of
    their number.

    Parameters
    ----------
    sample : ndarray of shape (n_rows, n_dimensions), float32
        Rows like those that are assigned later.
    n_lists : int
        About so many; not more than rows.
    """

    def __init__(self, sample, n_lists):
        n_groups = round(n_lists**0.5)
        groups = _k_means(sample, n_groups)
        group_of = _nearest(sample, groups)
        per_list = len(sample) / n_lists
        # A group that holds no row of the sample gets none.
        filled = np.unique(group_of)
        self._groups = groups[filled]
        self._of_groups = [
            _k_means(rows, max(1, round(len(rows) / per_list)))
            for rows in (sample[group_of == group] for group in filled)
        ]
        sizes = [len(middles) for middles in self._of_groups]
        self._firsts = np.cumsum([0, *sizes[:-1]])
        self.middles = np.concatenate(self._of_groups)

    def assign(self, rows):
        """Give each row, (n_rows, n_dimensions), float32, the number of a list, (n_rows,), int64.

        Of those in the nearest group the nearest, which need not be the nearest of all.
        """
        group_of = _nearest(rows, self._groups)
        lists = np.empty(len(rows), dtype=np.int64)
        for group in np.unique(group_of):
            members = np.flatnonzero(group_of == group)
            lists[members] = self._firsts[group] + _nearest(rows[members], self._of_groups[group])
        return lists

    def near(self, rows, n_lists, *, alike=False):
        """Find the lists whose middles are nearest to each row.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_dimensions), float32
        n_lists : int
            At most as many as there are.
        alike : bool, default=False
            Whether all rows are near one another, so that most lists are far from all of them.

        Returns
        -------
        squares : ndarray of shape (n_rows, n_lists), float32
            Squared distances.
        lists : ndarray of shape (n_rows, n_lists), int64
            Nearest first.
        """
        import faiss

        if not alike or len(self.middles) <= _N_CONSIDERED:
            return faiss.knn(rows, self.middles, n_lists)
        mean = rows.mean(axis=0, keepdims=True)
        considered = faiss.knn(mean, self.middles, _N_CONSIDERED)[1][0]
        squares, places = faiss.knn(rows, self.middles[considered], n_lists)
        return squares, considered[places]


def _nearest(rows, middles):
    import faiss

    return faiss.knn(rows, middles, 1)[1][:, 0]


def _k_means(rows, n_clusters):
    import faiss

    kmeans = faiss.Kmeans(
        rows.shape[1],
        n_clusters,
        niter=_N_ITERATIONS,
        # All rows are trained on, and no number of them is warned about.
        max_points_per_centroid=len(rows),
        min_points_per_centroid=1,
    )
    kmeans.train(rows)
    return kmeans.centroids
