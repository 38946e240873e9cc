"""Metrics of clusterings against known classes, and of retrieval."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_array, check_consistent_length, column_or_1d

__all__ = [
    "clustering_accuracy",
    "expected_calibration_error",
    "median_rank",
    "recall_at_k",
    "retrieval_ranks",
]


def clustering_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Fraction of samples that are correct under the best matching of clusters to classes.

    Each cluster is matched to at most one class and vice versa, by the Hungarian method. Samples
    in unmatched clusters count as wrong, and so do samples that are in no cluster.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Classes: numbers or strings.
    y_pred : array-like of shape (n_samples,)
        Clusters. Samples with the label -1, such as skipped images or the noise points of a
        density-based clusterer, are in no cluster and never correct.

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
    return float(_is_correct(y_true, y_pred).mean())


def _is_correct(y_true, y_pred):
    """Whether each sample is correct under the best matching of clusters to classes."""
    check_consistent_length(y_true, y_pred)
    y_true, y_pred = (
        column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name=name))
        for name, y in (("y_true", y_true), ("y_pred", y_pred))
    )
    class_of, cluster_of = (np.unique(y, return_inverse=True)[1] for y in (y_true, y_pred))
    clustered = y_pred != -1
    counts = contingency_matrix(class_of, cluster_of)
    counts[:, cluster_of[~clustered]] = 0
    rows, columns = linear_sum_assignment(counts, maximize=True)
    matched = np.full(counts.shape[1], -1)
    matched[columns] = rows
    return clustered & (matched[cluster_of] == class_of)


def expected_calibration_error(
    y_true: ArrayLike, labels: ArrayLike, probabilities: ArrayLike, n_bins: int = 15
) -> float:
    """Mean difference between the confidence and the accuracy of a clustering.

    Samples are binned by their confidence; the absolute differences between the mean confidence
    and the accuracy of the bins are averaged, weighted by the sizes of the bins. Clusters are
    matched to classes as in :func:`clustering_accuracy`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Classes: numbers or strings.
    labels : array-like of shape (n_samples,)
        Clusters. Samples with the label -1 are left out.
    probabilities : array-like of shape (n_samples, n_clusters) or (n_samples,)
        Probabilities of all clusters, of which the highest is used, or of the cluster in
        ``labels``.
    n_bins : int, default=15
        Number of bins, of equal width, from 0 to 1.

    Returns
    -------
    error : float in [0, 1]
        0 is perfect.

    Raises
    ------
    ValueError
        If the lengths differ, all labels are -1, or a probability is not in [0, 1].

    References
    ----------
    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, arXiv:1706.04599.

    Examples
    --------
    >>> from skdeepcluster.metrics import expected_calibration_error
    >>> y_true = ["cat", "cat", "dog", "dog"]
    >>> expected_calibration_error(y_true, [0, 0, 1, 0], [0.75, 0.75, 0.75, 0.75])
    0.0
    """
    confidence, accuracy, share = reliability_bins(y_true, labels, probabilities, n_bins)
    filled = share > 0
    return float(share[filled] @ np.abs(confidence - accuracy)[filled])


def reliability_bins(y_true, labels, probabilities, n_bins):
    """Bin samples by confidence, see :func:`expected_calibration_error`.

    Returns
    -------
    confidence, accuracy : ndarray of shape (n_bins,)
        Mean of each bin; NaN in empty ones.
    share : ndarray of shape (n_bins,)
        Fraction of the samples in each bin; the sum is 1.
    """
    if not isinstance(n_bins, Integral) or n_bins < 1:
        raise ValueError(f"n_bins must be a positive integer, got {n_bins!r}.")
    check_consistent_length(y_true, labels, probabilities)
    y_true, labels = np.asarray(y_true), np.asarray(labels)
    probabilities = np.asarray(probabilities, dtype=float)
    clustered = labels != -1
    if not clustered.any():
        raise ValueError("No sample is in a cluster: all labels are -1.")
    confidence = probabilities[clustered]
    if confidence.ndim == 2:
        confidence = confidence.max(axis=1)
    # Probabilities may exceed 1 by rounding.
    if not ((confidence >= 0) & (confidence <= 1 + 1e-6)).all():
        raise ValueError("probabilities must be in [0, 1], and NaN only where the label is -1.")
    correct = _is_correct(y_true[clustered], labels[clustered])
    bins = np.digitize(confidence, np.linspace(0, 1, int(n_bins) + 1)[1:-1])
    sizes, sums, hits = (
        np.bincount(bins, weights, minlength=n_bins) for weights in (None, confidence, correct)
    )
    means = np.full((2, n_bins), np.nan)
    np.divide([sums, hits], sizes, out=means, where=sizes > 0)
    return *means, sizes / sizes.sum()


def retrieval_ranks(y_true: ArrayLike, y_score: ArrayLike) -> np.ndarray:
    """Rank of the best relevant item of each query; ties count against it.

    Parameters
    ----------
    y_true : array-like of shape (n_queries, n_items), bool
        Which items are relevant; at least one for each query.
    y_score : array-like of shape (n_queries, n_items)
        Higher is more similar.

    Returns
    -------
    ranks : ndarray of shape (n_queries,), int64
        From 1: one more than the number of irrelevant items that score at least as high as the
        best relevant one.

    Examples
    --------
    >>> from skdeepcluster.metrics import retrieval_ranks
    >>> retrieval_ranks([[True, False, False], [False, True, True]], [[0, 0, 1], [2, 1, 3]])
    array([3, 1])
    """
    relevant = check_array(y_true, dtype=None, input_name="y_true").astype(bool)
    scores = check_array(y_score, dtype=None, input_name="y_score")
    if relevant.shape != scores.shape:
        raise ValueError(f"y_true has shape {relevant.shape}, but y_score {scores.shape}.")
    if not relevant.any(axis=1).all():
        query = int(np.flatnonzero(~relevant.any(axis=1))[0])
        raise ValueError(f"Query {query} has no relevant item in y_true.")
    best = np.where(relevant, scores, -np.inf).max(axis=1)
    return 1 + ((scores >= best[:, None]) & ~relevant).sum(axis=1)


def recall_at_k(y_true: ArrayLike, y_score: ArrayLike, k: int = 10) -> float:
    """Fraction of queries with a relevant item among the first k; ties count against it.

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


def median_rank(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Median over queries of the rank of the best relevant item, from 1 (lower is better).

    Parameters
    ----------
    y_true : array-like of shape (n_queries, n_items), bool
    y_score : array-like of shape (n_queries, n_items)

    Returns
    -------
    rank : float
    """
    return float(np.median(retrieval_ranks(y_true, y_score)))
