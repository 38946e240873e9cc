"""Training of the head on features that stay as they are: the start, then the objective."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from ..neighbors import neighborhood_information
from ..processor import faster_products
from ..supervision import Supervision
from ._adam import Adam
from ._guidance import Guidance
from ._inputs import ReducedInputs
from ._revival import revive
from ._trainer import LatentTrainer

# Share of the samples that the head puts where the start has them, before it is trained on. Of the
# rest, which neighbours and views contradict, the start may be wrong.
_START_REPRODUCED = 0.9
# Times that samples are moved, after the training, to the clusters that they are known to be in.
_MAX_LESSONS = 50


class TrainingData(NamedTuple):
    """What a head is trained on.

    ``features``, float32 or float16 of shape (n_samples, n_features); ``views``, of shape
    (n_samples, n_views, n_features), of random views of the images, or None; ``partners``, int64
    of shape (n_samples, n_partners), neighbours that samples are pulled to; ``neighbors``, int64 of
    shape (n_samples, n_neighbors), those in the features, by which epochs are scored; ``start``,
    int64 of shape (n_samples,), the assignment that the head learns first, or None;
    ``supervision``, what is known of some samples, or None.
    """

    features: np.ndarray
    views: np.ndarray | None
    partners: np.ndarray
    neighbors: np.ndarray
    start: np.ndarray | None
    supervision: Supervision | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """How a head is trained.

    Parameters
    ----------
    max_epochs : int
    batch_size : int
    learning_rate : float
        Of Adam.
    max_revivals : int, default=5
        Attempts after an epoch to fill clusters that have become empty.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    max_revivals: int = 5


def train_head(head, data, objective, settings, *, generator, random_state, on_epoch):
    """Teach a head its start, then the objective, epoch after epoch.

    No criterion chooses among the epochs: the last state is the result. One that is like what
    chose the start would choose the start.

    Parameters
    ----------
    head : LatentHead
        Whose standardisation and sizes are used.
    data : TrainingData
    objective : Objective
    settings : TrainingSettings
    generator : torch.Generator
        Draws weights, batches, neighbours and views.
    random_state : RandomState instance
        Draws how empty clusters are filled.
    on_epoch : callable
        Called with the record of each epoch, a dict, and a callable that returns the head as it
        is; a true value stops the training.

    Returns
    -------
    head : LatentHead
    """
    inputs = ReducedInputs(head, data.features, data.views, generator)
    layers = inputs.new_layers()

    def network(rows):
        with faster_products():
            return functional.normalize(layers(rows).float(), dim=1)

    @torch.inference_mode()
    def latents():
        return network(inputs.originals).numpy()

    train_network(
        network,
        inputs.random_views,
        latents,
        layers.parameters(),
        data,
        objective,
        settings,
        generator=generator,
        random_state=random_state,
        on_epoch=lambda record: on_epoch(record, lambda: inputs.unfolded(layers)),
    )
    return inputs.unfolded(layers)


def train_network(
    network,
    views,
    latents,
    parameters,
    data,
    objective,
    settings,
    *,
    generator,
    random_state,
    on_epoch,
    renewed=None,
):
    """Teach a network its start, then the objective, epoch after epoch.

    Parameters
    ----------
    network : callable
        Maps what ``views`` returns to unit latents.
    views : callable
        ``views(indices)`` draws a view of each sample.
    latents : callable
        Returns those of all samples, ndarray of shape (n_samples, n_components).
    parameters : iterable of torch.nn.Parameter
    data : TrainingData
        Its partners, neighbours, start and supervision are used.
    objective : Objective
    settings : TrainingSettings
    generator : torch.Generator
    random_state : RandomState instance
    on_epoch : callable
        Called with the record of each epoch, a dict; a true value stops the training.
    renewed : callable, default=None
        ``renewed(epoch)`` is called before each epoch, and returns other TrainingData or None.
    """
    supervision = data.supervision
    trainer = LatentTrainer(
        network,
        views,
        Adam(parameters, settings.learning_rate),
        data.partners,
        objective,
        batch_size=settings.batch_size,
        generator=generator,
        # Clusters that are made definite before there are any would be definite at random.
        late_epoch=settings.max_epochs // 2 if data.start is None else 0,
        guidance=supervision and Guidance(supervision, settings.batch_size, generator),
    )
    centroids = trainer.centroids.cpu().numpy()
    n_clusters = len(centroids)
    if data.start is not None:
        with trainer.worthwhile_threads():
            _teach(
                trainer,
                data.start,
                lambda: (latents() @ centroids.T).argmax(axis=1),
                settings.max_revivals,
            )

    def assess():
        """Labels of all samples, once empty clusters are filled."""
        n_revivals = 0
        while True:
            found = latents()
            similarities = found @ centroids.T
            labels = similarities.argmax(axis=1)
            is_full = len(np.unique(labels)) == min(n_clusters, len(labels))
            if is_full or n_revivals == settings.max_revivals:
                return labels
            spread = 1 - similarities.max(axis=1)
            revive(trainer, found, labels, spread, _emphasis(n_revivals), random_state)
            n_revivals += 1

    with trainer.worthwhile_threads():
        previous = assess()
    for epoch in range(settings.max_epochs):
        data = (renewed(epoch) if renewed else None) or data
        trainer.neighbors = torch.from_numpy(data.partners)
        # Around the steps alone: callbacks of a user have all threads.
        with trainer.worthwhile_threads():
            losses = trainer.run_epoch(epoch)
            labels = assess()
        record = {
            **losses,
            "learning_rate": trainer.optimizer.learning_rate,
            "label_change": float((labels != previous).mean()),
            "n_occupied": len(np.unique(labels)),
            "score": neighborhood_information(labels, data.neighbors, n_clusters),
        }
        previous = labels
        if on_epoch(record):
            break
    if supervision is not None:
        with trainer.worthwhile_threads():
            _correct(trainer, supervision, latents)


def _teach(trainer, start, labels, max_revivals):
    """Train until ``labels()`` are those of the start, with the smallest of its clusters."""
    trainer.fit_labels(start, lambda: (labels() == start).mean() >= _START_REPRODUCED)
    for attempt in range(max_revivals):
        lost = np.isin(start, np.setdiff1d(start, labels()))
        if not lost.any():
            break
        trainer.move(start, lost, _emphasis(attempt))


def _correct(trainer, supervision, latents):
    """Move samples whose cluster contradicts what is known, until there is none."""
    centroids = trainer.centroids.cpu().numpy()
    wanted = supervision.assigned(latents() @ centroids.T)
    for lesson in range(_MAX_LESSONS):
        labels = (latents() @ centroids.T).argmax(axis=1)
        targets = np.where(supervision.is_known, wanted, labels)
        is_wrong = targets != labels
        if not is_wrong.any():
            break
        trainer.move(targets, is_wrong, _emphasis(lesson))


def _emphasis(attempt):
    # What is moved gently, if that is enough, leaves the other clusters as they are.
    return 4.0 ** (attempt + 1)
