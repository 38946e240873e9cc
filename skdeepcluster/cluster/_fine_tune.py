"""Fine-tuning of a backbone's last stages, in turn with the clustering."""

import numpy as np

from .._ranks import from_first
from ..adaptation import Assignment, StageTrainer

# Share of each cluster that is trusted, and epochs until it is chosen anew.
_TRUSTED = 0.6
_EPOCHS_A_ROUND = 2


def fine_tune(backbone, source, assign, *, n_stages, max_epochs, **how):
    """Train a backbone to know a picture in two views and to draw clusters together.

    Clusters are found in the features as they are, and pictures whose cluster is sure are
    pulled to its centre, while the contrastive loss keeps all pictures apart; every second
    epoch the clusters are found anew.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    source : ImageSource
        The pictures, all of which can be read.
    assign : callable
        ``assign(features, indices)``, of the pictures at these positions, returns labels from
        0 and how sure each is, or None if there are no clusters yet.
    n_stages : int
        How many of the backbone's last stages are trained.
    max_epochs : int
    **how
        See :class:`skdeepcluster.adaptation.StageTrainer`.

    Returns
    -------
    tuned : Backbone
        A copy with other weights.
    loss_curve : list of float
        Mean loss of each epoch.
    """
    trainer = StageTrainer(backbone, source, n_stages=n_stages, **how)
    assignment = None
    losses = []
    for epoch in trainer.epochs(max_epochs):
        if epoch % _EPOCHS_A_ROUND == 0:
            features = trainer.features()
            # Every rank calls it, so that all draw the same random numbers; one decides.
            found = from_first(assign(features, trainer.indices))
            assignment = None if found is None else Assignment.of(features, trusted(*found))
        losses.append(trainer.train_epoch(assignment))
    return trainer.finish(), losses


def trusted(labels, sure):
    """Keep the labels of the surest samples of each cluster; the others become -1."""
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), dtype=np.int64)
    ranks[np.lexsort((-sure, labels))] = np.arange(len(labels)) - np.repeat(
        sizes.cumsum() - sizes, sizes
    )
    return np.where(ranks < _TRUSTED * sizes[labels], labels, -1)
