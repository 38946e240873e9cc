from functools import partial

import numpy as np

from skdeepcluster.neighbors import (
    _sample,
    neighborhood_modularity,
    neighborhood_score,
    sample_neighbors,
)


def test_a_small_graph_is_taken_whole():
    graph = np.array([[1, 2], [0, 2], [0, 1]])
    rows, sampled = sample_neighbors(graph)
    np.testing.assert_array_equal(rows, [0, 1, 2])
    assert sampled is graph


def test_a_sample_has_the_neighbours_and_the_score_of_all(monkeypatch):
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=20_000)
    # Neighbours of the same label, but for a third of them.
    members = [np.flatnonzero(labels == label) for label in range(4)]
    own = np.stack([rng.choice(members[label], 5) for label in labels])
    graph = np.where(rng.uniform(size=own.shape) < 1 / 3, rng.integers(20_000, size=own.shape), own)
    monkeypatch.setattr(_sample, "EPOCH_SIZE", 6000)
    rows, sampled = sample_neighbors(graph)
    assert 6000 <= len(rows) <= 12_000
    assert len(set(rows)) == len(rows)
    np.testing.assert_array_equal(rows[sampled], graph[rows[: len(sampled)]])
    for criterion in (partial(neighborhood_score, n_clusters=4), neighborhood_modularity):
        estimate = criterion(labels[rows], sampled)
        assert abs(estimate - criterion(labels, graph)) < 0.02


def test_a_sample_passes_over_no_cluster(monkeypatch):
    # Groups that are their own neighbours: those that are drawn are few of them.
    members = np.arange(20_000).reshape(400, 50)
    graph = np.concatenate([np.tile(group[:20], (50, 1)) for group in members])
    monkeypatch.setattr(_sample, "EPOCH_SIZE", 6000)
    rows, sampled = sample_neighbors(graph)
    assert len(np.unique(rows[: len(sampled)] // 50)) < 300
    assert len(np.unique(rows // 50)) == 400
