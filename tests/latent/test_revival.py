import numpy as np
import torch

from skdeepcluster.latent._revival import revive, split_into_empty


def test_empty_clusters_get_half_of_the_widest_one():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(c, 0.1, size=(10, 2)) for c in (0, 5, 9)])
    labels = np.repeat([0, 2, 2], 10)
    spread = np.repeat([0.1, 1.0, 1.0], 10)
    found = split_into_empty(labels, features, spread, 4, np.random.RandomState(0))
    assert set(found) == {0, 1, 2, 3}
    np.testing.assert_array_equal(found[:10] == 0, True)


def test_full_clusters_stay():
    labels = np.array([0, 1, 1, 0])
    found = split_into_empty(labels, np.zeros((4, 2)), np.ones(4), 2, np.random.RandomState(0))
    np.testing.assert_array_equal(found, labels)


def test_too_few_samples_to_fill_all():
    found = split_into_empty(np.array([0, 1]), np.eye(2), np.ones(2), 5, np.random.RandomState(0))
    np.testing.assert_array_equal(found, [0, 1])


def test_an_empty_cluster_is_filled_with_half_of_the_widest():
    latents = np.concatenate([np.tile([1.0, 0.0], (6, 1)), np.tile([0.0, 1.0], (4, 1))])
    latents[3:6] += 0.5
    moved = []

    class Trainer:
        centroids = torch.zeros((3, 2))

        def move(self, targets, is_moved, emphasis):
            assert emphasis == 4
            moved.append((np.flatnonzero(is_moved).tolist(), targets[is_moved].tolist()))
            assert targets[~is_moved].tolist() == labels[~is_moved].tolist()

    labels, spread = np.repeat([0, 1], [6, 4]), np.repeat([1.0, 0.0], [6, 4])
    revive(Trainer(), latents, labels, spread, 4, np.random.RandomState(0))
    ((indices, targets),) = moved
    assert indices in ([0, 1, 2], [3, 4, 5])
    assert targets == [2, 2, 2]


def test_nothing_is_moved_where_no_cluster_can_be_filled():
    """Two samples are in clusters of their own: there is none to split."""

    class Trainer:
        centroids = torch.zeros((3, 2))

    revive(Trainer(), np.eye(2), np.array([0, 1]), np.ones(2), 1, np.random.RandomState(0))
