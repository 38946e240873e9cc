"""Pairs that are not learned from, and what they decide: the epoch that is kept."""

import numpy as np

from ..matching._training import train
from ._recall import mean_recall, recall_table


def hold_out(identities, share, random_state):
    """Choose images to hold out; of graphs that are the same all or none.

    Parameters
    ----------
    identities : ndarray of shape (n_images,), int64
        The same number for graphs that are the same.
    share : float in [0, 1)
    random_state : RandomState

    Returns
    -------
    held_out : ndarray of shape (n_images,), bool
        One graph at least is left to learn from.
    """
    numbers = np.unique(identities)
    n_out = min(int(np.ceil(share * len(numbers))), len(numbers) - 1)
    return np.isin(identities, random_state.permutation(numbers)[:n_out])


class HeldOut:
    """Measures an encoder on pairs that it has not learned from.

    Parameters
    ----------
    pairs : Pairs
    encoder : PairEncoder
    """

    def __init__(self, pairs, encoder):
        self.pairs = pairs
        self._encoder = encoder

    def similarities(self):
        """Compare the images and captions held out."""
        return self._encoder.similarity_of_inputs(self.pairs.graphs, self.pairs.captions)

    def recall(self, similarities):
        """Mean recall of similarities of the pairs held out."""
        return mean_recall(recall_table(similarities, self.pairs.owners, self.pairs.identities))


def train_encoder(encoder, pairs, held_out, *, verbose, **how):
    """Train an encoder, with a progress bar, up to the epoch that was best on pairs held out.

    Parameters
    ----------
    encoder : PairEncoder
    pairs : Pairs
    held_out : HeldOut or None
        None keeps the last epoch.
    verbose : int
    **how
        See ``train``.

    Returns
    -------
    history : dict of str to list of float
        "loss", "seconds" and, if there are pairs held out, "validation_recall".
    """
    from tqdm.auto import tqdm

    history: dict = {"loss": [], "seconds": []}
    best = BestEpoch(encoder.model)

    def on_epoch(row):
        if held_out is not None:
            row["validation_recall"] = held_out.recall(held_out.similarities())
            best.offer(row["validation_recall"])
        for name, value in row.items():
            history.setdefault(name, []).append(value)
        bar.set_postfix({name: f"{row[name]:.3g}" for name in row if name != "seconds"})
        bar.update()

    with tqdm(total=how["max_epochs"], desc="training", unit="epoch", disable=not verbose) as bar:
        train(
            encoder.model,
            pairs,
            encoder.visual_phrases.vectors,
            encoder.textual_phrases.vectors,
            on_epoch=on_epoch,
            **how,
        )
    best.restore()
    return history


class BestEpoch:
    """The parameters of a model when a score was highest.

    Parameters
    ----------
    model : torch.nn.Module
    """

    def __init__(self, model):
        self._model = model
        self._score = -np.inf
        self._state: dict = {}

    def offer(self, score):
        """Keep the present parameters if the score is the highest yet."""
        if score > self._score:
            self._score = score
            self._state = {name: part.clone() for name, part in self._model.state_dict().items()}

    def restore(self):
        """Put the parameters that were kept back, if there are any."""
        if self._state:
            self._model.load_state_dict(self._state)
