"""Encoded images and captions, level by level."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import torch
from torch.nn import functional


class Nodes(NamedTuple):
    """Vectors of the nodes of several graphs, padded to the largest.

    ``vectors`` is float of shape (n_graphs, n_nodes, n_dimensions); ``weights``, float of shape
    (n_graphs, n_nodes), is the weight of each node: 0 where there is none.
    """

    vectors: torch.Tensor
    weights: torch.Tensor

    @property
    def mask(self) -> torch.Tensor:
        """Where there is a node."""
        return self.weights > 0

    @property
    def n_graphs(self) -> int:
        """Number of graphs."""
        return len(self.weights)

    def take(self, indices: Any) -> Self:
        """Return the nodes of a part of the graphs."""
        return self._replace(vectors=self.vectors[indices], weights=self.weights[indices])

    def to(self, device: torch.device | str) -> Self:
        """Return the nodes on a device."""
        return type(self)(*(part.to(device) for part in self))

    def mean(self) -> torch.Tensor:
        """Return the weighted mean of each graph's nodes, (n_graphs, n_dimensions)."""
        sums = (self.weights[:, None] @ self.vectors)[:, 0]
        return sums / self.weights.sum(dim=1, keepdim=True).clamp_min(1e-12)


class Encoded(NamedTuple):
    """Encoded images or captions, with a field for each level that can be compared.

    ``objects`` are nodes of the objects of an image or of the words of a caption, ``relations``
    those of relations or triples; ``graphs``, float of shape (n, n_dimensions), has one vector
    for the whole graph or sentence. ``denied_objects`` and ``denied_relations`` are nodes of what
    captions deny, None where nothing can be denied, as by images. ``implausibility``, float of
    shape (n,), is less the log probability that captions mix nothing up, and ``hubness``, float of
    shape (n,), how similar they are to what does not match; None where they are unknown.
    """

    objects: Nodes
    relations: Nodes
    graphs: torch.Tensor
    denied_objects: Nodes | None = None
    denied_relations: Nodes | None = None
    implausibility: torch.Tensor | None = None
    hubness: torch.Tensor | None = None

    def nodes(self, level: str) -> Nodes:
        """Return the nodes of the level "object" or "relation"."""
        return {"object": self.objects, "relation": self.relations}[level]

    def denied_nodes(self, level: str) -> Nodes | None:
        """Return the denied nodes of a level; None if there cannot be any."""
        denied = {"object": self.denied_objects, "relation": self.denied_relations}
        return denied.get(level)

    def take(self, indices: Any) -> Self:
        """Return a part of the images or captions."""
        return self._replace(
            objects=self.objects.take(indices),
            relations=self.relations.take(indices),
            graphs=self.graphs[indices],
            denied_objects=self.denied_objects and self.denied_objects.take(indices),
            denied_relations=self.denied_relations and self.denied_relations.take(indices),
            implausibility=None if self.implausibility is None else self.implausibility[indices],
            hubness=None if self.hubness is None else self.hubness[indices],
        )

    def stated(self) -> Self:
        """Return captions without what they deny."""
        return self._replace(denied_objects=None, denied_relations=None)

    def to(self, device: torch.device | str) -> Self:
        """Return the images or captions on a device."""
        parts = self._asdict().items()
        moved = {name: part.to(device) for name, part in parts if part is not None}
        return self._replace(**moved)


def _concatenate_denied(parts):
    return None if parts[0] is None else concatenate_nodes(parts)


def _concatenate_known(parts):
    return None if parts[0] is None else torch.cat(parts)


def concatenate_nodes(parts: Sequence[Nodes]) -> Nodes:
    """Concatenate the nodes of several batches of graphs, padded to the largest."""
    longest = max(part.weights.shape[1] for part in parts)
    missing = [longest - part.weights.shape[1] for part in parts]
    return Nodes(
        torch.cat(
            [functional.pad(p.vectors, (0, 0, 0, n)) for p, n in zip(parts, missing, strict=True)]
        ),
        torch.cat([functional.pad(p.weights, (0, n)) for p, n in zip(parts, missing, strict=True)]),
    )


def concatenate_encoded(parts: Sequence[Encoded]) -> Encoded:
    """Concatenate images, or captions, that were encoded in several batches."""
    if len(parts) == 1:
        return parts[0]
    return Encoded(
        concatenate_nodes([part.objects for part in parts]),
        concatenate_nodes([part.relations for part in parts]),
        torch.cat([part.graphs for part in parts]),
        _concatenate_denied([part.denied_objects for part in parts]),
        _concatenate_denied([part.denied_relations for part in parts]),
        _concatenate_known([part.implausibility for part in parts]),
        _concatenate_known([part.hubness for part in parts]),
    )
