import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

from skdeepcluster.latent import estimate_n_clusters


@pytest.mark.parametrize("n_clusters", [3, 7, 15])
def test_separate_blobs_are_counted(n_clusters):
    X, _ = make_blobs(40 * n_clusters, 30, centers=n_clusters, random_state=0)
    found, modularities = estimate_n_clusters(X, 2, 60, np.random.RandomState(0))
    assert abs(found - n_clusters) <= 0.2 * n_clusters
    assert min(modularities) == 2
    assert max(modularities) == 60
    assert max(modularities.values()) < 1


def test_digits():
    X, _ = load_digits(return_X_y=True)
    found, modularities = estimate_n_clusters(X, 2, 40, np.random.RandomState(0))
    assert 8 <= found <= 12
    assert modularities[found] >= 0.99 * max(modularities.values())
    assert all(
        modularities[fewer] < 0.99 * max(modularities.values())
        for fewer in modularities
        if fewer < found
    )


def test_bounds_and_few_samples():
    X, _ = make_blobs(60, 5, centers=4, random_state=0)
    random_state = np.random.RandomState(0)
    assert estimate_n_clusters(X, 6, 9, random_state)[0] >= 6
    assert estimate_n_clusters(X, 2, 3, random_state)[0] <= 3
    assert estimate_n_clusters(X, 5, 5, random_state)[0] == 5
    assert estimate_n_clusters(X[:1], 2, 100, random_state)[0] == 1
    assert 1 <= estimate_n_clusters(X[:3], 2, 100, random_state)[0] <= 3
