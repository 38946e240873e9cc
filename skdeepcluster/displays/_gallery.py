"""Clusters as rows of images."""

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from ..features import are_copies
from ..images import ImagesLike, as_image_source, read_thumbnails
from ._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..cluster import DeepImageClusterer

_THUMBNAIL = 96
_GAP = 4


class ClusterGalleryDisplay:
    """Clusters as rows of their most typical images.

    Parameters
    ----------
    thumbnails : list of ndarray of shape (n_pictures, side, side, 3), uint8
        The images of each cluster.
    titles : list of str
        The title of each cluster.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, thumbnails: Sequence[np.ndarray], titles: Sequence[str]):
        self.thumbnails = thumbnails
        self.titles = titles

    @classmethod
    def from_estimator(
        cls,
        estimator: "DeepImageClusterer",
        X: ImagesLike,
        *,
        n_pictures: int = 8,
        ax: "Axes | None" = None,
    ) -> Self:
        """Show the clusters of a fitted DeepImageClusterer.

        Parameters
        ----------
        estimator : DeepImageClusterer
        X : images
            The images it was fitted on, in the same order.
        n_pictures : int, default=8
            Number of images per cluster, nearest to its centre first, copies of an image last.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ClusterGalleryDisplay
        """
        from ..cluster import partition_of

        partition = partition_of(estimator)
        display = cls._of(
            # As the estimator sees them.
            as_image_source(X, estimator.reader_),
            partition.labels,
            partition.similarities_of(partition.latents),
            partition.cluster_names,
            n_pictures,
            are_copies(partition.latents),
        )
        return display.plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        X: ImagesLike,
        labels: ArrayLike,
        confidence: ArrayLike | None = None,
        *,
        n_pictures: int = 8,
        ax: "Axes | None" = None,
    ) -> Self:
        """Show the clusters given by labels.

        Parameters
        ----------
        X : images
        labels : array-like of shape (n_samples,)
            Images with the label -1 are left out.
        confidence : array-like of shape (n_samples,), default=None
            Images with the highest confidence come first; None keeps the order of ``X``.
        n_pictures : int, default=8
            Number of images per cluster.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ClusterGalleryDisplay

        Raises
        ------
        ValueError
            If lengths differ, ``confidence`` has two dimensions, ``n_pictures`` is not a positive
            integer, or all labels are -1.
        """
        return cls._of(X, labels, confidence, None, n_pictures).plot(ax=ax)

    @classmethod
    def _of(cls, X, labels, nearness, names, n_pictures, comes_last=None):
        source = as_image_source(X)
        labels = np.asarray(labels)
        if source is None or len(source) != len(labels):
            raise ValueError("X must be images, one for each label.")
        nearness = np.zeros(len(labels)) if nearness is None else np.asarray(nearness)
        if nearness.ndim != 1:
            raise ValueError(
                f"confidence must be one number per image, got an array of shape {nearness.shape}. "
                "For probabilities of all clusters, pass the highest: proba.max(axis=1)."
            )
        if len(nearness) != len(labels):
            raise ValueError(f"confidence has {len(nearness)} numbers for {len(labels)} labels.")
        if not isinstance(n_pictures, Integral) or n_pictures < 1:
            raise ValueError(f"n_pictures must be a positive integer, got {n_pictures!r}.")
        if not (labels >= 0).any():
            raise ValueError("No image is in a cluster: all labels are -1.")
        comes_last = np.zeros(len(labels), bool) if comes_last is None else comes_last
        order = np.lexsort((-nearness, comes_last))
        thumbnails, titles = [], []
        for label in np.unique(labels[labels >= 0]):
            members = order[labels[order] == label]
            shown = read_thumbnails(source, members[:n_pictures], _THUMBNAIL)
            thumbnails.append(np.stack([*shown.values()]))
            titles.append(f"{label if names is None else names[label]}: {len(members)}")
        return cls(thumbnails, titles)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the gallery.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None creates a figure of fitting size.

        Returns
        -------
        self : ClusterGalleryDisplay
        """
        cell = self.thumbnails[0].shape[1] + _GAP
        columns = max(map(len, self.thumbnails))
        sheet = np.full((len(self.thumbnails) * cell, columns * cell, 3), 255, dtype=np.uint8)
        for row, images in enumerate(self.thumbnails):
            framed = np.pad(images, ((0, 0), (_GAP, 0), (0, _GAP), (0, 0)), constant_values=255)
            strip = np.concatenate(framed, axis=1)
            sheet[row * cell : (row + 1) * cell, : strip.shape[1]] = strip
        ax = axes_or_new(ax, figsize=(columns + 1, len(self.thumbnails)))
        ax.imshow(sheet)
        middles = cell * (np.arange(len(self.titles)) + 0.5)
        # A name may contain characters that matplotlib would parse as a formula.
        ax.set_yticks(middles, self.titles, parse_math=False)
        ax.set_xticks([])
        ax.set_ylabel("cluster: images")
        ax.spines[:].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
