"""Embedding of a weighted graph in a few dimensions, where its clusters are round."""

import numpy as np
from scipy import sparse

N_DIMENSIONS = 10
# A hundred rounds and two repelled samples a round are half the usual effort; more of either
# changed the partitions, but made them no better on average.
_N_EPOCHS = 100
_N_REPELLED = 2


def manifold_embedding(weights, eigenvectors, random_state):
    """Lay the samples out so that heavy edges are short (UMAP's optimisation).

    Parameters
    ----------
    weights : sparse array of shape (n_samples, n_samples)
        Symmetric; UMAP's own graph is of one view, any other serves as well.
    eigenvectors : ndarray of shape (n_samples, n_vectors)
        Leading eigenvectors of the normalised weights, to start from, the constant one first.
    random_state : RandomState instance

    Returns
    -------
    embedding : ndarray of shape (n_samples, n_dimensions), float32
        At most ten dimensions.

    References
    ----------
    L. McInnes, J. Healy, J. Melville, "UMAP: Uniform Manifold Approximation and Projection for
    Dimension Reduction", arXiv:1802.03426.
    """
    # Imported here: numba takes seconds, which small data need not wait for.
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    first = eigenvectors[:, 1 : N_DIMENSIONS + 1]
    first = 10 * first / np.abs(first).max()
    # Samples that start at one point would stay together.
    first = (first + random_state.normal(scale=1e-4, size=first.shape)).astype(np.float32)
    a, b = find_ab_params(spread=1.0, min_dist=0.0)
    embedding, _ = simplicial_set_embedding(
        data=None,
        graph=sparse.coo_matrix(weights),
        n_components=first.shape[1],
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=_N_REPELLED,
        n_epochs=_N_EPOCHS,
        init=first,
        random_state=random_state,
        metric="cosine",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
    )
    return embedding
