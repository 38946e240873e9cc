"""The reliability diagram: how well probabilities of clusters are calibrated."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ..images import ImagesLike
from ..metrics import reliability_bins
from ._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The line connects bins with at least this fraction of the images: smaller ones are noisy.
_MANY = 0.01


class ReliabilityDisplay:
    """Reliability diagram: accuracy over confidence, with the diagonal of perfect calibration.

    Parameters
    ----------
    confidence : ndarray of shape (n_bins,)
        Mean probability of the images in each bin; NaN in empty ones.
    accuracy : ndarray of shape (n_bins,)
        Fraction of them that is correct; NaN in empty ones.
    share : ndarray of shape (n_bins,)
        Fraction of all images in each bin. The bins divide [0, 1] evenly.

    Attributes
    ----------
    calibration_error_ : float
        The expected calibration error, shown in the title.
    line_ : matplotlib Line2D
        Connects the bins with at least one percent of the images.
    points_ : matplotlib PathCollection
        All bins; the areas grow with the fractions of the images.
    bars_ : matplotlib BarContainer
        The fractions of the images.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    skdeepcluster.metrics.expected_calibration_error : The error without the plot.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepcluster import DeepImageClusterer, ReliabilityDisplay
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> est = DeepImageClusterer(n_clusters=3, random_state=0).fit(X)
    >>> display = ReliabilityDisplay.from_estimator(est, X, y)
    >>> display.calibration_error_ < 0.1
    True
    """

    def __init__(self, confidence: np.ndarray, accuracy: np.ndarray, share: np.ndarray):
        self.confidence = confidence
        self.accuracy = accuracy
        self.share = share

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ImagesLike | ArrayLike,
        y: ArrayLike,
        *,
        n_bins: int = 15,
        ax: "Axes | None" = None,
    ) -> Self:
        """Compare the probabilities of a fitted estimator with known classes.

        Parameters
        ----------
        estimator : DeepImageClusterer
            Or any other estimator that has ``predict_proba``.
        X : images or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Classes: numbers or strings.
        n_bins : int, default=15
            Number of bins.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ReliabilityDisplay
        """
        probabilities = estimator.predict_proba(X)
        skipped = np.isnan(probabilities).any(axis=1)
        labels = np.where(skipped, -1, probabilities.argmax(axis=1))
        return cls.from_predictions(y, labels, probabilities, n_bins=n_bins, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        labels: ArrayLike,
        probabilities: ArrayLike,
        *,
        n_bins: int = 15,
        ax: "Axes | None" = None,
    ) -> Self:
        """Compare probabilities of clusters with known classes.

        Clusters are matched to classes as in
        :func:`~skdeepcluster.metrics.clustering_accuracy`.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Classes: numbers or strings.
        labels : array-like of shape (n_samples,)
            Clusters. Images with the label -1 are left out.
        probabilities : array-like of shape (n_samples, n_clusters) or (n_samples,)
            Probabilities of all clusters, of which the highest is used, or of the cluster in
            ``labels``.
        n_bins : int, default=15
            Number of bins.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        ValueError
            If the lengths differ, all labels are -1, or a probability is not in [0, 1].
        """
        return cls(*reliability_bins(y_true, labels, probabilities, n_bins)).plot(ax=ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        self : ReliabilityDisplay
        """
        ax = axes_or_new(ax, figsize=(5, 5))
        n_bins = len(self.share)
        filled = self.share > 0
        confidence, accuracy, share = (
            values[filled] for values in (self.confidence, self.accuracy, self.share)
        )
        self.calibration_error_ = float(share @ np.abs(confidence - accuracy))
        self.bars_ = ax.bar(
            np.arange(n_bins) / n_bins,
            self.share,
            width=1 / n_bins,
            align="edge",
            color="0.88",
            edgecolor="white",
            label="share of the images",
        )
        ax.plot([0, 1], [0, 1], color="gray", linestyle=":", label="perfectly calibrated")
        many = share >= _MANY
        self.line_: Any = ax.plot(confidence[many], accuracy[many], color="C0", linewidth=1)[0]
        self.points_ = ax.scatter(
            confidence,
            accuracy,
            s=np.maximum(12, 400 * share),
            color="C0",
            alpha=0.7,
            linewidth=0,
            clip_on=False,
            zorder=3,
        )
        ax.set(
            xlim=(0, 1),
            ylim=(0, 1),
            aspect="equal",
            xlabel="confidence",
            ylabel="accuracy",
            title=f"expected calibration error {self.calibration_error_:.3f}",
        )
        ax.legend(loc="upper left", frameon=False, fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
