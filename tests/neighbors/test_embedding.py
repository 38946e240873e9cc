import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import (
    Forces,
    embed_graph,
    nearest_neighbors,
    shared_neighbor_graph,
)

CLOSE = Forces(a=1.5, b=1, repulsion=1)
LOOSE = Forces(a=0.23, b=1.7, repulsion=5)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600].astype(np.float32), y[:600]


def embed(X, forces, n_dimensions=2):
    graph = shared_neighbor_graph(nearest_neighbors(X, 15))
    first = np.random.RandomState(1).normal(size=(len(X), n_dimensions))
    return embed_graph(graph, first, forces, 1000, np.random.RandomState(0))


@pytest.mark.parametrize("forces", [CLOSE, LOOSE])
def test_neighbours_stay_neighbours(digits, forces):
    X = digits[0]
    embedding = embed(X, forces)
    assert embedding.shape == (600, 2) and embedding.dtype == np.float32
    assert trustworthiness(X, embedding, n_neighbors=15) > 0.93
    np.testing.assert_array_equal(embedding, embed(X, forces))


def test_clusters_are_round(digits):
    X, y = digits
    labels = KMeans(10, n_init=5, random_state=0).fit_predict(embed(X, CLOSE, n_dimensions=10))
    assert clustering_accuracy(y, labels) > 0.8


def test_neighbours_are_not_drawn_to_one_point_by_a_loose_force(digits):
    X = digits[0]

    def share_of_extent(forces):
        embedding = embed(X, forces)
        among = nearest_neighbors(X, 1)[:, 0]
        lengths = np.linalg.norm(embedding - embedding[among], axis=1)
        return np.median(lengths) / np.ptp(embedding, axis=0).max()

    assert share_of_extent(LOOSE) > 1.5 * share_of_extent(CLOSE)


def test_samples_that_start_at_one_point_come_apart():
    X = np.random.RandomState(0).normal(size=(50, 5)).astype(np.float32)
    graph = shared_neighbor_graph(nearest_neighbors(X, 15))
    embedding = embed_graph(graph, np.zeros((50, 2)), LOOSE, 200, np.random.RandomState(0))
    assert len(np.unique(embedding, axis=0)) == 50 and np.isfinite(embedding).all()
