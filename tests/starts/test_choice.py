import numpy as np
import pytest

from skdeepcluster.neighbors import nearest_neighbors
from skdeepcluster.starts import (
    STARTS,
    _choice,
    check_init,
    consensus_start,
    find_start,
    kmeans_start,
    power_method_start,
)


@pytest.fixture(scope="module")
def five_digits(digits):
    X, y = digits
    X = X[y < 5][:300]
    return X, nearest_neighbors(X, 10)


def find(init, five_digits, **params):
    X, neighbors = five_digits
    return find_start(init, X, 5, neighbors, np.random.RandomState(0), **params)


@pytest.mark.parametrize(("most", "is_power_method"), [(4, True), (5, False)])
def test_too_many_clusters_for_a_consensus_start_in_another_way(
    five_digits, monkeypatch, most, is_power_method
):
    monkeypatch.setattr(_choice, "CONSENSUS_LIMIT", most)
    X, neighbors = five_digits
    labels, partitions = find("consensus", five_digits)
    assert (partitions is None) == is_power_method
    other = power_method_start(X, 5, neighbors, np.random.RandomState(0))
    assert np.array_equal(labels, other) == is_power_method


def test_each_name_is_the_start_of_that_name(five_digits):
    X, neighbors = five_digits
    assert set(STARTS) == {"consensus", "kmeans", "random"}
    for uneven in (False, True):
        labels, partitions = find("consensus", five_digits, uneven=uneven)
        expected = consensus_start(X, 5, neighbors, np.random.RandomState(0), uneven=uneven)
        np.testing.assert_array_equal(labels, expected[0])
        np.testing.assert_array_equal(partitions, expected[1])
    kmeans = kmeans_start(X, 5, neighbors, np.random.RandomState(0))
    np.testing.assert_array_equal(find("kmeans", five_digits).labels, kmeans)
    assert find("random", five_digits) == (None, None)


def test_labels_that_are_given_or_computed(five_digits):
    labels = np.arange(300, dtype=np.int32) % 5

    def init(features, n_clusters, random_state):
        assert (features.shape, n_clusters) == ((300, 64), 5)
        return labels

    for given in (labels, init):
        found = find(given, five_digits)
        assert found.labels.dtype == np.int64
        np.testing.assert_array_equal(found.labels, labels)
        assert found.partitions is None


def test_labels_of_all_samples_are_restricted_to_the_readable_ones():
    readable = np.array([True, False, True])
    np.testing.assert_array_equal(check_init([0, 1, 1], 2, readable), [0, 1])
    np.testing.assert_array_equal(check_init([0, 1], 2, readable), [0, 1])
    assert check_init("kmeans", 2, readable) == "kmeans"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 0, 1], r"shape \(4,\)"),
        ([0.0, 1.0, 0.0], "type float64"),
        ([0, 2, 1], r"labels from 0 to 2.*\[0, 1\]"),
        ([-1, 0, 1], "labels from -1 to 1"),
    ],
)
def test_labels_that_do_not_fit(labels, message):
    with pytest.raises(ValueError, match=message):
        check_init(labels, 2, np.ones(3, dtype=bool))
