"""Training of the head on features that stay as they are: the start, then the objective."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ..features import scaled_rows, stored_rows
from ..neighbors import ROUNDING, NeighborSample, neighborhood_information
from ..storage import BestState
from ._head import as_tensor, encode
from ._revival import revive
from ._trainer import LatentTrainer

# Standard deviation of the noise that stands in for an augmented view where only features
# are there, in units of each feature's own.
_FEATURE_NOISE = 0.3


class TrainingData(NamedTuple):
    """What a head is trained on.

    ``features``, float32 or float16 of shape (n_samples, n_features), are read by the batch, so
    that they may be memory-mapped; ``neighbors``, int64 of shape (n_samples, n_neighbors), are
    theirs; epochs are judged by the ``sample`` of them; ``start``, int64 of shape (n_samples,),
    is the assignment that the head learns first, or None.
    """

    features: np.ndarray
    neighbors: np.ndarray
    sample: NeighborSample
    start: np.ndarray | None


@dataclass(frozen=True)
class TrainingSettings:
    """How a head is trained.

    Parameters
    ----------
    max_epochs : int
    patience : int
        Epochs without a better state after which training stops.
    batch_size : int
    learning_rate : float
        Of Adam.
    """

    max_epochs: int
    patience: int
    batch_size: int
    learning_rate: float


def train_head(head, data, objective, settings, *, generator, random_state, on_epoch):
    """Teach the head its start, then the objective, epoch after epoch.

    An epoch sees at most 50,000 samples, drawn anew each time. Its score is that of all samples up
    to 50,000, beyond of 2,380 and their neighbours; clusters in use are counted on up to 100,000.
    The best state seen, the start among them, is what the head holds at the end.

    Parameters
    ----------
    head : LatentHead
        Changed.
    data : TrainingData
    objective : Objective
    settings : TrainingSettings
    generator : torch.Generator
        Draws batches, neighbours and views.
    random_state : RandomState instance
        Draws how empty clusters are filled.
    on_epoch : callable
        Called with the record of each epoch, a dict; a true value stops the training.
    """
    trainer = LatentTrainer(
        head.from_standardized,
        HeadInputs(head, data.features, generator),
        torch.optim.Adam(head.layers.parameters(), lr=settings.learning_rate),
        data.neighbors,
        objective,
        batch_size=settings.batch_size,
        generator=generator,
        # Clusters that are made definite before there are any would be definite at random.
        late_epoch=settings.max_epochs // 2 if data.start is None else 0,
    )
    judge = _Judge(head, data, objective.centroids.numpy())
    if data.start is not None:
        with trainer.worthwhile_threads():
            trainer.fit_labels(data.start, judge.start_is_reached(data.start))
    _run_epochs(trainer, judge, settings, random_state, on_epoch)


class HeadInputs:
    """Standardised rows of features; a random view is the row with noise.

    Parameters
    ----------
    head : LatentHead
        Whose standardisation is applied.
    features : ndarray of shape (n_samples, n_features), float32 or float16
    generator : torch.Generator
        Draws the noise.
    """

    def __init__(self, head, features, generator):
        self.head = head
        self.features = features
        self.generator = generator

    def __call__(self, indices, augment):
        """Return float32 of shape (n_indices, n_features)."""
        rows = scaled_rows(self.features, indices.numpy())
        batch = self.head.standardize(as_tensor(rows))
        if augment:
            noise = torch.randn(batch.shape, generator=self.generator)
            # A feature that never varies has no deviation.
            batch = batch + _FEATURE_NOISE * noise * (self.head.scale > 0)
        return batch


class _Judge:
    """Judges the head, as it is, by neighbours in the features as they are."""

    def __init__(self, head, data, centroids):
        self.head = head
        self.centroids = centroids
        self.sample = data.sample
        everything = len(data.sample.rows) == len(data.features)
        self._features = data.features if everything else stored_rows(data.features, self.rows)

    @property
    def rows(self):
        return self.sample.rows

    def latents(self):
        """Latents of the judging samples, (n_rows, n_components)."""
        return encode(self.head, self._features)

    def information(self, labels):
        return neighborhood_information(labels, self.sample.neighbors, len(self.centroids))

    def assess(self):
        """Labels of the judging samples, distances to their centroids, and the score."""
        similarities = self.latents() @ self.centroids.T
        labels = similarities.argmax(axis=1)
        return labels, 1 - similarities.max(axis=1), self.information(labels)

    def start_is_reached(self, start):
        """Make a function that tells whether the head reproduces a start."""
        started = start[self.rows]
        n_started = len(np.unique(started))
        start_score = self.information(started)

        def is_reached():
            labels, _, score = self.assess()
            return len(np.unique(labels)) >= n_started and score >= start_score - ROUNDING

        return is_reached


def _run_epochs(trainer, judge, settings, random_state, on_epoch):
    best = BestState(judge.head.layers.parameters())
    n_clusters = len(judge.centroids)
    previous, spread, score = judge.assess()
    # More clusters in use come first, then a higher score.
    best.offer((len(np.unique(previous)), score))
    waited = 0
    for epoch in range(settings.max_epochs):
        # Around the steps alone: callbacks of a user have all threads.
        with trainer.worthwhile_threads():
            if len(np.unique(previous)) < min(n_clusters, len(previous)):
                revive(trainer, judge.latents(), previous, spread, judge.rows, random_state)
            losses = trainer.run_epoch(epoch)
        labels, spread, score = judge.assess()
        n_occupied = len(np.unique(labels))
        improved = best.offer((n_occupied, score))
        record = {
            **losses,
            "learning_rate": float(trainer.optimizer.param_groups[0]["lr"]),
            "label_change": float((labels != previous).mean()),
            "n_occupied": n_occupied,
            "score": score,
            "improved": improved,
        }
        previous = labels
        waited = 0 if improved else waited + 1
        if on_epoch(record) or waited >= settings.patience:
            break
    best.restore()
