"""Fine-tuning of a backbone's last stages together with the clusters."""

from collections.abc import Callable
from typing import NamedTuple

import joblib
import numpy as np
import torch

from ..adaptation import (
    ClusterTargets,
    StageSettings,
    StageTrainer,
    TuningTargets,
    train_stages,
)
from ..backbones import Backbone
from ..images import ImageSource, PathLike
from ..neighbors import purest_neighbors
from ..process_group import broadcast_from_rank_0
from ._training_data import n_near_neighbors

# Share of each cluster whose labels are trained on.
_TRUSTED = 0.6
# Random views of each image that are kept.
_N_VIEWS = 4


class Assignment(NamedTuple):
    """Clusters in features, and the neighbours that they were found by.

    ``neighbors``, int64 of shape (n_samples, n_neighbors); ``labels``, int64 of shape
    (n_samples,), from 0, or None if there are no clusters yet; ``confidences`` of shape
    (n_samples,), or None likewise.
    """

    neighbors: np.ndarray
    labels: np.ndarray | None = None
    confidences: np.ndarray | None = None


class Tuned(NamedTuple):
    """A tuned backbone, and what is known of the images by the way.

    ``loss_curve``, mean loss of each epoch; ``indices``, int64 of shape (n_trained,), positions
    of the images that were trained on; ``views``, float16 of shape (n_trained, n_views,
    n_features), unit features of random views of them.
    """

    backbone: Backbone
    loss_curve: list[float]
    indices: np.ndarray
    views: np.ndarray


def fine_tune(
    backbone: Backbone,
    source: ImageSource,
    assign: Callable[[np.ndarray, np.ndarray], Assignment],
    *,
    n_stages: int,
    max_epochs: int,
    n_views: int,
    memory: PathLike | joblib.Memory | None,
    depends_on: tuple,
    device: torch.device,
    n_jobs: int | None,
    random_state: np.random.RandomState,
    verbose: int,
) -> Tuned:
    """Train a backbone to recognise an image in two views and to draw clusters together.

    Clusters are found in the current features, before each epoch. The images with the most
    confident labels are pulled to the centres of their clusters, while the contrastive loss
    keeps images apart that are not neighbours.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    source : ImageSource
        The images, all of which can be read.
    assign : callable
        ``assign(features, indices)``, with the features of the images at these positions,
        returns their clusters.
    n_stages : int
        How many of the backbone's last stages are trained.
    max_epochs : int
    n_views : int
        Random views of each image whose features are wanted in the end; there are four at most.
    memory : path, joblib.Memory or None
        Where the state after each epoch is saved, for a run that resumes; None saves none.
    depends_on : tuple
        What determines the result of ``assign``, besides the features and ``random_state``.
    device : torch.device
    n_jobs : int or None
        Threads that decode images; None is one per processor.
    random_state : RandomState instance
        Draws the views and the batches, and what ``assign`` draws.
    verbose : int
        Above 0, progress bars are shown.

    Returns
    -------
    tuned : Tuned
        With a copy of the backbone that has other weights.
    """
    settings = StageSettings(
        n_stages=n_stages,
        device=device,
        n_views=_N_VIEWS,
        n_epochs=max_epochs,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    trainer = StageTrainer(backbone, source, settings, random_state)

    def find_targets():
        features = trainer.features()
        # Every rank assigns, so that all draw the same random numbers; the labels are rank 0's.
        return tuning_targets(features, broadcast_from_rank_0(assign(features, trainer.indices)))

    losses = train_stages(
        trainer,
        max_epochs,
        random_state,
        memory=memory,
        depends_on=depends_on,
        find_targets=find_targets,
    )
    views = trainer.view_features(min(n_views, _N_VIEWS))
    return Tuned(trainer.finish(), losses, trainer.indices, views)


def tuning_targets(features: np.ndarray, assignment: Assignment) -> TuningTargets:
    """Make of clusters what images are pulled to.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32
    assignment : Assignment
        Of the same samples.
    """
    neighbors, labels, confidences = assignment
    if labels is None or confidences is None:
        return TuningTargets(torch.from_numpy(purest_neighbors([neighbors])))
    n_near = n_near_neighbors(neighbors.shape[1], len(labels), labels.max() + 1)
    return TuningTargets(
        torch.from_numpy(purest_neighbors([neighbors[:, :n_near]])),
        ClusterTargets.from_labels(features, trusted_labels(labels, confidences)),
    )


def trusted_labels(labels: np.ndarray, confidences: np.ndarray) -> np.ndarray:
    """Keep the labels of the most confident samples of each cluster; the others become -1.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        From 0.
    confidences : ndarray of shape (n_samples,)

    Returns
    -------
    trusted : ndarray of shape (n_samples,), int64
    """
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), dtype=np.int64)
    ranks[np.lexsort((-confidences, labels))] = np.arange(len(labels)) - np.repeat(
        sizes.cumsum() - sizes, sizes
    )
    return np.where(ranks < _TRUSTED * sizes[labels], labels, -1)
