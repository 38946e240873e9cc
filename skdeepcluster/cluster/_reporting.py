"""What a user and their callbacks see of a fit."""

import copy
from contextlib import ExitStack

from ..progress import progress_bar, step
from ._partition import Partition


def steps_of(estimator, source):
    """Name the steps of a fit that a user sees, in order; ``source`` is None for features.

    Which steps there are is decided here alone.
    """
    has_images, is_tuned = source is not None, estimator.fine_tune > 0
    is_taken = {
        "embedding": has_images,
        "fine-tuning": is_tuned and estimator.fine_tune_mode == "before",
        "number of clusters": estimator.n_clusters == "auto",
        "neighbours": True,
        "start": True,
        # Where stages are trained, those of before are of no use.
        "embedding views": has_images and estimator.n_views > 0 and not is_tuned,
        "training": True,
    }
    return [name for name, taken in is_taken.items() if taken]


class EpochReporter:
    """Keeps the history, moves the progress bar and calls scikit-learn's callbacks.

    A context manager; called after each epoch of the head's training with its record, what
    returns the head as it is, and, where the backbone is trained as well, what returns that, it
    says whether a callback wants the training stopped.

    Parameters
    ----------
    estimator : DeepImageClusterer
        That is being fitted; its ``history_`` grows.
    context : callback context of scikit-learn
    X, y
        What ``fit`` was given, for callbacks.
    centroids : ndarray of shape (n_clusters, n_components), float32
    neighbor_recall : float
        Of the neighbours that every epoch trains on, and so a value an epoch like all that is
        in ``history_``.
    """

    def __init__(self, estimator, context, X, y, centroids, neighbor_recall):
        self.estimator = estimator
        self.context = context
        self.X = X
        self.y = y
        self.centroids = centroids
        self.neighbor_recall = neighbor_recall

    def __enter__(self):
        n_epochs, verbose = self.estimator.max_iter, self.estimator.verbose
        with ExitStack() as stack:
            stack.enter_context(step("training"))
            bar = progress_bar("training", total=n_epochs, unit="epoch", verbose=verbose)
            self.bar = stack.enter_context(bar)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def __call__(self, record, current_head, current_backbone=None):
        for name, value in {**record, "neighbor_recall": self.neighbor_recall}.items():
            self.estimator.history_.setdefault(name, []).append(value)
        self.bar.set_postfix(score=f"{record['score']:.3f}", refresh=False)
        self.bar.update()
        # An epoch is reported when it is over: which one is the last is not known before.
        epoch = self.context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)
        is_enough = epoch.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.y,
            # What predicting with the present state needs.
            reconstruction_attributes=lambda: self._present_state(current_head, current_backbone),
        )
        if is_enough and len(self.estimator.history_["score"]) < self.estimator.max_iter:
            self.bar.set_postfix_str("stopped early by a callback, last epoch kept")
        return is_enough

    def _present_state(self, current_head, current_backbone):
        state = {"_partition": Partition.provisional(current_head(), self.centroids)}
        if current_backbone is not None:
            embedder = copy.copy(self.estimator.embedder_)
            state["embedder_"] = embedder.set_params(backbone=current_backbone())
            # That of the start, which has been trained since.
            embedder.network_ = None
        return state
