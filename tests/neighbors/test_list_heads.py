import numpy as np
import pytest

from skdeepcluster.neighbors import _list_heads
from skdeepcluster.neighbors._list_heads import ListHeads


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    centers = 20 * rng.normal(size=(40, 6))
    return (centers[np.arange(4000) % 40] + rng.normal(size=(4000, 6))).astype(np.float32)


def distances(rows, heads):
    return np.linalg.norm(rows[:, None] - heads.middles, axis=2)


def test_rows_are_in_lists_of_rows_that_are_alike(rows):
    heads = ListHeads(rows, 40)
    assert len(heads.middles) == pytest.approx(40, abs=6)
    to_middles = distances(rows, heads)
    own = to_middles[np.arange(len(rows)), heads.assign(rows)]
    # The nearest middle of all may be that of a list in another group, but seldom is.
    assert (own == to_middles.min(axis=1)).mean() > 0.95
    assert np.median(own) < 5


def test_near_lists_are_the_nearest(rows, monkeypatch):
    heads = ListHeads(rows, 100)
    squares, lists = heads.near(rows[:50], 7)
    expected = np.sort(distances(rows[:50], heads), axis=1)[:, :7]
    np.testing.assert_allclose(np.sqrt(squares), expected, rtol=1e-2)
    np.testing.assert_allclose(
        np.take_along_axis(distances(rows[:50], heads), lists, axis=1), expected, rtol=1e-3
    )
    # Rows of one class: lists that are far from all of them are not considered.
    monkeypatch.setattr(_list_heads, "_N_CONSIDERED", 20)
    np.testing.assert_array_equal(
        heads.near(rows[:400:40], 2, alike=True)[1], heads.near(rows[:400:40], 2)[1]
    )


def test_copies_and_a_single_list():
    heads = ListHeads(np.ones((200, 3), dtype=np.float32), 9)
    assert set(heads.assign(np.ones((5, 3), dtype=np.float32))) <= set(range(len(heads.middles)))
    single = ListHeads(np.eye(3, dtype=np.float32), 1)
    assert single.assign(np.eye(3, dtype=np.float32)).tolist() == [0, 0, 0]
