"""Predefined evenly-distributed class centroids (PEDCC)."""

import numpy as np
import torch
from scipy.linalg import helmert
from sklearn.utils import check_random_state

from ..processor import linear_algebra_in_one_thread


def pedcc(n_centroids, n_dimensions, *, random_state=None):
    """Place unit vectors on a sphere as far from one another as can be.

    Up to ``n_dimensions + 1`` centroids are the vertices of a regular simplex, in closed form:
    every pair has the cosine ``-1 / (n_centroids - 1)``, which no arrangement can better.
    More centroids than that have no closed form; they minimise the Riesz energy
    ``sum_{i < j} |c_i - c_j|^-2`` by gradient descent.

    Parameters
    ----------
    n_centroids : int
        Number of centroids, at least 1.
    n_dimensions : int
        Dimension of the space, at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the rotation of the arrangement, which carries no meaning.

    Returns
    -------
    centroids : torch.Tensor of shape (n_centroids, n_dimensions), float32
        Rows of unit length.

    References
    ----------
    Q. Zhu, R. Zhang, "A Classification Supervised Auto-Encoder Based on Predefined
    Evenly-Distributed Class Centroids", arXiv:1902.00220.
    """
    random_state = check_random_state(random_state)
    if n_centroids == 1:
        simplex = np.ones((1, 1))
    else:
        # Rows of the Helmert matrix are an orthonormal basis of the space orthogonal to
        # (1, ..., 1): its columns are the corners of a simplex centred on the origin.
        simplex = helmert(n_centroids).T * np.sqrt(n_centroids / (n_centroids - 1))
    if simplex.shape[1] > n_dimensions:
        return _least_riesz_energy(n_centroids, n_dimensions, random_state)
    gaussian = random_state.standard_normal((n_dimensions, simplex.shape[1]))
    with linear_algebra_in_one_thread():
        orthonormal, _ = np.linalg.qr(gaussian)
    return torch.from_numpy((simplex @ orthonormal.T).astype(np.float32))


def _least_riesz_energy(n_centroids, n_dimensions, random_state, max_iter=500):
    """Minimise the Riesz energy of points on the sphere with L-BFGS."""
    start = random_state.standard_normal((n_centroids, n_dimensions))
    points = torch.from_numpy(start).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [points], max_iter=max_iter, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )
    pairs = torch.ones(n_centroids, n_centroids, dtype=torch.bool).triu(diagonal=1)

    def energy():
        optimizer.zero_grad()
        unit = torch.nn.functional.normalize(points, dim=1)
        squared_distances = 2 - 2 * unit @ unit.T
        loss = squared_distances[pairs].clamp_min(1e-12).reciprocal().mean()
        loss.backward()
        return loss

    optimizer.step(energy)
    return torch.nn.functional.normalize(points.detach(), dim=1).float()
