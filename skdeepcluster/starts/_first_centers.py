"""First centres for k-means, far from one another."""

import numpy as np
from scipy import sparse

# Rows that centres are drawn from, at least and for each centre; more do not make them better.
_MOST_ROWS = 5000
_ROWS_PER_CENTER = 50


def first_centers(rows, n_clusters, random_state, sizes=None):
    """Draw rows, each with a probability that grows with its distance from those before.

    As scikit-learn's ``kmeans_plusplus``, several are drawn at a time, of which the one is kept
    that leaves the rows nearest to their centres. This is a fraction of its time: in single
    precision, without what is checked at each step there, and of a sample of many rows.

    Parameters
    ----------
    rows : ndarray or sparse array of shape (n_rows, n_columns), float
    n_clusters : int
        At most as many as rows.
    random_state : RandomState instance
    sizes : ndarray of shape (n_rows,), default=None
        Weights of the rows.

    Returns
    -------
    centers : ndarray of shape (n_clusters, n_columns)
        In the precision of the rows.

    References
    ----------
    D. Arthur, S. Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007.
    """
    most = max(_MOST_ROWS, _ROWS_PER_CENTER * n_clusters)
    if rows.shape[0] > most:
        drawn = random_state.choice(rows.shape[0], most, replace=False)
        rows, sizes = rows[drawn], None if sizes is None else sizes[drawn]
    n_rows = rows.shape[0]
    sizes = np.ones(n_rows, dtype=np.float32) if sizes is None else sizes.astype(np.float32)
    squares = rows.multiply(rows) if sparse.issparse(rows) else rows * rows
    norms = np.asarray(squares.sum(axis=1), dtype=np.float32)
    n_trials = 2 + int(np.log(n_clusters))
    nearest = np.full(n_rows, np.inf, dtype=np.float32)
    centers: list[int] = []
    shares = sizes
    for _ in range(n_clusters):
        sums = shares.cumsum(dtype=np.float64)
        wanted = random_state.uniform(size=n_trials if centers else 1) * sums[-1]
        trials = np.minimum(sums.searchsorted(wanted, side="right"), n_rows - 1)
        distances = np.minimum(_distances(rows, norms, trials), nearest)
        best = (distances @ sizes).argmin()
        centers.append(trials[best])
        nearest = distances[best]
        shares = nearest * sizes
    return _dense(rows[centers])


def _distances(rows, norms, chosen):
    """Squared distances of all rows to the chosen ones, (n_chosen, n_rows)."""
    products = (rows @ _dense(rows[chosen]).T).T
    distances = norms - 2 * products + norms[chosen, None]
    return np.maximum(distances, 0, out=distances)


def _dense(rows):
    return rows.toarray() if sparse.issparse(rows) else rows
