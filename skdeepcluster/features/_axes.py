"""Principal axes."""

from scipy.linalg import LinAlgError, eigh

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
        try:
            axes = eigh(moments, subset_by_index=chosen, check_finite=False)[1]
        except LinAlgError:
            # LAPACK's ways of finding some axes give up where most moments are rounding, as those
            # of few images are. That of finding all takes longer and does not.
            axes = eigh(moments, driver="evd", check_finite=False)[1][:, chosen[0] :]
    return axes[:, ::-1].copy()
