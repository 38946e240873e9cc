"""Embedding of a weighted graph in a few dimensions, where its clusters are round."""

from typing import NamedTuple

import numpy as np

# How far samples lie from the middle at first.
_EXTENT = 4
# What keeps samples at one point from being repelled without end, and the longest step.
_LEAST_DISTANCE = 1e-3
_LONGEST = 4
# Neighbours of a sample that are drawn at first, and attract it in turn.
_N_DRAWN = 64
# Times the mean by which a sample with heavy edges moves more than others.
_MOST_STRENGTH = 3


class Forces(NamedTuple):
    """What moves two samples at the distance d, whose similarity is ``1 / (1 + a d^(2 b))``.

    With ``b`` above 1 neighbours are not drawn to one point. ``repulsion`` multiplies the force
    by which a sample is driven away from those that it is no neighbour of.
    """

    a: float
    b: float
    repulsion: float

    def attraction(self, squares):
        """Factor of the difference of two neighbours, from the square of its length."""
        closeness = squares ** (self.b - 1)
        return -2 * self.a * self.b * closeness / (1 + self.a * squares**self.b)

    def away(self, squares):
        """Factor of the difference of two samples at random."""
        falloff = (_LEAST_DISTANCE + squares) * (1 + self.a * squares**self.b)
        return 2 * self.b * self.repulsion / falloff


def embed_graph(weights, first, forces, n_steps, random_state):
    """Lay the samples out so that heavy edges are short.

    As UMAP does, but for all samples at once: in a step each is attracted by one neighbour,
    drawn by weight, and repelled by one sample at random. A thousand steps of few array
    operations take less time than it takes to compile UMAP's loop over edges.

    Parameters
    ----------
    weights : sparse array of shape (n_samples, n_samples)
        Symmetric; every sample has an edge.
    first : ndarray of shape (n_samples, n_dimensions), float
        Where the samples are at first, in any unit.
    forces : Forces
    n_steps : int
    random_state : RandomState instance

    Returns
    -------
    embedding : ndarray of shape (n_samples, n_dimensions), float32

    References
    ----------
    L. McInnes, J. Healy, J. Melville, "UMAP: Uniform Manifold Approximation and Projection for
    Dimension Reduction", arXiv:1802.03426, for the attraction and repulsion.
    """
    n_samples = len(first)
    first = _EXTENT * first / max(np.abs(first).max(), np.finfo(np.float32).tiny)
    # Samples that start at one point would stay together.
    points = (first + random_state.normal(scale=1e-4, size=first.shape)).astype(np.float32)
    neighbors = _drawn_neighbors(weights.tocsr(), random_state)
    strength = np.asarray(weights.sum(axis=1)).ravel()
    strength = np.minimum(strength / strength.mean(), _MOST_STRENGTH).astype(np.float32)
    for step in range(n_steps):
        move = _move(points - points[neighbors[step % _N_DRAWN]], forces.attraction)
        # All repelled by the sample at one distance in the data: quicker than one drawn for each.
        others = np.roll(points, random_state.randint(1, n_samples), axis=0)
        move += _move(points - others, forces.away)
        points += move * (strength * np.float32(1 - step / n_steps))[:, None]
    return points


def _move(differences, factor):
    squares = np.einsum("ij,ij->i", differences, differences)
    differences *= factor(squares)[:, None]
    return differences.clip(-_LONGEST, _LONGEST, out=differences)


def _drawn_neighbors(weights, random_state):
    """Draw neighbours by weight, evenly and in random order, (n_drawn, n_samples)."""
    sums = np.concatenate([[0], weights.data.cumsum(dtype=np.float64)])
    firsts, lasts = weights.indptr[:-1], weights.indptr[1:]
    shape = (weights.shape[0], _N_DRAWN)
    shares = (np.arange(_N_DRAWN) + random_state.uniform(size=shape)) / _N_DRAWN
    wanted = sums[firsts, None] + shares * (sums[lasts] - sums[firsts])[:, None]
    places = np.searchsorted(sums, wanted, side="right") - 1
    drawn = weights.indices[np.clip(places, firsts[:, None], lasts[:, None] - 1)].T
    order = random_state.uniform(size=drawn.shape).argsort(axis=0)
    return np.take_along_axis(drawn, order, axis=0)
