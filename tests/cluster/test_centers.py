import numpy as np
import pytest
from sklearn.preprocessing import normalize

from skdeepcluster.cluster._centers import respecting, settle_centers
from skdeepcluster.supervision import supervise


def unit(rng, n):
    rows = rng.normal(size=(n, 5))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("n_samples", [10, 12, 40])
def test_distinct_samples_fill_all_clusters(n_samples):
    rng = np.random.default_rng(0)
    for _ in range(50):
        centers, labels = settle_centers(unit(rng, n_samples), unit(rng, 10))
        assert len(centers) == 10
        assert sorted(set(labels)) == list(range(10))


def test_what_is_occupied_already_stays():
    rng = np.random.default_rng(0)
    centroids = unit(rng, 4)
    latents = np.concatenate([centroids, unit(rng, 30)])
    centers, labels = settle_centers(latents, centroids)
    np.testing.assert_array_equal(centers, centroids)
    np.testing.assert_array_equal(labels, (latents @ centroids.T).argmax(axis=1))


def test_clusters_of_samples_that_are_alike_are_dropped():
    latents = np.repeat(np.eye(3)[:2], 4, axis=0)
    centers, labels = settle_centers(latents, np.eye(3))
    assert len(centers) == 2
    np.testing.assert_array_equal(labels, np.repeat([0, 1], 4))


@pytest.mark.parametrize("seed", range(5))
def test_rounding_does_not_part_copies(seed):
    """A centre that is empty is not put on a sample that lies on another centre already."""
    rng = np.random.default_rng(seed)
    latents = normalize(rng.normal(size=(2, 8))).repeat(25, axis=0)
    latents = (latents + 1e-7 * rng.normal(size=latents.shape)).astype(np.float32)
    centers, labels = settle_centers(latents, normalize(rng.normal(size=(3, 8))).astype(np.float32))
    assert len(centers) == 2
    assert labels.tolist() in ([0] * 25 + [1] * 25, [1] * 25 + [0] * 25)


def test_samples_are_where_they_must_be():
    latents = unit(np.random.RandomState(0), 40)
    centers, labels = settle_centers(latents, np.eye(5)[:3])
    y = np.full(40, -1)
    y[:6] = (labels[:6] + np.arange(6)) % 3
    moved, found = respecting(supervise(y, None, None, 40), latents, centers, 3)
    np.testing.assert_array_equal(found, [*y[:6], *labels[6:]])
    np.testing.assert_array_equal((moved @ centers.T).argmax(axis=1), found)
    np.testing.assert_array_equal((moved == latents).all(axis=1), found == labels)
    with pytest.raises(ValueError, match="Only 3 of n_clusters=4 clusters could be filled"):
        respecting(supervise(y, None, None, 40), latents, centers, 4)


def test_no_centre_moves_to_a_sample_that_is_known():
    angles = np.array([0, 0.2, 0.5])
    latents = np.column_stack([np.zeros(3), np.cos(angles), np.sin(angles)])
    centers, _ = settle_centers(latents, np.eye(3)[:2])
    np.testing.assert_array_equal(centers[0], latents[2])
    centers, _ = settle_centers(latents, np.eye(3)[:2], np.array([False, False, True]))
    np.testing.assert_array_equal(centers[0], latents[1])
