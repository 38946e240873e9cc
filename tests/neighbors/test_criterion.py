import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdeepcluster.neighbors import (
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
@settings(max_examples=30)
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
@settings(max_examples=30)
def test_information_equals_the_sum_over_pairs_of_clusters(seed, n_clusters):
    rng = np.random.default_rng(seed)
    labels = np.append(rng.integers(n_clusters, size=24), n_clusters - 1)
    neighbors = rng.integers(25, size=(25, 4))
    expected = literal_information(labels, neighbors, n_clusters)
    assert neighborhood_information(labels, neighbors, n_clusters) == pytest.approx(expected)
    modularity = neighborhood_modularity(labels, neighbors)
    score = neighborhood_score(labels, neighbors, n_clusters)
    assert score == pytest.approx((expected + modularity) / 2)


@pytest.mark.parametrize("kind", [np.uint8, np.int16])
def test_the_number_of_clusters_is_an_integer_of_any_kind(kind):
    rng = np.random.default_rng(0)
    labels, neighbors = rng.integers(200, size=500), rng.integers(500, size=(500, 4))
    expected = neighborhood_information(labels, neighbors, 200)
    assert neighborhood_information(labels, neighbors, kind(200)) == expected


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
@settings(max_examples=30)
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
