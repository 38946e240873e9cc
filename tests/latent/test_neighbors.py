import numpy as np
import pytest

from skdeepcluster.latent import _neighbors, nearest_neighbors


def brute_force(features, k):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1)[:, :k]


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)


def test_equals_brute_force(features):
    np.testing.assert_array_equal(nearest_neighbors(features, 10), brute_force(features, 10))


def test_a_sample_is_never_its_own_neighbour_not_even_among_copies():
    features = np.ones((12, 4), np.float32)
    neighbors = nearest_neighbors(features, 5)
    assert neighbors.shape == (12, 5)
    assert not (neighbors == np.arange(12)[:, None]).any()


def test_fewer_samples_than_neighbours():
    features = np.eye(3, dtype=np.float32)
    assert nearest_neighbors(features, 20).shape == (3, 2)
    assert nearest_neighbors(features[:1], 20).shape == (1, 0)


def test_graph_index_for_large_data_finds_nearly_all(features, monkeypatch):
    monkeypatch.setattr(_neighbors, "_EXACT_LIMIT", 100)
    found = nearest_neighbors(features, 10)
    expected = brute_force(features, 10)
    recall = np.mean([np.isin(f, e).mean() for f, e in zip(found, expected, strict=True)])
    assert recall > 0.95
    assert found.min() >= 0
    assert not (found == np.arange(300)[:, None]).any()
