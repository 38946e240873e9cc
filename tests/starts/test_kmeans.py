import numpy as np
from sklearn.datasets import load_digits

from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_modularity
from skdeepcluster.starts import _landmarks, kmeans_start


def test_kmeans_start_finds_digits_and_repeats():
    X, y = load_digits(n_class=5, return_X_y=True)
    X = X.astype(np.float32)
    graph = nearest_neighbors(X, 10)
    labels = kmeans_start(X, 5, graph, np.random.RandomState(0))
    assert clustering_accuracy(y, labels) > 0.85
    assert neighborhood_modularity(labels, graph) > 0.7
    again = kmeans_start(X, 5, graph, np.random.RandomState(0))
    np.testing.assert_array_equal(labels, again)


def test_kmeans_start_from_landmarks(monkeypatch):
    X, y = load_digits(n_class=5, return_X_y=True)
    X = X.astype(np.float16)
    graph = nearest_neighbors(X, 10)
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 300)
    labels = kmeans_start(X, 5, graph, np.random.RandomState(0))
    assert labels.dtype == np.int64
    assert clustering_accuracy(y, labels) > 0.85
    np.testing.assert_array_equal(labels, kmeans_start(X, 5, graph, np.random.RandomState(0)))
