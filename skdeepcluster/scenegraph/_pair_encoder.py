"""From graphs and captions, as they are, to encoded ones that can be compared."""

import torch

from ._captions import Caption
from ._encoders import TextualGraphEncoder, VisualGraphEncoder, cat_encoded
from ._inputs import caption_inputs, graph_inputs
from ._model import MatchingModel
from ._phrases import PhraseTable, document_frequencies, rarity

# Graphs or captions that are encoded together.
_CHUNK = 512


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

    def encode_inputs(self, graphs, captions):
        """Encode what the two methods above return."""
        return (
            _in_parts(self.model.visual, graphs, self.visual_phrases),
            _in_parts(self.model.textual, captions, self.textual_phrases),
        )

    def encode_graphs(self, graphs):
        """Encode graphs, with whatever phrases; nothing here is changed by it."""
        phrases = self.visual_phrases.copy()
        inputs = graph_inputs(graphs, phrases, self.n_features)
        return _in_parts(self.model.visual, inputs, phrases)

    def encode_captions(self, captions: list[Caption]):
        """Encode captions, with their triples; nothing here is changed by it."""
        phrases = self.textual_phrases.copy()
        inputs = caption_inputs(captions, phrases, self.phrase_vectors.of_sentences)
        return _in_parts(self.model.textual, inputs, phrases)

    def compare(self, pictures, captions):
        """Return similarities of all pairs, ndarray of shape (n_pictures, n_captions)."""
        with torch.inference_mode():
            return self.model.similarity(pictures, captions).numpy()

    def pooled(self, encoded):
        """One vector a picture or caption: of each level the mean node, by the level's weight."""
        weights = self.model.log_weights
        with torch.inference_mode():
            parts = {
                "object": encoded.objects.mean(),
                "relation": encoded.relations.mean(),
                "graph": encoded.whole,
            }
            pooled = [parts[level] * (weights[level] / 2).exp() for level in self.model.levels]
            return torch.cat(pooled, dim=1).numpy()


def _in_parts(encoder, inputs, phrases):
    with torch.inference_mode():
        return cat_encoded(
            [
                encoder(inputs.of(slice(start, start + _CHUNK)), phrases.vectors)
                for start in range(0, max(1, len(inputs[0])), _CHUNK)
            ]
        )
