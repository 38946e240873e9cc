import numpy as np
import pytest

from skdeepcluster.neighbors import _inverted_lists
from skdeepcluster.neighbors._inverted_lists import InvertedLists


@pytest.fixture(scope="module")
def features():
    """Rows of few dimensions in many, as features of images are."""
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(6000, 12)) + 3 * rng.normal(size=(8, 12))[rng.integers(8, size=6000)]
    rows = np.maximum(latents @ rng.normal(size=(12, 200)) + rng.normal(size=(6000, 200)), 0)
    return rows.astype(np.float32)


def unit(features):
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def test_batches_hold_every_row_once(features):
    rows = np.concatenate([*InvertedLists(features).batches()])
    np.testing.assert_array_equal(np.sort(rows), np.arange(6000))


def test_most_of_the_nearest_are_found(features):
    lists = InvertedLists(features)
    cosines = unit(features) @ unit(features).T
    hits = 0
    for rows in lists.batches():
        exact = np.argsort(-cosines[rows], axis=1)[:, :10]
        found = lists.search(unit(features[rows]), 10)
        hits += sum(np.isin(best, near).sum() for best, near in zip(exact, found, strict=True))
        # Nearest first.
        assert (np.diff(np.take_along_axis(cosines[rows], found, axis=1)) <= 1e-6).all()
    assert hits / 60_000 > 0.95


def test_half_precision_finds_the_same_and_again(features):
    queries = unit(features[:100])
    single = InvertedLists(features).search(queries, 5)
    np.testing.assert_array_equal(single, InvertedLists(features).search(queries, 5))
    half = InvertedLists(features.astype(np.float16)).search(queries, 5)
    assert (single == half).mean() > 0.9


def test_few_rows(monkeypatch):
    features = np.eye(4, 3, dtype=np.float32) + 1
    assert InvertedLists(features).search(unit(features), 6).tolist()[0][4:] == [-1, -1]
    monkeypatch.setattr(_inverted_lists, "_LIST_SIZE", 1)
    found = InvertedLists(np.repeat(features, 3, axis=0)).search(unit(features), 2)
    assert (found >= 0).all()
