import numpy as np
import pytest

from skdeepcluster.features import _rows
from skdeepcluster.neighbors import (
    _search,
    nearest_neighbors,
    nearest_of_few,
    neighbor_recall,
)


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


def test_neighbours_of_a_few_are_found_in_chunks(features, monkeypatch):
    monkeypatch.setattr(_rows, "_CHUNK_SIZE", 7)
    rows, queries = np.arange(0, 300, 3), np.arange(0, 300, 18)
    found = nearest_of_few(features, rows, queries, 10)
    np.testing.assert_array_equal(found, rows[brute_force(features[rows], 10)][::6])
    assert nearest_of_few(features, rows[:4], rows[:4], 10).shape == (4, 3)


def test_a_sample_is_never_its_own_neighbour_not_even_among_copies():
    features = np.ones((12, 4), np.float32)
    neighbors = nearest_neighbors(features, 5)
    assert neighbors.shape == (12, 5)
    assert not (neighbors == np.arange(12)[:, None]).any()


def test_fewer_samples_than_neighbours():
    features = np.eye(3, dtype=np.float32)
    assert nearest_neighbors(features, 20).shape == (3, 2)
    alone = nearest_neighbors(features[:1], 20)
    assert alone.shape == (1, 0)
    assert neighbor_recall(features[:1], alone) == 1


def test_search_for_large_data_finds_nearly_all_and_says_how_many(features, monkeypatch):
    assert neighbor_recall(features, nearest_neighbors(features, 10)) == 1
    monkeypatch.setattr(_search, "_PAIRWISE_LIMIT", 100)
    found = nearest_neighbors(features, 10)
    expected = brute_force(features, 10)
    recall = np.mean([np.isin(e, f).mean() for f, e in zip(found, expected, strict=True)])
    assert recall > 0.95
    assert found.min() >= 0
    assert not (found == np.arange(300)[:, None]).any()
    # Half of the right ones replaced by wrong ones.
    found[:, 5:] = np.arange(300)[:, None]
    assert neighbor_recall(features, expected) == 1
    assert neighbor_recall(features, found) == pytest.approx(0.5, abs=0.01)
    # So is what is found twice.
    found[:, 5:] = expected[:, :1]
    found[:, :5] = expected[:, :5]
    assert neighbor_recall(features, found) == pytest.approx(0.5, abs=0.01)


def test_of_copies_any_will_do(features, monkeypatch):
    monkeypatch.setattr(_search, "_PAIRWISE_LIMIT", 100)
    copies = np.repeat(features[:10], 40, axis=0)
    block, place = np.divmod(np.arange(400)[:, None], 40)
    others = 40 * block + (place + np.arange(1, 11)) % 40
    assert neighbor_recall(copies, others) == 1


def test_half_precision_and_memory_maps(features, monkeypatch, tmp_path):
    np.save(tmp_path / "features.npy", features.astype(np.float16))
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    exact = nearest_neighbors(features, 10)
    assert (nearest_neighbors(mapped, 10) == exact).mean() > 0.95
    monkeypatch.setattr(_search, "_PAIRWISE_LIMIT", 100)
    assert neighbor_recall(mapped, nearest_neighbors(mapped, 10)) > 0.95


def test_copies_beyond_the_exact_search(monkeypatch):
    monkeypatch.setattr(_search, "_PAIRWISE_LIMIT", 100)
    neighbors = nearest_neighbors(np.ones((300, 4), np.float32), 5)
    assert neighbors.min() >= 0
    assert not (neighbors == np.arange(300)[:, None]).any()
