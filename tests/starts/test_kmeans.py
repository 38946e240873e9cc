import numpy as np
from sklearn.datasets import load_digits, make_blobs

from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_modularity
from skdeepcluster.starts import _landmarks, kmeans_start
from skdeepcluster.starts._kmeans import k_means_from


def test_kmeans_start_finds_digits_and_repeats():
    X, y = load_digits(n_class=5, return_X_y=True)
    X = X.astype(np.float32)
    graph = nearest_neighbors(X, 10)
    labels = kmeans_start(X, 5, graph, np.random.RandomState(0))
    assert clustering_accuracy(y, labels) > 0.85
    assert neighborhood_modularity(labels, graph) > 0.7
    again = kmeans_start(X, 5, graph, np.random.RandomState(0))
    np.testing.assert_array_equal(labels, again)


def test_kmeans_from_the_centres_of_other_clusters():
    X, y = make_blobs(90, 5, centers=3, cluster_std=0.1, random_state=0)
    given = y.copy()
    # A few in the wrong cluster, and a number without a cluster.
    given[:6] = (given[:6] + 1) % 3
    given[given == 2] = 5
    np.testing.assert_array_equal(k_means_from(given, X), y)
    # Centres that are given, and no others: two of the three blobs stay together.
    together = k_means_from(np.minimum(y, 1), X)
    np.testing.assert_array_equal(together, np.minimum(y, 1))


def test_kmeans_start_from_landmarks(monkeypatch):
    X, y = load_digits(n_class=5, return_X_y=True)
    X = X.astype(np.float16)
    graph = nearest_neighbors(X, 10)
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 300)
    labels = kmeans_start(X, 5, graph, np.random.RandomState(0))
    assert labels.dtype == np.int64
    assert clustering_accuracy(y, labels) > 0.85
    np.testing.assert_array_equal(labels, kmeans_start(X, 5, graph, np.random.RandomState(0)))
