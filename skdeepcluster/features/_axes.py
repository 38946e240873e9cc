"""Principal axes."""

from scipy.linalg import eigh

from ..threads import linear_algebra_in_one_thread


def leading_axes(moments, n_axes):
    """Find the axes of the largest second moments.

    Parameters
    ----------
    moments : ndarray of shape (n_features, n_features), float32
        Sums of products of columns; symmetric, finite.
    n_axes : int

    Returns
    -------
    axes : ndarray of shape (n_features, min(n_axes, n_features)), float32
        Orthonormal columns, that of the largest moment first.
    """
    n_features = len(moments)
    chosen = (n_features - min(n_axes, n_features), n_features - 1)
    with linear_algebra_in_one_thread():
        axes = eigh(moments, subset_by_index=chosen, check_finite=False)[1]
    return axes[:, ::-1].copy()
