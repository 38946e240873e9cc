"""Fine-tuning of a backbone's last stages, in turn with the clustering."""

import numpy as np

from ..adaptation import Assignment, StageTrainer, train_epochs
from ..process_group import from_first

# Share of each cluster that is trusted, and epochs until it is chosen anew.
_TRUSTED = 0.6
_EPOCHS_A_ROUND = 2


def fine_tune(
    backbone, source, assign, *, n_stages, max_epochs, memory, depends_on, random_state, **how
):
    """Train a backbone to know an image in two views and to draw clusters together.

    Clusters are found in the features as they are, and images whose cluster is sure are
    pulled to its centre, while the contrastive loss keeps all images apart; every second
    epoch the clusters are found anew.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    source : ImageSource
        The images, all of which can be read.
    assign : callable
        ``assign(features, indices)``, of the images at these positions, returns labels from
        0 and how sure each is, or None if there are no clusters yet.
    n_stages : int
        How many of the backbone's last stages are trained.
    max_epochs : int
    memory : path, joblib.Memory or None
        Where the state after each epoch is kept, for a run that takes over; None keeps none.
    depends_on : tuple
        What decides what ``assign`` returns.
    random_state : RandomState instance
        Draws the views and the batches, and what ``assign`` draws.
    **how
        See :class:`skdeepcluster.adaptation.StageTrainer`.

    Returns
    -------
    tuned : Backbone
        A copy with other weights.
    loss_curve : list of float
        Mean loss of each epoch.
    """
    trainer = StageTrainer(backbone, source, n_stages=n_stages, random_state=random_state, **how)

    def renew(epoch, assignment):
        if epoch % _EPOCHS_A_ROUND:
            return assignment
        features = trainer.features()
        # Every rank calls it, so that all draw the same random numbers; one decides.
        found = from_first(assign(features, trainer.indices))
        return None if found is None else Assignment.of(features, trusted(*found))

    losses = train_epochs(
        trainer, max_epochs, random_state, memory=memory, depends_on=depends_on, renew=renew
    )
    return trainer.finish(), losses


def trusted(labels, sure):
    """Keep the labels of the surest samples of each cluster; the others become -1."""
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), dtype=np.int64)
    ranks[np.lexsort((-sure, labels))] = np.arange(len(labels)) - np.repeat(
        sizes.cumsum() - sizes, sizes
    )
    return np.where(ranks < _TRUSTED * sizes[labels], labels, -1)
