"""From graphs and captions, as they are, to encoded ones that can be compared."""

import numpy as np
import torch

from ..retrieval._captions import Caption
from ._encoders import TextualGraphEncoder, VisualGraphEncoder, cat_encoded
from ._inputs import caption_inputs, graph_inputs
from ._model import MatchingModel
from ._phrases import PhraseTable, document_frequencies, rarity

# Objects and relations, or words and triples, that are encoded together.
_MOST_NODES = 2**14


class PairEncoder:
    """Words, their vectors and the networks of a fitted retriever.

    Parameters
    ----------
    phrase_vectors : PhraseVectors
    n_features : int
        Length of the features of objects and relations, 0 if there are none.

    Attributes
    ----------
    visual_phrases, textual_phrases : PhraseTable
        Those met in training.
    model : MatchingModel
        Set by ``make_model``.
    """

    model: MatchingModel

    def __init__(self, phrase_vectors, n_features):
        self.phrase_vectors = phrase_vectors
        self.n_features = n_features
        self.visual_phrases = PhraseTable(phrase_vectors)
        self.textual_phrases = PhraseTable(phrase_vectors)

    def make_model(self, pairs, **how):
        """Make the networks for the phrases met so far.

        Parameters
        ----------
        pairs : Pairs
            How rare a phrase is is counted here.
        **how
            See ``build_model``.
        """
        labels = document_frequencies(pairs.graphs.labels, len(self.visual_phrases))
        words = document_frequencies(pairs.captions.words, len(self.textual_phrases))
        self.build_model(
            rarity(labels, len(pairs.identities)), rarity(words, len(pairs.owners)), **how
        )

    def build_model(self, visual_rarity, textual_rarity, *, levels, neighbors, symmetric, dropout):
        """Make the networks, given how much each phrase counts at first.

        Parameters
        ----------
        visual_rarity, textual_rarity : torch.Tensor of shape (n_phrases,)
        levels : tuple of str
        neighbors, symmetric : bool
        dropout : float
        """
        n_dimensions = self.phrase_vectors.n_dimensions
        self.model = MatchingModel(
            VisualGraphEncoder(visual_rarity, n_dimensions, self.n_features, neighbors, dropout),
            TextualGraphEncoder(textual_rarity, n_dimensions, dropout),
            levels,
            symmetric,
        ).eval()

    def graph_inputs(self, graphs):
        """Lay graphs out as tensors; their phrases are to be learned."""
        return graph_inputs(graphs, self.visual_phrases, self.n_features)

    def caption_inputs(self, captions: list[Caption]):
        """Lay captions, with their triples, out as tensors; their phrases are to be learned."""
        return caption_inputs(captions, self.textual_phrases, self.phrase_vectors.of_sentences)

    def encode_graphs(self, graphs):
        """Encode graphs, with whatever phrases; nothing here is changed by it."""
        return _in_order(self._graph_parts(graphs))

    def encode_captions(self, captions: list[Caption]):
        """Encode captions, with their triples; nothing here is changed by it."""
        return _in_order(self._caption_parts(captions))

    def similarity(self, graphs, captions: list[Caption]):
        """Compare all graphs with all captions, ndarray of shape (n_graphs, n_captions)."""
        return self._compare(self._graph_parts(graphs), self._caption_parts(captions))

    def similarity_of_inputs(self, graphs, captions):
        """Compare what ``graph_inputs`` and ``caption_inputs`` returned."""
        return self._compare(
            _in_parts(self.model.visual, graphs, self.visual_phrases),
            _in_parts(self.model.textual, captions, self.textual_phrases),
        )

    def pooled_graphs(self, graphs):
        """One vector a graph, ndarray: see ``MatchingModel.pooled_images``."""
        with torch.inference_mode():
            return self.model.pooled_images(self.encode_graphs(graphs)).numpy()

    def pooled_captions(self, captions: list[Caption]):
        """One vector a caption, with its triples, ndarray."""
        with torch.inference_mode():
            return self.model.pooled_captions(self.encode_captions(captions)).numpy()

    def _graph_parts(self, graphs):
        phrases = self.visual_phrases.copy()
        inputs = graph_inputs(graphs, phrases, self.n_features)
        return _in_parts(self.model.visual, inputs, phrases)

    def _caption_parts(self, captions):
        phrases = self.textual_phrases.copy()
        inputs = caption_inputs(captions, phrases, self.phrase_vectors.of_sentences)
        return _in_parts(self.model.textual, inputs, phrases)

    def _compare(self, images, captions):
        shape = [sum(len(places) for places, _ in side) for side in (images, captions)]
        similarities = np.empty(shape, np.float32)
        with torch.inference_mode():
            for rows, some in images:
                for columns, few in captions:
                    similarities[np.ix_(rows, columns)] = self.model.similarity(some, few)
        return similarities


def _in_parts(encoder, inputs, phrases):
    """Encode inputs, those of like size together; return positions and Encoded of each part."""
    with torch.inference_mode():
        return [
            (places, encoder(inputs.of(places), phrases.vectors))
            for places in _of_like_size(inputs.sizes.numpy())
        ]


def _of_like_size(sizes):
    """Split positions so that a long sentence fills up few others, ``_MOST_NODES`` at a time."""
    order = np.argsort(sizes, kind="stable")
    parts, start = [], 0
    for end, size in enumerate(sizes[order]):
        if end > start and size * (end + 1 - start) > _MOST_NODES:
            parts.append(order[start:end])
            start = end
    return [*parts, order[start:]]


def _in_order(parts):
    places, encoded = zip(*parts, strict=True)
    return cat_encoded(encoded).of(np.argsort(np.concatenate(places)))
