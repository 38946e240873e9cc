"""Principal axes, and components along them."""

from scipy.linalg import LinAlgError, eigh

from ..processor import linear_algebra_in_one_thread
from ._rows import random_rows

# Components that stand for rows with many more columns.
_N_LEADING = 256
# Rows that their axes are found by.
_N_ROWS_FOR_AXES = 4096


def pays_to_reduce(shape):
    """Whether rows are many, with many more columns than there are leading components."""
    n_rows, n_columns = shape
    return n_rows > _N_ROWS_FOR_AXES and n_columns > 2 * _N_LEADING


def leading_components(unit):
    """Components of rows, which hold nearly all of what features of images differ by.

    Parameters
    ----------
    unit : ndarray of shape (n_samples, n_features), float32
        Unit vectors.

    Returns
    -------
    components : ndarray of shape (n_samples, min(256, n_features)), float32
        Along orthonormal axes through the origin, so that their products are nearly cosines.
    """
    sample = unit[random_rows(len(unit), _N_ROWS_FOR_AXES)]
    with linear_algebra_in_one_thread():
        return unit @ leading_axes(sample.T @ sample, _N_LEADING)


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
