"""Pairs that are held out of the training, and how well they are retrieved."""

import numpy as np

from ..matching import PairEncoder, TrainingPairs
from ._recall import mean_recall, recall_table


def hold_out(
    identities: np.ndarray, share: float, random_state: np.random.RandomState
) -> np.ndarray:
    """Choose images to hold out; of equal graphs all or none.

    Parameters
    ----------
    identities : ndarray of shape (n_images,), int64
        The same number for graphs that are equal.
    share : float in [0, 1)
    random_state : RandomState

    Returns
    -------
    held_out : ndarray of shape (n_images,), bool
        At least one graph is left to learn from.
    """
    numbers = np.unique(identities)
    n_out = min(int(np.ceil(share * len(numbers))), len(numbers) - 1)
    return np.isin(identities, random_state.permutation(numbers)[:n_out])


class HeldOut:
    """Measures an encoder on held-out pairs.

    Parameters
    ----------
    pairs : TrainingPairs
    encoder : PairEncoder
    """

    def __init__(self, pairs: TrainingPairs, encoder: PairEncoder) -> None:
        self.pairs = pairs
        self._encoder = encoder

    def similarities(self) -> np.ndarray:
        """Compare the held-out images with the held-out captions."""
        return self._encoder.tensor_similarity(self.pairs.graphs, self.pairs.captions)

    def recall(self, similarities: np.ndarray) -> float:
        """Return the mean recall that similarities of the held-out pairs give."""
        return mean_recall(recall_table(similarities, self.pairs.owners, self.pairs.identities))
