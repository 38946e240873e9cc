"""How unlike any other sample each sample is."""

import numpy as np

from ..features import row_chunks, unit_rows


def outlier_scores(features, neighbors):
    """Cosine distance of each sample to its last neighbour, averaged over its nearest five.

    The average, half of the score, keeps outliers outstanding that lie close to one another.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        Nearest first.

    Returns
    -------
    scores : ndarray of shape (n_samples,), float32
        From 0 to 2, higher for outliers; 0 where there are no neighbours.
    """
    distances = np.zeros(len(features), dtype=np.float32)
    if not neighbors.shape[1]:
        return distances
    for chunk in row_chunks(len(features)):
        last = unit_rows(features, neighbors[chunk, -1])
        distances[chunk] = 1 - np.einsum("nd,nd->n", unit_rows(features, chunk), last)
    return (distances + distances[neighbors[:, :5]].mean(axis=1)) / 2
