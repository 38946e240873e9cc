import numpy as np

from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_information
from skdeepcluster.starts import _landmarks, _power_method, kmeans_start, power_method_start
from skdeepcluster.starts._power_method import power_method_cuts


def start(X, k, n_neighbors=10):
    return power_method_start(X, k, nearest_neighbors(X, n_neighbors), np.random.RandomState(0))


def test_digits_are_found_again(digits):
    X, y = digits
    labels = start(X, 10)
    assert labels.dtype == np.int64
    assert clustering_accuracy(y, labels) > 0.75
    np.testing.assert_array_equal(labels, start(X, 10))


def test_cuts_separate_parts_that_no_edge_joins():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(20), 30)
    X = np.eye(20, dtype=np.float32)[y] + 0.05 * rng.standard_normal((600, 20), dtype=np.float32)
    cuts = power_method_cuts([nearest_neighbors(X, 5)], 20, np.random.RandomState(0))
    # Centres that begin in one part stay there, so that a run may split some and join others.
    assert max(clustering_accuracy(y, labels) for labels in cuts) > 0.8


def test_the_neighbours_choose(digits, monkeypatch):
    X, y = digits
    graph = nearest_neighbors(X, 10)
    by_kmeans = kmeans_start(X, 10, graph, np.random.RandomState(0))
    by_turns = np.arange(len(X)) % 10
    monkeypatch.setattr(_power_method, "power_method_cuts", lambda *args: [by_turns, y])
    assert neighborhood_information(y, graph, 10) > neighborhood_information(by_kmeans, graph, 10)
    np.testing.assert_array_equal(start(X, 10), y)
    monkeypatch.setattr(_power_method, "power_method_cuts", lambda *args: [by_turns])
    np.testing.assert_array_equal(start(X, 10), by_kmeans)


def test_most_samples_follow_landmarks(digits, monkeypatch):
    X, y = digits
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 500)
    monkeypatch.setattr(_power_method, "LANDMARKS_PER_CLUSTER", 90)
    labels = start(X.astype(np.float16), 10)
    assert labels.shape == (len(X),)
    assert labels.dtype == np.int64
    assert clustering_accuracy(y, labels) > 0.75


def test_fewer_distinct_samples_than_clusters():
    X = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    labels = start(X, 5, n_neighbors=4)
    assert labels.shape == (30,)
    for of_one in labels.reshape(3, 10):
        assert len(set(of_one)) == 1
