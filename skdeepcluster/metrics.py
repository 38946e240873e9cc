"""Measures of clusterings against known classes, and of retrieval."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_array, check_consistent_length

__all__ = ["clustering_accuracy", "median_rank", "recall_at_k", "retrieval_ranks"]


def clustering_accuracy(y_true, y_pred):
    """Share of samples that are right under the best matching of clusters to classes.

    Each cluster stands for one class at most and each class for one cluster; the matching is
    found by the Hungarian method. Clusters left over count as wrong.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Classes: numbers or strings.
    y_pred : array-like of shape (n_samples,)
        Clusters.

    Returns
    -------
    accuracy : float in [0, 1]

    References
    ----------
    Y. Yang et al., "Image Clustering Using Local Discriminant Models and Global Integration",
    IEEE Transactions on Image Processing 19 (2010), 2761-2773.

    Examples
    --------
    >>> from skdeepcluster.metrics import clustering_accuracy
    >>> clustering_accuracy(["cat", "cat", "dog", "dog"], [1, 1, 0, 1])
    0.75
    """
    check_consistent_length(y_true, y_pred)
    y_true = check_array(y_true, ensure_2d=False, dtype=None, input_name="y_true")
    y_pred = check_array(y_pred, ensure_2d=False, dtype=None, input_name="y_pred")
    counts = contingency_matrix(y_true, y_pred)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(y_true))


def retrieval_ranks(y_true, y_score):
    """Rank of the best relevant item of each query; ties count against it.

    Parameters
    ----------
    y_true : array-like of shape (n_queries, n_items), bool
        Which items are relevant: one a query at least.
    y_score : array-like of shape (n_queries, n_items)
        Higher is more similar.

    Returns
    -------
    ranks : ndarray of shape (n_queries,), int64
        From 1: one more than the number of items that are not relevant and score at least as
        much as the best one that is.

    Examples
    --------
    >>> from skdeepcluster.metrics import retrieval_ranks
    >>> retrieval_ranks([[True, False, False], [False, True, True]], [[0, 0, 1], [2, 1, 3]])
    array([3, 1])
    """
    y_true = check_array(y_true, dtype=None, input_name="y_true").astype(bool)
    y_score = check_array(y_score, dtype=None, input_name="y_score")
    if y_true.shape != y_score.shape:
        raise ValueError(f"y_true has the shape {y_true.shape}, y_score {y_score.shape}.")
    if not y_true.any(axis=1).all():
        culprit = int(np.flatnonzero(~y_true.any(axis=1))[0])
        raise ValueError(f"Query {culprit} has no relevant item in y_true.")
    best = np.where(y_true, y_score, -np.inf).max(axis=1)
    return 1 + ((y_score >= best[:, None]) & ~y_true).sum(axis=1)


def recall_at_k(y_true, y_score, k=10):
    """Share of queries with a relevant item among the first k; ties count against it.

    Parameters
    ----------
    y_true : array-like of shape (n_queries, n_items), bool
    y_score : array-like of shape (n_queries, n_items)
    k : int, default=10

    Returns
    -------
    recall : float in [0, 1]

    Examples
    --------
    >>> from skdeepcluster.metrics import recall_at_k
    >>> recall_at_k([[True, False, False], [False, True, True]], [[0, 0, 1], [2, 1, 3]], k=1)
    0.5
    """
    return float((retrieval_ranks(y_true, y_score) <= k).mean())


def median_rank(y_true, y_score):
    """Median over queries of the rank of the best relevant item, from 1; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n_queries, n_items), bool
    y_score : array-like of shape (n_queries, n_items)

    Returns
    -------
    rank : float
    """
    return float(np.median(retrieval_ranks(y_true, y_score)))
