"""The part of all neighbours by which a training epoch on many samples is judged."""

from typing import NamedTuple

import numpy as np

# With more samples than this, an epoch sees so many only.
EPOCH_SIZE = 50_000


class NeighborSample(NamedTuple):
    """A sample of the samples, and neighbours of the first of them.

    ``rows``, int64 of shape (n_rows,), are the samples; ``neighbors``, int64 of shape
    (n_drawn, n_neighbors), are positions in ``rows`` of the neighbours of the first
    ``n_drawn``.
    """

    rows: np.ndarray
    neighbors: np.ndarray


def sample_neighbors(neighbors):
    """Draw samples of a large data set, together with all of their neighbours.

    Parameters
    ----------
    neighbors : ndarray of shape (n_samples, n_neighbors), int64

    Returns
    -------
    sample : NeighborSample
        All samples that there are up to 50,000. Beyond, a part of them with their neighbours,
        no more than 50,000, and as many at random: neighbours alone would miss many a cluster.
    """
    n_samples, n_neighbors = neighbors.shape
    if n_samples <= EPOCH_SIZE:
        return NeighborSample(np.arange(n_samples), neighbors)
    n_drawn = EPOCH_SIZE // (n_neighbors + 1)
    others = np.random.default_rng(0).choice(n_samples, EPOCH_SIZE, replace=False)
    drawn = others[:n_drawn]
    rows = np.concatenate([drawn, np.setdiff1d(np.append(neighbors[drawn], others), drawn)])
    order = np.argsort(rows)
    return NeighborSample(rows, order[np.searchsorted(rows, neighbors[drawn], sorter=order)])
