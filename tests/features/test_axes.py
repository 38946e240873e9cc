import numpy as np
import pytest

from skdeepcluster.features import leading_axes


def test_axes_are_those_of_the_largest_moments_in_order():
    rows = np.random.default_rng(0).normal(size=(200, 30)).astype(np.float32)
    rows *= np.linspace(1, 3, 30, dtype=np.float32)
    axes = leading_axes(rows.T @ rows, 4)
    expected = np.linalg.svd(rows, full_matrices=False)[2][:4].T
    np.testing.assert_allclose(np.abs(axes.T @ expected), np.eye(4), atol=1e-4)


@pytest.mark.parametrize("n_columns", [1, 3])
def test_there_are_no_more_axes_than_columns(n_columns):
    axes = leading_axes(np.eye(n_columns, dtype=np.float32), 256)
    assert axes.shape == (n_columns, n_columns)
    # Torch takes no negative ones, which NumPy overlooks in a single column.
    assert min(axes.strides) > 0
