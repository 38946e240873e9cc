import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdeepcluster.latent import pedcc


def off_diagonal(centroids):
    cosines = (centroids.double() @ centroids.double().T).numpy()
    return cosines[~np.eye(len(cosines), dtype=bool)]


@given(n_centroids=st.integers(2, 120), extra=st.integers(-1, 60), seed=st.integers(0, 5))
@settings(max_examples=40)
def test_simplex_wherever_there_is_room(n_centroids, extra, seed):
    centroids = pedcc(n_centroids, max(1, n_centroids + extra), random_state=seed)
    np.testing.assert_allclose(off_diagonal(centroids), -1 / (n_centroids - 1), atol=1e-6)
    np.testing.assert_allclose(centroids.norm(dim=1), 1, atol=1e-6)


def test_one_centroid_is_a_unit_vector():
    assert float(pedcc(1, 5, random_state=0).norm()) == pytest.approx(1)


def test_rotation_is_drawn_by_the_seed():
    assert torch.equal(pedcc(5, 8, random_state=0), pedcc(5, 8, random_state=0))
    assert not torch.allclose(pedcc(5, 8, random_state=0), pedcc(5, 8, random_state=1))


@pytest.mark.parametrize(("n_centroids", "n_dimensions"), [(4, 2), (6, 3), (10, 5)])
def test_cross_polytope(n_centroids, n_dimensions):
    """Twice as many centroids as dimensions: square, octahedron, ..."""
    cosines = np.sort(off_diagonal(pedcc(n_centroids, n_dimensions, random_state=0)))
    np.testing.assert_allclose(cosines[:n_centroids], -1, atol=1e-3)
    np.testing.assert_allclose(cosines[n_centroids:], 0, atol=1e-3)


def test_many_centroids_are_farther_apart_than_random_ones():
    found = off_diagonal(pedcc(100, 16, random_state=0)).max()
    random = torch.nn.functional.normalize(torch.randn(100, 16), dim=1)
    assert found < 0.5 < off_diagonal(random).max()
