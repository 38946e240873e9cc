"""Two-dimensional layout of samples with many dimensions."""

import numpy as np
from sklearn.utils import check_random_state

from ..features import leading_axes
from ..neighbors import Forces, embed_graph, nearest_neighbors, shared_neighbor_graph

# Fewer samples are not laid out by their neighbours.
_N_NEIGHBORS = 15
# Those of UMAP with a minimum distance of 0.8: trained clusters are so dense that they would be far
# dots with less.
_FORCES = Forces(a=0.232, b=1.681, repulsion=5)
_N_STEPS = 2000
# With more samples the layout takes minutes.
_MOST_LAID_OUT = 20_000
# Number of nearest samples in the layout by which another sample is placed.
_N_ANCHORS = 3


def lay_out(latents, random_state):
    """Find positions at which similar latents are together.

    Of more than two dimensions, the graph of the nearest neighbours by cosine is laid out as by
    UMAP. Of more than 20,000 samples, so many are drawn at random for that, and each of the
    others is placed among the three of them that are nearest to it. Fewer than 16 samples are
    projected to their principal components.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, n_components)
        Finite.
    random_state : int, RandomState instance or None
        An int makes the layout repeatable.

    Returns
    -------
    positions : ndarray of shape (n_samples, 2)
    """
    # NumPy's linear algebra does not support float16.
    latents = latents.astype(np.promote_types(latents.dtype, np.float32), copy=False)
    n_samples, n_components = latents.shape
    if n_components <= 2:
        return np.pad(latents, ((0, 0), (0, 2 - n_components)))
    if n_samples <= _N_NEIGHBORS:
        centered = latents - latents.mean(axis=0)
        left, scales, _ = np.linalg.svd(centered, full_matrices=False)
        positions = (left * scales)[:, :2]
        return np.pad(positions, ((0, 0), (0, 2 - positions.shape[1])))
    if n_samples <= _MOST_LAID_OUT:
        return _unfold(latents, random_state)
    return _unfold_sample(latents, random_state)


def _unfold(latents, random_state):
    random_state = check_random_state(random_state)
    graph = shared_neighbor_graph(nearest_neighbors(latents, _N_NEIGHBORS))
    centered = latents - latents.mean(axis=0)
    # Principal components.
    first = centered @ leading_axes(centered.T @ centered, 2)
    return embed_graph(graph, first, _FORCES, _N_STEPS, random_state)


def _unfold_sample(latents, random_state):
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import normalize

    drawn = check_random_state(random_state).permutation(len(latents))
    sample, rest = np.sort(drawn[:_MOST_LAID_OUT]), np.sort(drawn[_MOST_LAID_OUT:])
    unit = normalize(latents)
    positions = np.empty((len(latents), 2))
    positions[sample] = _unfold(latents[sample], random_state)
    # The Euclidean distance of unit vectors, which has the same order as the cosine distance.
    search = NearestNeighbors(n_neighbors=_N_ANCHORS, algorithm="brute").fit(unit[sample])
    distances, anchors = search.kneighbors(unit[rest])
    weights = 1 / np.maximum(distances, 1e-6)
    weights /= weights.sum(axis=1, keepdims=True)
    positions[rest] = np.einsum("na,nad->nd", weights, positions[sample][anchors])
    return positions
