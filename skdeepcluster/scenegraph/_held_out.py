"""Pairs that are not learned from."""

from typing import NamedTuple

import numpy as np

from ._inputs import CaptionInputs, GraphInputs
from ._pair_encoder import PairEncoder
from ._recall import mean_recall, recall_table


class HeldOut(NamedTuple):
    """Pairs that are held out, by their places, and what measures a model on them."""

    pictures: np.ndarray
    captions: np.ndarray
    graphs: GraphInputs
    texts: CaptionInputs
    owners: np.ndarray
    identities: np.ndarray
    encoder: PairEncoder

    def similarities(self):
        """Compare the pictures and captions held out."""
        return self.encoder.compare(*self.encoder.encode_inputs(self.graphs, self.texts))

    def recall(self, similarities):
        """Mean recall of similarities of the pairs held out."""
        return mean_recall(recall_table(similarities, self.owners, self.identities))
