"""Validation of features that a user passes."""

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import validate_data

from ._rows import float_rows, row_chunks


def check_features(estimator, X, *, reset):
    """Validate features as scikit-learn does, without copying those in single or half precision.

    Parameters
    ----------
    estimator : estimator
    X : array-like of shape (n_samples, n_features)
        A memory-mapped array stays on disk.
    reset : bool
        Whether the number and names of the features are stored on the estimator, as in ``fit``,
        or compared with those that are.

    Returns
    -------
    features : ndarray of shape (n_samples, n_features), float32 or float16

    Raises
    ------
    ValueError
        If a value is not finite, or the shape does not fit.
    """
    X = validate_data(
        estimator, X, reset=reset, dtype=[np.float32, np.float16], ensure_all_finite=False
    )
    for chunk in row_chunks(len(X)):
        # The check begins with a sum, which would overflow in half precision.
        assert_all_finite(
            float_rows(X, chunk),
            estimator_name=type(estimator).__name__,
            input_name="X",
        )
    return X
