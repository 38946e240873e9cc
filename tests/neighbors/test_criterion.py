import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from skdeepcluster.neighbors import (
    calibrate_temperature,
    confidence,
    expected_accuracy,
    neighborhood_information,
    neighborhood_modularity,
    neighborhood_score,
)
from skdeepcluster.neighbors._criterion import evenness, shared_information


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


def literal_information(labels, neighbors, n_clusters):
    """Mutual information in units of log(n_clusters), pair of clusters by pair of clusters."""
    own, other = np.repeat(labels, neighbors.shape[1]), labels[neighbors].ravel()
    total = 0.0
    for a in range(n_clusters):
        for b in range(n_clusters):
            joint = ((own == a) & (other == b)).mean()
            if joint > 0:
                total += joint * np.log(joint / ((own == a).mean() * (other == b).mean()))
    return total / np.log(n_clusters)


@given(seed=st.integers(0, 1000), n_clusters=st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_information_equals_the_sum_over_pairs_of_clusters(seed, n_clusters):
    rng = np.random.default_rng(seed)
    labels = np.append(rng.integers(n_clusters, size=24), n_clusters - 1)
    neighbors = rng.integers(25, size=(25, 4))
    expected = literal_information(labels, neighbors, n_clusters)
    assert neighborhood_information(labels, neighbors, n_clusters) == pytest.approx(expected)
    modularity = neighborhood_modularity(labels, neighbors)
    score = neighborhood_score(labels, neighbors, n_clusters)
    assert score == pytest.approx((expected + modularity) / 2)


@pytest.mark.parametrize("k", [2, 5])
def test_information_of_separated_clusters(k):
    labels = np.repeat(np.arange(k), 10)
    neighbors = np.array([np.flatnonzero(labels == label) for label in labels])
    assert neighborhood_information(labels, neighbors, k) == pytest.approx(1)
    assert neighborhood_information(np.zeros_like(labels), neighbors, 1) == 0
    # Which of more clusters are empty makes no difference.
    filled = neighborhood_information(labels, neighbors, 2 * k)
    assert neighborhood_information(2 * labels, neighbors, 2 * k) == pytest.approx(filled)


def test_information_does_not_throw_small_clusters_together():
    # Twenty cliques of five on a ring, one tie from each sample to the next clique: modularity
    # would rather have ten pairs of them.
    clique = np.repeat(np.arange(20), 5)
    others = [np.setdiff1d(np.flatnonzero(clique == clique[i]), i)[:3] for i in range(100)]
    neighbors = np.column_stack([others, (np.arange(100) + 5) % 100])
    pair = clique // 2
    assert neighborhood_modularity(pair, neighbors) > neighborhood_modularity(clique, neighbors)
    information = [
        shared_information(labels.repeat(4), labels[neighbors].ravel(), 20)
        for labels in (pair, clique)
    ]
    assert information[1] > information[0]


@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_evenness_is_the_information_of_separated_clusters(sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    neighbors = np.arange(len(labels))[:, None]
    assert evenness(labels) == pytest.approx(
        neighborhood_information(labels, neighbors, len(sizes))
    )
    assert evenness(np.repeat(labels, 2)) == pytest.approx(evenness(labels))


def test_evenness_of_known_sizes():
    assert evenness(np.repeat(np.arange(5), 3)) == pytest.approx(1)
    assert evenness(np.repeat([0, 1], [3, 1])) == pytest.approx(2 - 0.75 * np.log2(3))
    assert evenness(np.zeros(7, dtype=int)) == 0


def test_without_neighbours_all_is_zero():
    alone = np.zeros(1, int), np.zeros((1, 0), int)
    assert neighborhood_modularity(*alone) == 0
    assert neighborhood_information(*alone, 2) == 0
    assert neighborhood_score(*alone, 2) == 0


def noisy_similarities(rng, labels, n_clusters):
    return np.eye(n_clusters)[labels] + 0.1 * rng.normal(size=(len(labels), n_clusters))


def test_mean_confidence_is_the_expected_accuracy():
    rng = np.random.default_rng(0)
    similarities = noisy_similarities(rng, rng.integers(3, size=200), 3)
    labels = similarities.argmax(axis=1)
    graph = np.array([rng.choice(np.flatnonzero(labels == label), 10) for label in labels])
    # Every fifth sample has a neighbour in another cluster among its nearest five.
    graph[::5, 2] = [rng.choice(np.flatnonzero(labels != label)) for label in labels[::5]]
    assert expected_accuracy(labels, graph) == pytest.approx(0.8)
    temperature = calibrate_temperature(similarities, graph)
    sureness = softmax(similarities / temperature, axis=1).max(axis=1)
    assert sureness.mean() == pytest.approx(0.8, abs=1e-3)


def test_mixed_neighbours_and_partitions_that_disagree_make_probabilities_cautious():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 50)
    similarities = noisy_similarities(rng, labels, 3)
    graph = np.array([rng.choice(np.flatnonzero(labels == label), 5) for label in labels])
    sure = calibrate_temperature(similarities, graph)
    mixed = np.where(rng.random(graph.shape) < 0.1, rng.integers(150, size=graph.shape), graph)
    assert 0.01 <= sure < calibrate_temperature(similarities, mixed) <= 5
    # The same parts under other names agree; others do not.
    renamed = np.stack([(labels + 1) % 3, labels])
    assert calibrate_temperature(similarities, graph, renamed) == pytest.approx(sure)
    shuffled = np.stack([labels, rng.permutation(labels)])
    assert expected_accuracy(labels, graph, shuffled) == pytest.approx(0.85, abs=0.05)
    assert calibrate_temperature(similarities, graph, shuffled) > 2 * sure
    more_parts = np.stack([np.arange(150) % 7])
    assert 0.01 <= calibrate_temperature(similarities, graph, more_parts) <= 5


def test_temperature_has_bounds():
    labels = np.arange(20) % 2
    graph = np.array([np.flatnonzero(labels == label)[:5] for label in labels])
    assert calibrate_temperature(np.eye(2)[labels], graph) == 0.01
    assert calibrate_temperature(np.eye(2)[labels], 1 - labels[:, None]) == 5
    assert calibrate_temperature(np.ones((20, 1)), graph) == 0.1
    assert calibrate_temperature(np.eye(2)[:1], np.zeros((1, 0), int)) == 0.1


def test_confidence_is_purity_times_agreement():
    labels = np.array([0, 0, 1, 1])
    graph = np.array([[1, 2], [0, 3], [3, 0], [2, 1]])
    np.testing.assert_array_equal(confidence(labels, graph), [0.5] * 4)
    # The same parts under other names, and one with the last sample elsewhere.
    partitions = np.array([[1, 1, 0, 0], [0, 0, 1, 0]])
    np.testing.assert_array_equal(confidence(labels, graph, partitions), [0.5, 0.5, 0.5, 0.25])


def test_confidence_does_not_depend_on_the_numbers_of_clusters():
    labels = np.array([0, 0, 1, 1])
    graph = np.array([[1], [0], [3], [2]])
    # A part more than there are clusters.
    partitions = np.array([[0, 0, 1, 2]])
    for numbered in (labels, 1 - labels):
        found = confidence(numbered, graph, partitions)
        np.testing.assert_array_equal(np.sort(found), [0, 1, 1, 1])
        np.testing.assert_array_equal(found[:2], [1, 1])
