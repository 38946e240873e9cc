import numpy as np
import pytest
from scipy.special import softmax

from skdeepcluster.neighbors import calibrate_temperature, confidence, expected_accuracy


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
