"""Fine-tuning of a backbone's last stages, in turn with the clustering."""

from collections.abc import Callable

import joblib
import numpy as np
import torch

from ..adaptation import ClusterTargets, StageSettings, StageTrainer, train_stages
from ..backbones import Backbone
from ..images import ImageSource, PathLike
from ..process_group import broadcast_from_rank_0

# Share of each cluster whose labels are trained on.
_TRUSTED = 0.6
# Epochs after which clusters are found anew.
_RENEWAL_INTERVAL = 2


def fine_tune(
    backbone: Backbone,
    source: ImageSource,
    assign: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None],
    *,
    n_stages: int,
    max_epochs: int,
    memory: PathLike | joblib.Memory | None,
    depends_on: tuple,
    device: torch.device,
    n_jobs: int | None,
    random_state: np.random.RandomState,
    verbose: int,
) -> tuple[Backbone, list[float]]:
    """Train a backbone to recognise an image in two views and to draw clusters together.

    Clusters are found in the current features, and the images with the most confident labels
    are pulled to the centres of their clusters, while the contrastive loss keeps all images
    apart; every second epoch the clusters are found anew.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    source : ImageSource
        The images, all of which can be read.
    assign : callable
        ``assign(features, indices)``, with the features of the images at these positions,
        returns labels from 0 and the confidence of each, or None if there are no clusters yet.
    n_stages : int
        How many of the backbone's last stages are trained.
    max_epochs : int
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
    tuned : Backbone
        A copy with other weights.
    loss_curve : list of float
        Mean loss of each epoch.
    """
    settings = StageSettings(n_stages=n_stages, device=device, n_jobs=n_jobs, verbose=verbose)
    trainer = StageTrainer(backbone, source, settings, random_state)

    def renew_targets(epoch, targets):
        if epoch % _RENEWAL_INTERVAL:
            return targets
        features = trainer.features()
        # Every rank assigns, so that all draw the same random numbers; the labels are rank 0's.
        assigned = broadcast_from_rank_0(assign(features, trainer.indices))
        if assigned is None:
            return None
        return ClusterTargets.from_labels(features, trusted_labels(*assigned))

    losses = train_stages(
        trainer,
        max_epochs,
        random_state,
        memory=memory,
        depends_on=depends_on,
        renew_targets=renew_targets,
    )
    return trainer.finish(), losses


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
