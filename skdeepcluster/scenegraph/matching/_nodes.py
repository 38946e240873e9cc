"""Nodes of many graphs or sentences as one padded tensor."""

from typing import NamedTuple

import torch
from torch.nn import functional


class Nodes(NamedTuple):
    """Vectors of the nodes of several graphs, filled up to the longest.

    ``vectors`` is float of shape (n_graphs, n_nodes, n_dimensions); ``weights``, float of shape
    (n_graphs, n_nodes), says how much each node counts: 0 where there is none.
    """

    vectors: torch.Tensor
    weights: torch.Tensor

    @property
    def mask(self):
        """Where there is a node."""
        return self.weights > 0

    @property
    def n_graphs(self):
        """Number of graphs."""
        return len(self.weights)

    def of(self, graphs):
        """Return the nodes of some of the graphs."""
        return Nodes(self.vectors[graphs], self.weights[graphs])

    def mean(self):
        """Return the weighted mean of each graph's nodes, (n_graphs, n_dimensions)."""
        sums = (self.weights[:, None] @ self.vectors)[:, 0]
        return sums / self.weights.sum(dim=1, keepdim=True).clamp_min(1e-12)


def pad(rows, sizes):
    """Lay the rows of several graphs, one after the other, out by graph.

    Parameters
    ----------
    rows : ndarray or torch.Tensor of shape (sum of sizes, ...)
    sizes : sequence of int
        Number of rows of each graph.

    Returns
    -------
    padded : torch.Tensor of shape (n_graphs, max(1, largest size), ...)
        Zeros where a graph has no more rows.
    """
    rows = torch.as_tensor(rows)
    counts = torch.as_tensor(sizes, dtype=torch.int64)
    longest = max(1, int(counts.max())) if len(counts) else 1
    mask = torch.arange(longest) < counts[:, None]
    padded = rows.new_zeros((len(counts), longest, *rows.shape[1:]))
    padded[mask] = rows
    return padded


def cat_nodes(parts):
    """Put the nodes of several batches of graphs together, filled up to the longest."""
    longest = max(part.weights.shape[1] for part in parts)
    missing = [longest - part.weights.shape[1] for part in parts]
    return Nodes(
        torch.cat(
            [functional.pad(p.vectors, (0, 0, 0, n)) for p, n in zip(parts, missing, strict=True)]
        ),
        torch.cat([functional.pad(p.weights, (0, n)) for p, n in zip(parts, missing, strict=True)]),
    )


def trim(rows):
    """Cut places that are 0 in all graphs off the end, but for one.

    Parameters
    ----------
    rows : torch.Tensor of shape (n_graphs, n_nodes, ...), int64

    Returns
    -------
    rows : torch.Tensor of shape (n_graphs, n_used, ...)
    """
    used = (rows != 0).flatten(2).any(dim=2) if rows.ndim > 2 else rows != 0
    return rows[:, : max(1, int(used.any(dim=0).sum()))]
