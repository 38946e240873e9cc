"""Positions on a plane for samples of many dimensions."""

import numpy as np

# UMAP looks at so many neighbours; with fewer samples there is nothing to unfold.
_N_NEIGHBORS = 15
# UMAP of more takes minutes.
_MOST_LAID_OUT = 20_000
# Of those laid out, that place one that is not.
_N_ANCHORS = 3


def lay_out(latents, random_state):
    """Find a place for each latent, those alike together.

    More than two dimensions are laid out by UMAP with cosines for distances; of more than
    20,000 samples so many, drawn at random, and each of the others is put amid the three of
    them nearest to it. Fewer than 16 samples are projected to their principal components.

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
    # Linear algebra knows no float16.
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
    # Imported here: numba takes seconds, which small data need not wait for.
    from umap import UMAP

    # Identical latents have no components to start from.
    constant = np.ptp(latents, axis=0).max() < 1e-6
    layout = UMAP(
        n_neighbors=_N_NEIGHBORS,
        metric="cosine",
        # Trained clusters are so dense that they would be dots far apart.
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
    # By Euclidean distance of unit vectors, which orders as the cosine does.
    search = NearestNeighbors(n_neighbors=_N_ANCHORS, algorithm="brute").fit(unit[sample])
    distances, anchors = search.kneighbors(unit[rest])
    weights = 1 / np.maximum(distances, 1e-6)
    weights /= weights.sum(axis=1, keepdims=True)
    positions[rest] = np.einsum("na,nad->nd", weights, positions[sample][anchors])
    return positions
