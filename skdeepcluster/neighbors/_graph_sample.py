"""A part of the graph of neighbours, by which a training epoch on many samples is judged."""

from typing import NamedTuple

import numpy as np

# With more samples than this, an epoch sees and is judged by so many only.
EPOCH_SIZE = 50_000


class GraphSample(NamedTuple):
    """Some samples, and neighbours of the first of them.

    ``rows``, int64 of shape (n_rows,), are the samples; ``neighbors``, int64 of shape
    (n_drawn, n_neighbors), are positions in ``rows`` of the neighbours of the first
    ``n_drawn``.
    """

    rows: np.ndarray
    neighbors: np.ndarray


def sample_graph(neighbors):
    """Draw some samples of a large graph, together with all of their neighbours.

    Parameters
    ----------
    neighbors : ndarray of shape (n_samples, n_neighbors), int64

    Returns
    -------
    sample : GraphSample
        All samples that there are up to 50,000. Beyond, some with their neighbours, no more than
        50,000, and as many at random: groups of neighbours would pass over many a cluster.
    """
    n_samples, n_neighbors = neighbors.shape
    if n_samples <= EPOCH_SIZE:
        return GraphSample(np.arange(n_samples), neighbors)
    n_drawn = EPOCH_SIZE // (n_neighbors + 1)
    others = np.random.default_rng(0).choice(n_samples, EPOCH_SIZE, replace=False)
    drawn = others[:n_drawn]
    rows = np.concatenate([drawn, np.setdiff1d(np.append(neighbors[drawn], others), drawn)])
    order = np.argsort(rows)
    return GraphSample(rows, order[np.searchsorted(rows, neighbors[drawn], sorter=order)])
