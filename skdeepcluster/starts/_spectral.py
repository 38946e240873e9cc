"""Spectral clustering: eigenvectors of a graph, and cuts by them."""

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, qr
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from sklearn.preprocessing import normalize

from ._kmeans import draw_seeds, k_means

# Up to so many samples all eigenvectors are found at once, in a fraction of a second.
_DENSE_LIMIT = 1000
# Vectors beside the wanted ones, by which these converge: a quarter of them, or so many.
_SPARE = 4
_LEAST_SPARE = 8
# Of the polynomial: of 10 and 20, the former takes less time in all.
_DEGREE = 10
_MOST_ROUNDS = 30
# Of ``|W v - value v|``, v of length 1: the largest, and the median, which makes the leading values
# right to three digits. The last of many vectors say little, and take longest.
_LARGEST_REST, _MEDIAN_REST = 1e-2, 2e-3
# Below the smallest eigenvalue, which is found roughly.
_FLOOR_MARGIN = 0.02


def normalized(weights):
    """Divide each weight by the roots of what its ends have in all: no eigenvalue is above 1."""
    root = 1 / np.sqrt(np.maximum(weights.sum(axis=1), 1e-9))
    return sparse.diags_array(root) @ weights @ sparse.diags_array(root)


def leading_eigenvectors(weights, n_vectors, random_state):
    """Eigenvectors of the normalised weights with the largest eigenvalues, largest first.

    Of more than a thousand samples they are found by subspace iteration, in which the unwanted
    part of the spectrum is damped by a Chebyshev polynomial: a few products of the sparse weights
    with all vectors at once, where Lanczos' method makes many with one. A block also finds all
    of several equal eigenvalues, which are separate parts of the graph.

    Parameters
    ----------
    weights : sparse array of shape (n_samples, n_samples), float
        Symmetric, not negative.
    n_vectors : int
    random_state : RandomState instance

    Returns
    -------
    vectors : ndarray of shape (n_samples, n_vectors), float32

    References
    ----------
    Y. Zhou, Y. Saad, M. L. Tiago, J. R. Chelikowsky, "Self-Consistent-Field Calculations Using
    Chebyshev-Filtered Subspace Iteration", Journal of Computational Physics 219 (2006).
    """
    weights = normalized(weights)
    n_samples = weights.shape[0]
    n_in_block = n_vectors + max(_LEAST_SPARE, n_vectors // _SPARE)
    if n_samples <= max(_DENSE_LIMIT, 4 * n_in_block):
        return eigh(weights.toarray())[1][:, : -n_vectors - 1 : -1].astype(np.float32)
    weights = weights.astype(np.float32)
    floor = _floor(weights, random_state)
    vectors = random_state.normal(size=(n_samples, n_in_block)).astype(np.float32)
    for _ in range(_MOST_ROUNDS):
        # NumPy's is in double precision, whatever it is given.
        vectors = qr(vectors, mode="economic", check_finite=False)[0]
        images = weights @ vectors
        values, rotation = eigh(vectors.T @ images)
        values, rotation = values[::-1], rotation[:, ::-1]
        vectors, images = vectors @ rotation, images @ rotation
        rests = np.linalg.norm(images - vectors * values, axis=0)[:n_vectors]
        if rests.max() < _LARGEST_REST and np.median(rests) < _MEDIAN_REST:
            break
        vectors = _filtered(weights, vectors, floor, values[-1], values[0])
    return vectors[:, :n_vectors]


def _floor(weights, random_state):
    """Return a number that is hardly above any eigenvalue of normalised weights."""
    first = random_state.uniform(size=weights.shape[0]).astype(np.float32)
    try:
        smallest = eigsh(weights, 1, which="SA", tol=0.1, v0=first, return_eigenvectors=False)
    except ArpackNoConvergence:
        # Below what normalised weights can have; the iteration takes some more rounds.
        return -1.0
    return float(smallest[0]) - _FLOOR_MARGIN


def _filtered(weights, vectors, low, high, top):
    """Damp the parts of vectors whose eigenvalues lie between two values.

    The recurrence of Chebyshev's polynomials, scaled by their values at the top eigenvalue.
    """
    center, half = np.float32((high + low) / 2), np.float32((high - low) / 2)
    first = scale = half / np.float32(top - center)
    before, now = vectors, (weights @ vectors - center * vectors) * (scale / half)
    for _ in range(1, _DEGREE):
        following = 1 / (2 / first - scale)
        images = (weights @ now - center * now) * (2 * following / half)
        before, now = now, images - (scale * following) * before
        scale = following
    return now


def spectral_cuts(vectors, widths, n_clusters, random_state):
    """Partitions by k-means on the first eigenvectors of a graph, one for each width."""
    return [
        k_means(normalize(vectors[:, :width]), n_clusters, draw_seeds(random_state))
        for width in widths
    ]
