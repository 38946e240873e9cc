import numpy as np
import pytest

from skdeepcluster.features import pays_to_reduce
from skdeepcluster.neighbors import nearest_neighbors, neighbor_recall
from skdeepcluster.neighbors._reduced import ReducedSearch

N_SAMPLES, N_FEATURES = 4500, 600


def recall(found, expected):
    pairs = zip(found, expected, strict=True)
    return np.mean([np.isin(*pair).mean() for pair in pairs])


def brute_force(features, queries, k):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit[queries] @ unit.T
    cosines[np.arange(len(queries)), queries] = -np.inf
    return np.argsort(-cosines, axis=1)[:, :k]


@pytest.fixture(scope="module")
def features_like_those_of_images():
    """Standard deviations of the components fall as those of a network's features."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
    scales = 1 / np.sqrt(1 + np.arange(N_FEATURES) ** 1.5)
    rows = rng.normal(size=(N_SAMPLES, N_FEATURES)) * scales + 2 * scales
    return (rows @ rotation).astype(np.float32)


def test_nearly_all_neighbours_are_found_by_few_components(features_like_those_of_images):
    features = features_like_those_of_images
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert pays_to_reduce(unit.shape)
    search = ReducedSearch(unit)
    assert search.finds_most(11)
    queries = np.arange(0, N_SAMPLES, 45)
    found = search.search(queries, 11)
    np.testing.assert_array_equal(found[:, 0], queries)
    expected = brute_force(features, queries, 10)
    assert 0.99 < recall(found[:, 1:], expected) <= 1
    # Ordered by the whole rows.
    cosines = np.einsum("qd,qnd->qn", unit[queries], unit[found])
    assert (np.diff(cosines, axis=1) < 1e-6).all()
    neighbors = nearest_neighbors(features, 10)
    np.testing.assert_array_equal(neighbors[queries], found[:, 1:])
    assert 0.99 < neighbor_recall(features, neighbors) <= 1


def test_all_pairs_are_compared_where_components_say_too_little():
    features = np.random.default_rng(0).normal(size=(N_SAMPLES, N_FEATURES)).astype(np.float32)
    assert not ReducedSearch(features).finds_most(11)
    queries = np.arange(0, N_SAMPLES, 45)
    found = nearest_neighbors(features, 10)[queries]
    np.testing.assert_array_equal(found, brute_force(features, queries, 10))


@pytest.mark.parametrize("shape", [(4000, 1280), (10_000, 200)])
def test_few_samples_and_few_columns_are_compared_as_they_are(shape):
    assert not pays_to_reduce(shape)
