import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from skdeepcluster.latent import (
    calibrate_temperature,
    neighborhood_assortativity,
    neighborhood_modularity,
)


def literal_modularity(labels, neighbors):
    """Sum over all ordered pairs of adjacency less expectation, within clusters."""
    n = len(neighbors)
    adjacency = np.zeros((n, n))
    for i in range(n):
        for j in neighbors[i]:
            adjacency[i, j] += 1
    expected = np.outer(adjacency.sum(axis=1), adjacency.sum(axis=0)) / adjacency.sum()
    same = labels[:, None] == labels[None, :]
    return ((adjacency - expected) * same).sum() / adjacency.sum()


@given(seed=st.integers(0, 1000), n_clusters=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_modularity_equals_the_sum_over_pairs(seed, n_clusters):
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_clusters, size=25)
    neighbors = rng.integers(25, size=(25, 4))
    expected = literal_modularity(labels, neighbors)
    assert neighborhood_modularity(labels, neighbors) == pytest.approx(expected)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_modularity_of_separated_clusters(k):
    labels = np.repeat(np.arange(k), 10)
    neighbors = np.array([np.flatnonzero(labels == label) for label in labels])
    assert neighborhood_modularity(labels, neighbors) == pytest.approx(1 - 1 / k)
    assert neighborhood_modularity(np.zeros_like(labels), neighbors) == pytest.approx(0)


def test_assortativity_does_not_mind_sizes():
    labels = np.repeat([0, 1, 2], [40, 8, 4])
    neighbors = np.array([np.flatnonzero(labels == label)[:4] for label in labels])
    assert neighborhood_assortativity(labels, neighbors) == pytest.approx(1)
    assert neighborhood_assortativity(np.zeros_like(labels), neighbors) == 0
    rng = np.random.default_rng(0)
    labels, neighbors = rng.integers(3, size=2000), rng.integers(2000, size=(2000, 10))
    assert neighborhood_assortativity(labels, neighbors) == pytest.approx(0, abs=0.02)


def test_modularity_without_neighbours_is_zero():
    assert neighborhood_modularity(np.zeros(1, int), np.zeros((1, 0), int)) == 0


def test_temperature_makes_the_neighbours_labels_most_likely():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=200)
    similarities = np.eye(3)[labels] + 0.1 * rng.normal(size=(200, 3))
    sure = np.array([rng.choice(np.flatnonzero(labels == label), 10) for label in labels])
    mixed = np.where(rng.random((200, 10)) < 0.4, rng.integers(200, size=(200, 10)), sure)
    cold, warm = (calibrate_temperature(similarities, graph) for graph in (sure, mixed))
    assert 0.01 <= cold < warm <= 5

    def likelihood(temperature):
        scores = log_softmax(similarities / temperature, axis=1)
        found = similarities.argmax(axis=1)
        return np.mean(scores[np.arange(200)[:, None], found[mixed]])

    assert likelihood(warm) >= max(likelihood(0.9 * warm), likelihood(1.1 * warm))


def test_partitions_that_disagree_make_probabilities_cautious():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 50)
    similarities = np.eye(3)[labels] + 0.1 * rng.normal(size=(150, 3))
    graph = np.array([rng.choice(np.flatnonzero(labels == label), 5) for label in labels])
    # The same parts under other names agree; others do not.
    renamed = np.stack([(labels + 1) % 3, labels])
    assert calibrate_temperature(similarities, graph, renamed) == pytest.approx(
        calibrate_temperature(similarities, graph), rel=1e-3
    )
    shuffled = np.stack([labels, rng.permutation(labels)])
    assert calibrate_temperature(similarities, graph, shuffled) > 2 * calibrate_temperature(
        similarities, graph
    )
    more_parts = np.stack([np.arange(150) % 7])
    assert 0.01 <= calibrate_temperature(similarities, graph, more_parts) <= 5
