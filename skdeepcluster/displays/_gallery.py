"""Clusters as rows of images."""

from numbers import Integral

import numpy as np

from ..images import as_image_source, read_thumbnails
from ._axes import axes_or_new

_THUMBNAIL = 96
_GAP = 4


class ClusterGalleryDisplay:
    """Clusters as rows of their most typical images.

    Parameters
    ----------
    thumbnails : list of ndarray of shape (n_pictures, side, side, 3), uint8
        A cluster each.
    titles : list of str
        A cluster each.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, thumbnails, titles):
        self.thumbnails = thumbnails
        self.titles = titles

    @classmethod
    def from_estimator(cls, estimator, X, *, n_pictures=8, ax=None):
        """Show the clusters of a fitted DeepImageClusterer.

        Parameters
        ----------
        estimator : DeepImageClusterer
        X : images
            The ones it was fitted on, in the same order.
        n_pictures : int, default=8
            Images a cluster, the nearest to its centre first.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ClusterGalleryDisplay
        """
        from ..cluster import partition_of

        partition = partition_of(estimator)
        nearness = partition.similarities_of(partition.latents)
        display = cls._of(X, partition.labels, nearness, partition.cluster_names, n_pictures)
        return display.plot(ax=ax)

    @classmethod
    def from_predictions(cls, X, labels, confidence=None, *, n_pictures=8, ax=None):
        """Show the clusters that labels describe.

        Parameters
        ----------
        X : images
        labels : array-like of shape (n_samples,)
            Images with the label -1 are left out.
        confidence : array-like of shape (n_samples,), default=None
            The highest come first; None keeps the order of ``X``.
        n_pictures : int, default=8
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ClusterGalleryDisplay

        Raises
        ------
        ValueError
            If lengths differ, ``confidence`` has two dimensions, ``n_pictures`` is no whole number
            from 1, or all labels are -1.
        """
        return cls._of(X, labels, confidence, None, n_pictures).plot(ax=ax)

    @classmethod
    def _of(cls, X, labels, nearness, names, n_pictures):
        source = as_image_source(X)
        labels = np.asarray(labels)
        if source is None or len(source) != len(labels):
            raise ValueError("X must be images, as many as there are labels.")
        nearness = np.zeros(len(labels)) if nearness is None else np.asarray(nearness)
        if nearness.ndim != 1:
            raise ValueError(
                f"confidence must be a number an image, got an array of shape {nearness.shape}. "
                "Of probabilities of all clusters, give the highest: proba.max(axis=1)."
            )
        if len(nearness) != len(labels):
            raise ValueError(f"confidence: {len(nearness)} numbers for {len(labels)} labels.")
        if not isinstance(n_pictures, Integral) or n_pictures < 1:
            raise ValueError(f"n_pictures must be a whole number from 1, got {n_pictures!r}.")
        if not (labels >= 0).any():
            raise ValueError("No image is in a cluster: all labels are -1.")
        thumbnails, titles = [], []
        for label in np.unique(labels[labels >= 0]):
            members = np.flatnonzero(labels == label)
            shown = members[np.argsort(-nearness[members], kind="stable")][:n_pictures]
            thumbnails.append(np.stack([*read_thumbnails(source, shown, _THUMBNAIL).values()]))
            titles.append(f"{label if names is None else names[label]}: {len(members)}")
        return cls(thumbnails, titles)

    def plot(self, ax=None):
        """Draw the gallery.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure of fitting size.

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
        # A name may hold signs that matplotlib would take for a formula.
        ax.set_yticks(middles, self.titles, parse_math=False)
        ax.set_xticks([])
        ax.set_ylabel("cluster: images")
        ax.spines[:].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
