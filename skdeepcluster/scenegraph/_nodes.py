"""Nodes of many graphs or sentences as one padded tensor."""

from typing import NamedTuple

import torch


class Nodes(NamedTuple):
    """Vectors of the nodes of several graphs, filled up to the longest.

    ``vectors`` is float of shape (n_graphs, n_nodes, n_dimensions), ``mask`` bool of shape
    (n_graphs, n_nodes), true where there is a node.
    """

    vectors: torch.Tensor
    mask: torch.Tensor

    @classmethod
    def pad(cls, rows, n_dimensions):
        """Stack the nodes of each graph, tensors of shape (n_nodes, n_dimensions)."""
        sizes = torch.tensor([len(row) for row in rows], dtype=torch.int64)
        longest = max([1, *sizes.tolist()])
        mask = torch.arange(longest) < sizes[:, None]
        vectors = torch.zeros(len(rows), longest, n_dimensions)
        if mask.any():
            vectors[mask] = torch.cat([row for row in rows if len(row)])
        return cls(vectors, mask)

    @property
    def n_graphs(self):
        """Number of graphs."""
        return len(self.mask)

    def of(self, graphs):
        """Return the nodes of some of the graphs."""
        return Nodes(self.vectors[graphs], self.mask[graphs])
