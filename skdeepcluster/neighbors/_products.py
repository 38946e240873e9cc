"""Highest inner products with rows that need not be of unit length."""

import numpy as np

from ..features import row_chunks


def highest_products(queries, rows, n_nearest):
    """Find the highest inner products of each query with any row.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features), float32 or float16
    rows : ndarray of shape (n_rows, n_features), float32 or float16
    n_nearest : int
        How many; at most ``n_rows`` are found.

    Returns
    -------
    products : ndarray of shape (n_queries, min(n_nearest, n_rows)), float32
        Highest first.
    indices : ndarray of the same shape, int64
        Of the rows.
    """
    import faiss

    rows = np.asarray(rows, dtype=np.float32)
    n_nearest = int(min(n_nearest, len(rows)))
    products = np.empty((len(queries), n_nearest), dtype=np.float32)
    indices = np.empty((len(queries), n_nearest), dtype=np.int64)
    for chunk in row_chunks(len(queries)):
        products[chunk], indices[chunk] = faiss.knn(
            np.asarray(queries[chunk], dtype=np.float32),
            rows,
            n_nearest,
            metric=faiss.METRIC_INNER_PRODUCT,
        )
    return products, indices
