"""The network that encodes the graphs of images."""

import torch
from torch import nn
from torch.nn import functional

from ._encoded import Encoded, Nodes
from ._input_tensors import N_BOX_NUMBERS, GraphTensors
from ._layers import is_known, trained_rows, zero_embedding, zero_linear

# Number of the box numbers that is the root of the box's share of the area.
_SIZE = 6


class VisualGraphEncoder(nn.Module):
    """Encodes the graphs of images.

    An object is the vector of its label, plus what its box and feature add. A relation is the
    mean of its subject, predicate and object, plus what their combination and the feature of
    its union box add; and an object learns from the relations it is in (SGM's graph convolution
    passes messages to relations only).

    Parameters
    ----------
    rarity : torch.Tensor of shape (n_phrases,)
        Initial weight of each label.
    n_dimensions, n_features : int
    neighbors : bool
        Whether objects learn from their relations.
    dropout : float
    """

    def __init__(
        self,
        rarity: torch.Tensor,
        n_dimensions: int,
        n_features: int,
        neighbors: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        n_phrases = len(rarity)
        self.rarity = nn.Embedding.from_pretrained(rarity.log()[:, None], freeze=False)
        self.phrase = zero_embedding(n_phrases, n_dimensions)
        self.box = nn.Sequential(
            nn.Linear(N_BOX_NUMBERS, 64), nn.ReLU(), zero_linear(64, n_dimensions)
        )
        self.feature = zero_linear(n_features, n_dimensions) if n_features else None
        self.relation_feature = zero_linear(n_features, n_dimensions) if n_features else None
        self.relation = nn.Sequential(
            nn.Linear(3 * n_dimensions + 2 * N_BOX_NUMBERS, 256),
            nn.ReLU(),
            nn.Dropout(dropout),
            zero_linear(256, n_dimensions),
        )
        self.message = zero_linear(2 * n_dimensions, n_dimensions) if neighbors else None
        self.counts = nn.Parameter(torch.full((n_phrases, 2), 0.1))
        self.whole = zero_linear(4 * n_phrases, n_dimensions)
        self.dropout = nn.Dropout(dropout)
        self.label_dropout = nn.Dropout(min(0.6, 3 * dropout))

    def forward(self, inputs: GraphTensors, vectors: torch.Tensor) -> Encoded:
        """Encode graphs.

        Parameters
        ----------
        inputs : GraphTensors
        vectors : torch.Tensor of shape (n_phrases or more, n_dimensions)
            Rows beyond those trained are phrases that were not met in training.

        Returns
        -------
        encoded : Encoded
        """
        labels = trained_rows(inputs.labels, len(self.rarity.weight))
        objects = vectors[inputs.labels] + self.phrase(labels) + self.box(inputs.boxes)
        if self.feature is not None:
            objects = objects + self.feature(self.dropout(inputs.features))
        relations = self._relations(objects, inputs, vectors)
        is_relation = (inputs.predicates > 0).float()
        if self.message is not None:
            received = _mean_relations(relations, is_relation, inputs)
            objects = objects + self.message(self.dropout(received))
        known_objects, known_relations = self._known_nodes(inputs, vectors)
        weights = self.rarity(labels)[:, :, 0].exp() * (0.2 + inputs.boxes[:, :, _SIZE])
        return Encoded(
            Nodes(functional.normalize(objects, dim=2), weights * known_objects),
            Nodes(functional.normalize(relations, dim=2), is_relation * known_relations),
            self._graph_vectors(inputs, labels, vectors),
        )

    def _known_nodes(self, inputs, vectors):
        """Return which objects and relations have a known word or a feature."""
        objects = is_known(vectors[inputs.labels]) | is_known(inputs.features)
        relations = is_known(vectors[inputs.predicates])
        relations = relations | is_known(inputs.relation_features)
        for end in (0, 1):
            relations = relations | objects.gather(1, inputs.pairs[:, :, end])
        return objects, relations

    def _relations(self, objects, inputs, vectors):
        subject, target = (_gather(objects, inputs.pairs[:, :, end]) for end in (0, 1))
        rows = trained_rows(inputs.predicates, len(self.rarity.weight))
        predicate = vectors[inputs.predicates] + self.phrase(rows)
        boxes = [_gather(inputs.boxes, inputs.pairs[:, :, end]) for end in (0, 1)]
        together = torch.cat([subject, predicate, target, *boxes], dim=2)
        relations = (subject + predicate + target) / 3 + self.relation(self.dropout(together))
        if self.relation_feature is not None:
            relations = relations + self.relation_feature(self.dropout(inputs.relation_features))
        return relations

    def _graph_vectors(self, inputs, labels, vectors):
        """Encode whole graphs by the number and size of their labels, and by their predicates."""
        n_phrases = len(self.rarity.weight)
        bag = vectors.new_zeros(len(labels), 4, n_phrases)
        is_object = (labels > 0).float()
        bag[:, 0].scatter_add_(1, labels, is_object)
        bag[:, 1].scatter_add_(1, labels, is_object * inputs.boxes[:, :, _SIZE])
        is_relation = (inputs.predicates > 0).float()
        for end in (0, 1):
            bag[:, 2].scatter_add_(1, labels.gather(1, inputs.pairs[:, :, end]), is_relation)
        bag[:, 3].scatter_add_(1, trained_rows(inputs.predicates, n_phrases), is_relation)
        bag = torch.cat([bag[:, :1].log1p(), bag[:, 1:2], bag[:, 2:].log1p()], dim=1)
        bag[:, :, 0] = 0
        weights = (bag[:, :2] * self.counts.T).sum(dim=1) * self.rarity.weight[:, 0].exp()
        graphs = weights @ (vectors[:n_phrases] + self.phrase.weight)
        # Labels that were not met in training count as one small object each.
        is_new = (inputs.labels >= n_phrases).float() * 0.1
        new_labels = is_new[:, :, None] * vectors[inputs.labels]
        graphs = graphs + new_labels.sum(dim=1) + self.whole(self.label_dropout(bag).flatten(1))
        # An image without objects has no vector, whatever the biases are.
        any_object = (inputs.labels > 0).any(dim=1, keepdim=True)
        return functional.normalize(graphs, dim=1) * any_object


def _gather(nodes, indices):
    return nodes.gather(1, indices[:, :, None].expand(-1, -1, nodes.shape[2]))


def _mean_relations(relations, is_relation, inputs):
    """Average, for each object, the relations it is the subject of, and those it is the object of.

    Returns a tensor of shape (n_graphs, n_objects, 2 * n_dimensions).
    """
    received = []
    for end in (0, 1):
        indices = inputs.pairs[:, :, end, None]
        sums = relations.new_zeros(*inputs.labels.shape, relations.shape[2])
        counts = relations.new_zeros(*inputs.labels.shape, 1)
        weighted = relations * is_relation[:, :, None]
        sums = sums.scatter_add(1, indices.expand(-1, -1, relations.shape[2]), weighted)
        counts = counts.scatter_add(1, indices, is_relation[:, :, None])
        received.append(sums / counts.clamp_min(1))
    return torch.cat(received, dim=2)
