"""The latent space in two dimensions."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import normalize
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from ..features import are_copies
from ..images import ImagesLike, Resizing, as_image_source
from ._axes import axes_or_new
from ._layout import lay_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_THUMBNAIL = 32
# For images that are in no cluster. In its place, "tab20" of matplotlib has navy here.
_GREY = "0.72"
_STRONG = [
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#393b79", "#bcbd22", "#17becf"),
]
_PALE = [
    *("#aec7e8", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5"),
    *("#c49c94", "#f7b6d2", "#9c9ede", "#dbdb8d", "#9edae5"),
]


class LatentMapDisplay:
    """Map of the latents: a point for each image, coloured by cluster.

    Parameters
    ----------
    positions : ndarray of shape (n_samples, 2)
        NaN for an image that could not be read.
    labels : ndarray of shape (n_samples,), int
        Clusters. Images with the label -1, which are in none, are grey.
    names : dict of int to str, default=None
        Names of the clusters; clusters without a name show their label.
    thumbnails : dict of int to ndarray of shape (n_images, side, side, 3), uint8, default=None
        Typical images of the clusters.

    Attributes
    ----------
    scatter_ : matplotlib PathCollection
        Points of the images that are in a cluster.
    noise_ : matplotlib PathCollection
        Points of the images that are in none.
    text_ : dict of int to matplotlib Text
        Name of each cluster, at the median of its points.
    thumbnails_ : dict of int to matplotlib AnnotationBbox
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepcluster import DeepImageClusterer, LatentMapDisplay
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> est = DeepImageClusterer(n_clusters=3, random_state=0).fit(X)
    >>> display = LatentMapDisplay.from_estimator(est, X, random_state=0)
    >>> display.positions.shape
    (537, 2)
    """

    def __init__(
        self,
        positions: np.ndarray,
        labels: np.ndarray,
        names: Mapping[int, str] | None = None,
        thumbnails: Mapping[int, np.ndarray] | None = None,
    ):
        self.positions = positions
        self.labels = labels
        self.names = names
        self.thumbnails = thumbnails

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ImagesLike | ArrayLike,
        *,
        images: ImagesLike | None = None,
        n_images: int = 3,
        random_state: int | np.random.RandomState | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Map images as a fitted estimator sees them.

        Parameters
        ----------
        estimator : DeepImageClusterer
            Or anything else that has ``transform`` and ``predict``.
        X : images or array-like of shape (n_samples, n_features)
        images : images, default=None
            The images of ``X``, in the same order, of which a few are shown for each cluster.
        n_images : int, default=3
            Images shown a cluster, those nearest to its centre, copies of an image last.
        random_state : int, RandomState instance or None, default=None
            Of the layout. An int makes it repeatable.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : LatentMapDisplay
        """
        from ..cluster import DeepImageClusterer, partition_of

        latents, names = np.asarray(estimator.transform(X)), None
        if isinstance(estimator, DeepImageClusterer):
            # Embedding the images once is enough.
            partition = partition_of(estimator)
            labels, names = partition.assign(latents), partition.names
        else:
            labels = estimator.predict(X)
        return cls.from_predictions(
            latents,
            labels,
            names=names,
            # As the estimator sees them.
            images=as_image_source(images, getattr(estimator, "reader_", None)),
            n_images=n_images,
            random_state=random_state,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        latents: ArrayLike,
        labels: ArrayLike,
        *,
        names: Sequence[str | None] | Mapping[int, str | None] | None = None,
        images: ImagesLike | None = None,
        n_images: int = 3,
        random_state: int | np.random.RandomState | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Map latents that have been computed, such as ``embedding_`` with ``labels_``.

        More than two dimensions are reduced like by UMAP with cosine distances: neighbouring images
        are similar, but the sizes of gaps mean little. Of more than 20,000 images, so many are
        drawn at random and laid out; each of the others is placed among the three of them that
        are nearest to it. Fewer than 16 images are projected to their principal components.

        Parameters
        ----------
        latents : array-like of shape (n_samples, n_components)
            NaN for an image that could not be read, which is not drawn.
        labels : array-like of shape (n_samples,), int
            Clusters; -1 for an image in none.
        names : list of str or dict of int to str, default=None
            Names of the clusters, by label.
        images : images, default=None
            One for each latent, of which a few are shown for each cluster.
        n_images : int, default=3
            Images shown a cluster, those nearest to its centre, copies of an image last.
        random_state : int, RandomState instance or None, default=None
            Of the layout. An int makes it repeatable.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : LatentMapDisplay

        Raises
        ------
        ValueError
            If the numbers of latents, labels and images differ, no latent is finite, a list of
            names is shorter than the number of clusters, or ``n_images`` is not an integer from 0.
        """
        rows = check_array(latents, ensure_all_finite="allow-nan", input_name="latents")
        clusters = column_or_1d(labels)
        check_consistent_length(rows, clusters)
        if not np.issubdtype(clusters.dtype, np.integer):
            raise ValueError(f"labels must be integers, got {clusters.dtype}.")
        if not isinstance(n_images, Integral) or n_images < 0:
            raise ValueError(f"n_images must be an integer from 0, got {n_images!r}.")
        readable = ~np.isnan(rows).any(axis=1)
        if not readable.any():
            raise ValueError("All latents are NaN: there is nothing to map.")
        names = _names_by_label(names, clusters)
        thumbnails = None
        if images is not None:
            # Before the layout, which takes longer, so that errors are raised early.
            thumbnails = _typical_images(rows, clusters, readable, images, n_images)
        positions = np.full((len(rows), 2), np.nan)
        positions[readable] = lay_out(rows[readable], random_state)
        return cls(positions, clusters, names, thumbnails).plot(ax=ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        self : LatentMapDisplay
        """
        ax = axes_or_new(ax, figsize=(7, 7))
        drawn = ~np.isnan(self.positions).any(axis=1)
        noise, clustered = drawn & (self.labels < 0), drawn & (self.labels >= 0)
        clusters, members = np.unique(self.labels[clustered], return_inverse=True)
        palette = _palette(len(clusters))
        # The more points, the smaller and fainter.
        n_points = max(1, drawn.sum())
        style = {
            "s": np.clip(20000 / n_points, 2, 40),
            "alpha": np.clip(30 / np.sqrt(n_points), 0.3, 0.9),
            "linewidth": 0,
            "rasterized": True,
        }
        self.noise_ = ax.scatter(*self.positions[noise].T, color=_GREY, **style)
        points = self.positions[clustered]
        self.scatter_ = ax.scatter(*points.T, color=palette[members], **style)
        self.text_: dict[int, Any] = {}
        self.thumbnails_: dict[int, Any] = {}
        for number, cluster in enumerate(clusters.tolist()):
            place = np.median(points[members == number], axis=0)
            self._label(ax, cluster, place, palette[number])
        ax.set(xticks=[], yticks=[])
        # Room for names and images at the edge.
        ax.margins(0.1)
        ax.set_aspect("equal", adjustable="datalim")
        ax.spines[:].set_color("0.85")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _label(self, ax, cluster, place, color):
        from matplotlib.offsetbox import AnnotationBbox, OffsetImage
        from matplotlib.patheffects import withStroke

        images = (self.thumbnails or {}).get(cluster)
        self.text_[cluster] = ax.annotate(
            (self.names or {}).get(cluster, str(cluster)),
            place,
            xytext=(0, 0 if images is None else 3),
            textcoords="offset points",
            ha="center",
            va="center" if images is None else "bottom",
            color=0.55 * color[:3],
            weight="bold",
            path_effects=[withStroke(linewidth=3, foreground="white")],
            # A name is not a formula.
            parse_math=False,
            zorder=5,
        )
        if images is None:
            return
        strip = np.concatenate(list(images), axis=1)
        self.thumbnails_[cluster] = AnnotationBbox(
            OffsetImage(strip, zoom=0.6),
            place,
            box_alignment=(0.5, 1),
            pad=0.1,
            bboxprops={"edgecolor": color[:3], "linewidth": 1.5},
            zorder=4,
        )
        ax.add_artist(self.thumbnails_[cluster])


def _palette(n_clusters):
    """Colours as an array of shape (n_clusters, 4); they repeat after twenty."""
    from matplotlib.colors import to_rgba_array

    colors = to_rgba_array(_STRONG if n_clusters <= len(_STRONG) else _STRONG + _PALE)
    return colors[np.arange(n_clusters) % len(colors)]


def _names_by_label(names, labels):
    if names is None:
        return None
    if not isinstance(names, Mapping):
        if labels.max() >= len(names):
            raise ValueError(f"Got {len(names)} names, but labels up to {labels.max()}.")
        names = dict(enumerate(names))
    return {int(label): str(name) for label, name in names.items() if name is not None}


def _typical_images(latents, labels, readable, images, n_images):
    """Read thumbnails of the images with the highest cosine to their cluster's mean direction."""
    source = as_image_source(images)
    if source is None or len(source) != len(labels):
        raise ValueError("images must be files or pixels, not features, and one for each latent.")
    resizing = Resizing(_THUMBNAIL)
    thumbnails = {}
    for label in np.unique(labels[readable & (labels >= 0)]).tolist():
        members = np.flatnonzero(readable & (labels == label))
        unit = normalize(latents[members])
        nearest = np.lexsort((-unit @ unit.mean(axis=0), are_copies(latents[members])))[:n_images]
        small = [resizing(source.read(int(i), _THUMBNAIL)) for i in members[nearest]]
        if small:
            thumbnails[label] = np.stack(small)
    return thumbnails
