import numpy as np
import pytest

from skdeepcluster.neighbors import nearest_neighbors
from skdeepcluster.starts import supervised_start
from skdeepcluster.supervision import supervise


@pytest.fixture
def blobs():
    """Three clusters on a line, and the start that is made of another."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], 30)
    angles = y * 0.6 + rng.uniform(-0.1, 0.1, size=90)
    X = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)

    def change(start, given, is_numbered=False):
        return supervised_start(start, None, X, nearest_neighbors(X, 8), given, 3, is_numbered)

    return y, change


def known(y=None, must_link=None, cannot_link=None):
    return supervise(y, must_link, cannot_link, 90, 3)


def labelled(**classes):
    y = np.full(90, -1)
    for name, label in classes.items():
        y[int(name.removeprefix("at"))] = label
    return y


def test_clusters_get_the_numbers_of_the_classes(blobs):
    y, change = blobs
    numbers = np.array([2, 0, 1])
    given = known(labelled(at3=2, at40=0, at70=1))
    np.testing.assert_array_equal(change(y, given), numbers[y])


def test_clusters_of_which_nothing_is_known_keep_their_numbers(blobs):
    y, change = blobs
    given = known(labelled(at3=0))
    np.testing.assert_array_equal(change(y, given), y)
    given = known(must_link=[(0, 1)], cannot_link=[(0, 40)])
    np.testing.assert_array_equal(change(y, given), y)


def test_a_wrong_start_is_put_right(blobs):
    y, change = blobs
    # The last cluster is thrown together with the one before, and the first is torn apart.
    start = np.where(y == 0, np.arange(90) % 2, 2)
    rows = [*range(0, 30, 5), *range(31, 90, 5)]
    given = np.full(90, -1)
    given[rows] = y[rows]
    found = change(start, known(given))
    assert (found == y).mean() > 0.95
    np.testing.assert_array_equal(found[rows], y[rows])


def test_links_are_respected(blobs):
    y, change = blobs
    given = known(must_link=[(0, 40), (0, 41), (1, 2)], cannot_link=[(5, 6), (70, 71)])
    found = change(y, given)
    assert found[0] == found[40] == found[41] and found[1] == found[2]
    assert found[5] != found[6] and found[70] != found[71]


def test_numbers_that_are_given_are_kept(blobs):
    y, change = blobs
    given = known(labelled(at3=1))
    assert (change(y, given, True) == y).mean() > 0.8
    assert (change(y, given) == y).mean() < 0.5
