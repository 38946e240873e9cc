"""Networks that turn graphs and sentences into nodes that can be compared.

Both start as the plain vectors of the words: every learned part is added to them and begins at
zero, so that training sets out from the untrained similarity. On a thousand images that is
worth more than width.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from ._inputs import N_BOX_NUMBERS
from ._nodes import Nodes, cat_nodes


class Encoded(NamedTuple):
    """Images or captions: their nodes, and each as a whole, (n, n_dimensions)."""

    objects: Nodes
    relations: Nodes
    whole: torch.Tensor

    def of(self, items):
        """Return some of the images or captions."""
        return Encoded(self.objects.of(items), self.relations.of(items), self.whole[items])


def cat_encoded(parts):
    """Put images, or captions, that were encoded in parts together."""
    if len(parts) == 1:
        return parts[0]
    return Encoded(
        cat_nodes([part.objects for part in parts]),
        cat_nodes([part.relations for part in parts]),
        torch.cat([part.whole for part in parts]),
    )


def zero_linear(n_inputs, n_outputs):
    """Make a linear layer that returns zeros until it is trained."""
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def zero_embedding(n_rows, n_dimensions):
    embedding = nn.Embedding(n_rows, n_dimensions, padding_idx=0)
    nn.init.zeros_(embedding.weight)
    return embedding


class VisualGraphEncoder(nn.Module):
    """Nodes of the graphs of images.

    An object is its label's vector, with what its box and feature add. A relation is the mean
    of its subject, predicate and object, with what their combination adds; and an object learns
    from the relations it is in (SGM's graph convolution passes messages to relations alone).

    Parameters
    ----------
    rarity : torch.Tensor of shape (n_phrases,)
        How much each label counts at first.
    n_dimensions, n_features : int
    neighbors : bool
        Whether objects learn from their relations.
    dropout : float
    """

    def __init__(self, rarity, n_dimensions, n_features, neighbors, dropout):
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

    def forward(self, inputs, vectors):
        """Encode graphs.

        Parameters
        ----------
        inputs : GraphInputs
        vectors : torch.Tensor of shape (n_phrases or more, n_dimensions)
            Rows beyond those learned are phrases that were not met in training.

        Returns
        -------
        encoded : Encoded
        """
        learned = _known(inputs.labels, len(self.rarity.weight))
        objects = vectors[inputs.labels] + self.phrase(learned) + self.box(inputs.boxes)
        if self.feature is not None:
            objects = objects + self.feature(self.dropout(inputs.features))
        relations = self._relations(objects, inputs, vectors)
        related = (inputs.predicates > 0).float()
        if self.message is not None:
            objects = objects + self.message(self.dropout(_gather(relations, related, inputs)))
        known, known_relations = self._known_nodes(inputs, vectors)
        weights = self.rarity(learned)[:, :, 0].exp() * (0.2 + inputs.boxes[:, :, 6]) * known
        return Encoded(
            Nodes(functional.normalize(objects, dim=2), weights),
            Nodes(functional.normalize(relations, dim=2), related * known_relations),
            self._as_whole(inputs, learned, vectors),
        )

    def _known_nodes(self, inputs, vectors):
        """Say of which objects and relations a word or a feature tells something."""
        objects = _says_something(vectors[inputs.labels]) | _says_something(inputs.features)
        relations = _says_something(vectors[inputs.predicates])
        relations = relations | _says_something(inputs.relation_features)
        for end in (0, 1):
            relations = relations | objects.gather(1, inputs.pairs[:, :, end])
        return objects, relations

    def _relations(self, objects, inputs, vectors):
        subject, target = (_pick(objects, inputs.pairs[:, :, end]) for end in (0, 1))
        known = _known(inputs.predicates, len(self.rarity.weight))
        predicate = vectors[inputs.predicates] + self.phrase(known)
        boxes = [_pick(inputs.boxes, inputs.pairs[:, :, end]) for end in (0, 1)]
        together = torch.cat([subject, predicate, target, *boxes], dim=2)
        relations = (subject + predicate + target) / 3 + self.relation(self.dropout(together))
        if self.relation_feature is not None:
            relations = relations + self.relation_feature(self.dropout(inputs.relation_features))
        return relations

    def _as_whole(self, inputs, learned, vectors):
        """Labels by how often and how large they are there, and predicates by how often."""
        n_phrases = len(self.rarity.weight)
        bag = vectors.new_zeros(len(learned), 4, n_phrases)
        there = (learned > 0).float()
        bag[:, 0].scatter_add_(1, learned, there)
        bag[:, 1].scatter_add_(1, learned, there * inputs.boxes[:, :, 6])
        related = (inputs.predicates > 0).float()
        for end in (0, 1):
            bag[:, 2].scatter_add_(1, learned.gather(1, inputs.pairs[:, :, end]), related)
        bag[:, 3].scatter_add_(1, _known(inputs.predicates, n_phrases), related)
        bag = torch.cat([bag[:, :1].log1p(), bag[:, 1:2], bag[:, 2:].log1p()], dim=1)
        bag[:, :, 0] = 0
        weights = (bag[:, :2] * self.counts.T).sum(dim=1) * self.rarity.weight[:, 0].exp()
        whole = weights @ (vectors[:n_phrases] + self.phrase.weight)
        # Labels that were not met in training count as one small object each.
        strange = ((inputs.labels >= n_phrases).float() * 0.1)[:, :, None] * vectors[inputs.labels]
        whole = whole + strange.sum(dim=1) + self.whole(self.label_dropout(bag).flatten(1))
        # An image without objects is nothing, whatever the biases say.
        any_object = (inputs.labels > 0).any(dim=1, keepdim=True)
        return functional.normalize(whole, dim=1) * any_object


class TextualGraphEncoder(nn.Module):
    """Nodes of captions: their words, and their triples.

    A bidirectional GRU over the words adds what comes before and after to the vector of each;
    a second one reads each triple (SGM).

    Parameters
    ----------
    rarity : torch.Tensor of shape (n_phrases,)
    n_dimensions : int
    dropout : float
    """

    def __init__(self, rarity, n_dimensions, dropout, n_hidden=128):
        super().__init__()
        self.rarity = nn.Embedding.from_pretrained(rarity.log()[:, None], freeze=False)
        self.importance = zero_linear(n_dimensions, 1)
        self.phrase = zero_embedding(len(rarity), n_dimensions)
        self.reader = nn.GRU(n_dimensions, n_hidden, bidirectional=True, batch_first=True)
        self.context = zero_linear(2 * n_hidden, n_dimensions)
        self.triple_reader = nn.GRU(n_dimensions, n_hidden, bidirectional=True, batch_first=True)
        self.triple_context = zero_linear(2 * n_hidden, n_dimensions)
        self.whole = zero_linear(n_dimensions, n_dimensions)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs, vectors):
        """Encode captions.

        Parameters
        ----------
        inputs : CaptionInputs
        vectors : torch.Tensor of shape (n_phrases or more, n_dimensions)

        Returns
        -------
        encoded : Encoded
        """
        n_learned = len(self.rarity.weight)
        known = _known(inputs.words, n_learned)
        words = vectors[inputs.words] + self.phrase(known)
        nodes = words + self.context(self.dropout(self._read(self.reader, words, inputs.words)))
        weights = self.rarity(known) + self.importance(vectors[inputs.words])
        weights = weights[:, :, 0].exp() * _says_something(vectors[inputs.words])
        whole = inputs.sentences + self.whole(self.dropout(inputs.sentences))
        return Encoded(
            Nodes(functional.normalize(nodes, dim=2), weights),
            self._triples(inputs.triples, vectors),
            functional.normalize(whole, dim=1) * _says_something(inputs.sentences)[:, None],
        )

    def _read(self, reader, words, rows):
        if not len(rows):
            return words.new_zeros(*rows.shape, 2 * reader.hidden_size)
        lengths = (rows > 0).sum(dim=1).clamp_min(1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(words), lengths, batch_first=True, enforce_sorted=False
        )
        read, _ = reader(packed)
        return nn.utils.rnn.pad_packed_sequence(
            read, batch_first=True, total_length=words.shape[1]
        )[0]

    def _triples(self, triples, vectors):
        there = _says_something(vectors[triples].flatten(2)).float()
        parts = vectors[triples] + self.phrase(_known(triples, len(self.rarity.weight)))
        nodes = parts.mean(dim=2)
        if there.any():
            mask = there > 0
            _, last = self.triple_reader(self.dropout(parts[mask]))
            context = self.triple_context(self.dropout(last.transpose(0, 1).flatten(1)))
            nodes = nodes.index_put((mask,), nodes[mask] + context)
        return Nodes(functional.normalize(nodes, dim=2), there)


def _says_something(vectors):
    """Find vectors that are not 0, as those of unknown words and of empty places are."""
    return (vectors != 0).any(dim=-1)


def _known(rows, n_learned):
    """Rows, or 0 for those that were not there in training."""
    return torch.where(rows < n_learned, rows, torch.zeros_like(rows))


def _pick(nodes, places):
    return nodes.gather(1, places[:, :, None].expand(-1, -1, nodes.shape[2]))


def _gather(relations, related, inputs):
    """Mean of the relations an object is the subject of, and of those it is the object of."""
    received = []
    for end in (0, 1):
        places = inputs.pairs[:, :, end, None]
        sums = relations.new_zeros(*inputs.labels.shape, relations.shape[2])
        counts = relations.new_zeros(*inputs.labels.shape, 1)
        weighted = relations * related[:, :, None]
        sums = sums.scatter_add(1, places.expand(-1, -1, relations.shape[2]), weighted)
        counts = counts.scatter_add(1, places, related[:, :, None])
        received.append(sums / counts.clamp_min(1))
    return torch.cat(received, dim=2)
