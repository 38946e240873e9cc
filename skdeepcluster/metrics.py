"""Measures of a clustering against known classes."""

from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_array, check_consistent_length

__all__ = ["clustering_accuracy"]


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
