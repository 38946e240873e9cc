"""Rows of many graphs or sentences as one padded tensor."""

from collections.abc import Sequence

import numpy as np
import torch


def pad(rows: np.ndarray | torch.Tensor, sizes: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Lay out the rows of several graphs, given one after the other, by graph.

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


def trim(rows: torch.Tensor) -> torch.Tensor:
    """Drop trailing positions that are 0 in all graphs, but keep at least one.

    Parameters
    ----------
    rows : torch.Tensor of shape (n_graphs, n_nodes, ...), int64

    Returns
    -------
    rows : torch.Tensor of shape (n_graphs, n_used, ...)
    """
    used = (rows != 0).flatten(2).any(dim=2) if rows.ndim > 2 else rows != 0
    return rows[:, : max(1, int(used.any(dim=0).sum()))]
