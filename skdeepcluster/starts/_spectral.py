"""Spectral clustering: eigenvectors of a graph, and cuts by them."""

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from sklearn.preprocessing import normalize

from ._kmeans import MANY_CLUSTERS, draw_seeds, k_means

# One with more than MANY_CLUSTERS, which does as well.
_N_INIT = 2
# Up to so many samples all eigenvectors are found at once, in a fraction of a second.
_DENSE_LIMIT = 1000


def normalized(weights):
    """Divide each weight by the roots of what its ends have in all: no eigenvalue is above 1."""
    root = 1 / np.sqrt(np.maximum(weights.sum(axis=1), 1e-9))
    return sparse.diags_array(root) @ weights @ sparse.diags_array(root)


def leading_eigenvectors(weights, n_vectors, random_state):
    """Eigenvectors of the normalised weights with the largest eigenvalues, largest first."""
    weights = normalized(weights)
    n_samples = weights.shape[0]
    if n_samples <= max(_DENSE_LIMIT, 4 * n_vectors):
        return eigh(weights.toarray())[1][:, : -n_vectors - 1 : -1].astype(np.float32)
    first = random_state.uniform(size=n_samples)
    try:
        # In double precision, and to it: otherwise one of several equal eigenvalues, which
        # are separate parts of the graph, can be missed.
        values, vectors = eigsh(weights.astype(np.float64), n_vectors, which="LA", v0=first)
    except ArpackNoConvergence as stopped:
        values, vectors = stopped.eigenvalues, stopped.eigenvectors
    return vectors[:, values.argsort()[::-1]].astype(np.float32)


def spectral_cuts(vectors, widths, n_clusters, random_state):
    """Partitions by k-means on the first eigenvectors of a graph, one for each width."""
    n_init = _N_INIT if n_clusters <= MANY_CLUSTERS else 1
    return [
        k_means(normalize(vectors[:, :width]), n_clusters, draw_seeds(random_state), n_init)
        for width in widths
    ]
