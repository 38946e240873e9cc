"""Two-dimensional layout of samples with many dimensions."""

import numpy as np

# Neighbours in UMAP. It is not used for fewer samples.
_N_NEIGHBORS = 15
# With more samples UMAP takes minutes.
_MOST_LAID_OUT = 20_000
# Number of nearest samples in the layout by which another sample is placed.
_N_ANCHORS = 3


def lay_out(latents, random_state):
    """Find positions at which similar latents are together.

    More than two dimensions are reduced by UMAP with cosine distances. Of more than 20,000
    samples, so many are drawn at random for that, and each of the others is placed among the
    three of them that are nearest to it. Fewer than 16 samples are projected to their principal
    components.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, n_components)
        Finite.
    random_state : int, RandomState instance or None
        An int makes the layout repeatable, on one thread.

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
    # Imported here: numba takes seconds to load, which small data do not need.
    from umap import UMAP

    # Identical latents have no principal components to start from.
    constant = np.ptp(latents, axis=0).max() < 1e-6
    layout = UMAP(
        n_neighbors=_N_NEIGHBORS,
        metric="cosine",
        # Trained clusters are so dense that they would be far dots with less.
        min_dist=0.8,
        init="random" if constant else "pca",
        random_state=random_state,
        n_jobs=-1 if random_state is None else 1,
    )
    return layout.fit_transform(latents)


def _unfold_sample(latents, random_state):
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import normalize
    from sklearn.utils import check_random_state

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
