"""Losses and scores of a training, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Scores, of which the first that a history has is drawn: higher is better.
_SCORES = {"score": "score", "validation_recall": "validation recall"}
# The score by which an estimator chooses among its epochs; others keep the last.
_CHOSEN_BY = "validation_recall"
# Neither losses nor scores; "improved" is in clusterers that 0.1.0 saved.
_NOT_DRAWN = (
    *("seconds", "learning_rate", "label_change"),
    *("n_occupied", "improved", "neighbor_recall"),
)


class TrainingCurveDisplay:
    """Losses of a training by epoch, and its score on a second axis.

    Parameters
    ----------
    history : dict of str to list of float
        One value per epoch, as in ``history_`` of the estimators. "score" or "validation_recall"
        is the score; "seconds", "learning_rate", "label_change", "n_occupied", "improved" and
        "neighbor_recall" are not drawn; everything else is a loss.
    start_score : float, default=None
        The score before the first epoch.

    Attributes
    ----------
    best_epoch_ : int or None
        The epoch, from 1, with the highest "validation_recall", whose model a
        SceneGraphRetriever keeps. None without: no "score" chooses among the epochs of a
        DeepImageClusterer, whose last state is kept.
    lines_ : dict of str to matplotlib Line2D
        By the key in ``history``.
    start_line_ : matplotlib Line2D or None
    best_line_ : matplotlib Line2D or None
        The marker of the best epoch, if there is one.
    ax_ : matplotlib Axes
        The axes of the losses, or of the score if there are no losses.
    score_ax_ : matplotlib Axes or None
        The axes of the score.
    figure_ : matplotlib Figure

    Raises
    ------
    ValueError
        If ``history`` has no epochs.

    Examples
    --------
    >>> from skdeepcluster import TrainingCurveDisplay
    >>> history = {"loss": [0.9, 0.5, 0.4], "validation_recall": [0.70, 0.74, 0.72]}
    >>> TrainingCurveDisplay(history).plot().best_epoch_
    2
    >>> history = {"loss": [0.9, 0.5, 0.4], "score": [0.70, 0.74, 0.72]}
    >>> display = TrainingCurveDisplay(history, start_score=0.71).plot()
    >>> sorted(display.lines_)
    ['loss', 'score']
    """

    def __init__(self, history: Mapping[str, Sequence[float]], start_score: float | None = None):
        drawn = {
            name: np.asarray(values, dtype=float)
            for name, values in history.items()
            if name not in _NOT_DRAWN and len(values)
        }
        if not drawn:
            raise ValueError("The history has no epochs: there is no training to draw.")
        self.history = history
        self.start_score = start_score
        self._drawn = drawn
        self._score = next((name for name in _SCORES if name in drawn), None)
        self.best_epoch_ = self._best_epoch()

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: "Axes | None" = None) -> Self:
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : DeepImageClusterer or SceneGraphRetriever
            Or any other estimator that has ``history_``. ``loss_curve_``, the fine-tuning of a
            backbone, is not drawn.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ValueError
            If there is no ``history_``, or it has no epochs.
        """
        history = getattr(estimator, "history_", None)
        if not history:
            raise ValueError(
                f"This {type(estimator).__name__} has no training to draw: its history_ is "
                "missing or empty. Fit it with at least one epoch."
            )
        return cls(history, getattr(estimator, "start_score_", None)).plot(ax=ax)

    def _best_epoch(self):
        if self._score != _CHOSEN_BY:
            return None
        # The first of equal ones.
        return int(np.nan_to_num(self._drawn[self._score], nan=-np.inf).argmax()) + 1

    @property
    def _has_start(self):
        return (
            self._score is not None
            and self.start_score is not None
            and (np.isfinite(self.start_score))
        )

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        self : TrainingCurveDisplay
        """
        ax = axes_or_new(ax, figsize=(7, 4))
        losses = [name for name in self._drawn if name != self._score]
        self.lines_ = {}
        for name in losses:
            values = self._drawn[name]
            (self.lines_[name],) = ax.plot(
                np.arange(1, len(values) + 1),
                values,
                label=name.replace("_", " "),
                # The sum of the other losses.
                linewidth=2.2 if name == "loss" else 1.2,
                marker="o" if len(values) == 1 else None,
            )
        if losses:
            ax.set_ylabel("loss")
            ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
        ax.set_xlabel("epoch")
        locator: Any = ax.xaxis.get_major_locator()
        locator.set_params(integer=True, min_n_ticks=1)
        self.ax_, self.figure_ = ax, ax.figure
        self.score_ax_ = self.start_line_ = self.best_line_ = None
        if self._score is not None:
            self.score_ax_ = ax.twinx() if losses else ax
            self._plot_score(self.score_ax_, self._score)
        drawn = [*self.lines_.values(), self.start_line_, self.best_line_]
        drawn = [line for line in drawn if line is not None]
        legend = ax.legend(
            handles=drawn,
            loc="lower center",
            bbox_to_anchor=(0.5, 1),
            ncols=min(4, len(drawn)),
            frameon=False,
            fontsize="small",
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
        return self

    def _plot_score(self, ax, name):
        scores = self._drawn[name]
        epochs = np.arange(1, len(scores) + 1)
        (self.lines_[name],) = ax.plot(
            epochs,
            scores,
            color="black",
            label=_SCORES[name],
            marker="o" if len(scores) == 1 else None,
        )
        ax.set_ylabel(_SCORES[name])
        if self._has_start:
            self.start_line_ = ax.axhline(
                self.start_score, color="black", linestyle=":", linewidth=1, label="start"
            )
        best = self.best_epoch_
        if best is not None:
            (self.best_line_,) = ax.plot(
                [best],
                [scores[best - 1]],
                color="black",
                linestyle="none",
                marker="*",
                markersize=11,
                clip_on=False,
                label=f"best: epoch {best}",
            )
