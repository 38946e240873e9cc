import numpy as np

from skdeepcluster.features import leading_axes


def test_axes_are_those_of_the_largest_moments_in_order():
    rows = np.random.default_rng(0).normal(size=(200, 30)).astype(np.float32)
    rows *= np.linspace(1, 3, 30, dtype=np.float32)
    axes = leading_axes(rows.T @ rows, 4)
    expected = np.linalg.svd(rows, full_matrices=False)[2][:4].T
    np.testing.assert_allclose(np.abs(axes.T @ expected), np.eye(4), atol=1e-4)


def test_there_are_no_more_axes_than_columns():
    assert leading_axes(np.eye(3, dtype=np.float32), 256).shape == (3, 3)
