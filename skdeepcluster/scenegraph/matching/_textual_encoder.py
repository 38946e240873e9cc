"""The network that encodes captions."""

import torch
from torch import nn
from torch.nn import functional

from ._encoded import Encoded, Nodes
from ._input_tensors import CaptionTensors
from ._layers import is_known, trained_rows, zero_embedding, zero_linear


class TextualGraphEncoder(nn.Module):
    """Encodes captions: their words and their triples.

    A bidirectional GRU over the words adds context to the vector of each; a second one reads
    each triple (SGM).

    Parameters
    ----------
    rarity : torch.Tensor of shape (n_phrases,)
        Initial weight of each word.
    n_dimensions : int
    dropout : float
    n_hidden : int, default=128
        Units of each GRU in each direction.
    """

    def __init__(
        self, rarity: torch.Tensor, n_dimensions: int, dropout: float, n_hidden: int = 128
    ) -> None:
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

    def forward(self, inputs: CaptionTensors, vectors: torch.Tensor) -> Encoded:
        """Encode captions.

        Parameters
        ----------
        inputs : CaptionTensors
        vectors : torch.Tensor of shape (n_phrases or more, n_dimensions)
            Rows beyond those trained are phrases that were not met in training.

        Returns
        -------
        encoded : Encoded
        """
        rows = trained_rows(inputs.words, len(self.rarity.weight))
        words = vectors[inputs.words] + self.phrase(rows)
        nodes = words + self.context(self.dropout(self._read_words(words, inputs.words)))
        weights = self.rarity(rows) + self.importance(vectors[inputs.words])
        weights = weights[:, :, 0].exp() * is_known(vectors[inputs.words])
        sentences = inputs.sentences + self.whole(self.dropout(inputs.sentences))
        return Encoded(
            Nodes(functional.normalize(nodes, dim=2), weights),
            self._triples(inputs.triples, vectors),
            functional.normalize(sentences, dim=1) * is_known(inputs.sentences)[:, None],
            self._phrases(inputs.denied_objects, vectors),
            self._triples(inputs.denied_triples, vectors),
        )

    def _read_words(self, words, rows):
        if not len(rows):
            return words.new_zeros(*rows.shape, 2 * self.reader.hidden_size)
        lengths = (rows > 0).sum(dim=1).clamp_min(1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(words), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = self.reader(packed)
        return nn.utils.rnn.pad_packed_sequence(
            states, batch_first=True, total_length=words.shape[1]
        )[0]

    def _phrases(self, rows, vectors):
        """Encode phrases out of the context of a sentence."""
        nodes = vectors[rows] + self.phrase(trained_rows(rows, len(self.rarity.weight)))
        return Nodes(functional.normalize(nodes, dim=2), is_known(vectors[rows]).float())

    def _triples(self, triples, vectors):
        mask = is_known(vectors[triples].flatten(2))
        parts = vectors[triples] + self.phrase(trained_rows(triples, len(self.rarity.weight)))
        nodes = parts.mean(dim=2)
        if mask.any():
            _, last = self.triple_reader(self.dropout(parts[mask]))
            context = self.triple_context(self.dropout(last.transpose(0, 1).flatten(1)))
            nodes = nodes.index_put((mask,), nodes[mask] + context)
        return Nodes(functional.normalize(nodes, dim=2), mask.float())
