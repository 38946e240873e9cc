import numpy as np
import pytest
from scipy import sparse

from skdeepcluster.starts import _first_centers
from skdeepcluster.starts._first_centers import first_centers


@pytest.fixture
def blobs():
    rng = np.random.default_rng(0)
    places = np.array([[x, y] for x in range(4) for y in range(5)])
    return (100 * places[np.arange(2000) % 20] + rng.normal(size=(2000, 2))).astype(np.float32)


def cell(rows):
    return {tuple(row) for row in np.round(rows / 100).astype(int).tolist()}


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array])
def test_every_cluster_that_lies_apart_has_a_center(blobs, convert):
    centers = first_centers(convert(blobs), 20, np.random.RandomState(0))
    assert centers.dtype == blobs.dtype
    assert len(cell(centers)) == 20
    # They are rows.
    assert {tuple(row) for row in centers.tolist()} <= {tuple(row) for row in blobs.tolist()}


def test_of_many_rows_a_sample_is_enough(blobs, monkeypatch):
    monkeypatch.setattr(_first_centers, "_MOST_ROWS", 100)
    monkeypatch.setattr(_first_centers, "_ROWS_PER_CENTER", 20)
    sizes = np.ones(2000)
    assert len(cell(first_centers(blobs, 20, np.random.RandomState(0), sizes))) == 20


def test_rows_without_weight_are_no_centers(blobs):
    sizes = (np.arange(2000) % 20 < 5).astype(float)
    centers = first_centers(blobs, 5, np.random.RandomState(0), sizes)
    assert cell(centers) == {(0, y) for y in range(5)}


def test_copies_have_centers_as_well():
    assert first_centers(np.ones((6, 2)), 3, np.random.RandomState(0)).tolist() == [[1, 1]] * 3
