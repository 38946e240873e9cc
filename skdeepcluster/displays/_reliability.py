"""How far probabilities of clusters can be believed."""

import numpy as np

from ..metrics import reliability_bins
from ._axes import axes_or_new

_MANY = 0.01


class ReliabilityDisplay:
    """Accuracy by confidence, against the diagonal on which both are equal.

    Parameters
    ----------
    confidence : ndarray of shape (n_bins,)
        Mean probability of the images in each bin; NaN in empty ones.
    accuracy : ndarray of shape (n_bins,)
        Share of them that is right; NaN in empty ones.
    share : ndarray of shape (n_bins,)
        Share of all images in the bin. The bins divide [0, 1] evenly.

    Attributes
    ----------
    calibration_error_ : float
        The expected calibration error, in the title.
    line_ : matplotlib Line2D
        Accuracy by confidence of the bins with one percent of the images.
    points_ : matplotlib PathCollection
        All bins; the areas grow with the shares.
    bars_ : matplotlib BarContainer
        The shares.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    skdeepcluster.metrics.expected_calibration_error : The number alone.

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

    def __init__(self, confidence, accuracy, share):
        self.confidence = confidence
        self.accuracy = accuracy
        self.share = share

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_bins=15, ax=None):
        """Compare what a fitted estimator believes with known classes.

        Parameters
        ----------
        estimator : DeepImageClusterer
            Or anything else that has ``predict_proba``.
        X : images or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Classes: numbers or strings.
        n_bins : int, default=15
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
    def from_predictions(cls, y_true, labels, probabilities, *, n_bins=15, ax=None):
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
            Of each cluster, of which the highest counts, or of the one in ``labels``.
        n_bins : int, default=15
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ReliabilityDisplay

        Raises
        ------
        ValueError
            If the lengths differ, nothing is left, or a probability is not in [0, 1].
        """
        return cls(*reliability_bins(y_true, labels, probabilities, n_bins)).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

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
        # What a handful of images do is noise.
        many = share >= _MANY
        (self.line_,) = ax.plot(confidence[many], accuracy[many], color="C0", linewidth=1)
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
