import numpy as np
import pytest

from skdeepcluster.features import _axes, leading_axes


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


def test_axes_of_few_rows_are_found_where_lapack_gives_up(monkeypatch):
    """On some processors it does, of moments nearly all of which are rounding."""
    rows = np.random.default_rng(0).normal(size=(10, 400)).astype(np.float32)
    found = leading_axes(rows.T @ rows, 256)

    def eigh(moments, subset_by_index=None, **kwargs):
        if subset_by_index is not None:
            raise np.linalg.LinAlgError("Internal Error.")
        return np.linalg.eigh(moments)

    monkeypatch.setattr(_axes, "eigh", eigh)
    axes = leading_axes(rows.T @ rows, 256)
    assert axes.shape == found.shape == (400, 256)
    np.testing.assert_allclose(axes.T @ axes, np.eye(256), atol=1e-4)
    np.testing.assert_allclose(np.abs(axes.T @ found)[:10, :10], np.eye(10), atol=1e-3)
