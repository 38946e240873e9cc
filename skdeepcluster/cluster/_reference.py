"""What is remembered of the features of a fit, by which new images are known or new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from ..features import random_rows, row_chunks, rows_of_images, unit_rows, with_gaps
from ..neighbors import highest_products
from ..processor import linear_algebra_in_one_thread

# Principal axes: images of other classes are told apart as well as by all 1280 features.
_N_AXES = 128
# Axes of few images are less those of the many that may come: clusters of ten times as many images
# are a point of accuracy worse with 128 axes of the few, and as good with 256.
_N_AXES_OF_FEW = 256
_FEW = 10_000
# Rows that the axes are found by.
_N_ROWS_FOR_AXES = 2048
# The nearest images by which one is known: the mean distance to so few tells images of other
# classes better than the mean to twenty, or the distance to the last of them.
_N_NEAREST = 5
# The neighbours by which outliers are found.
_N_SCORED = 20
# Of what is left of unit features beside the axes: what is shorter is rounding.
_LEAST_LEFT = 1e-2


@dataclass(frozen=True, eq=False)
class Reference:
    """Principal components of the unit features of all images of a fit.

    The axes go through the origin, so that the product of two rows is nearly the cosine of the
    features; what an image has beside the axes makes it less like any other.

    Parameters
    ----------
    axes : ndarray of shape (n_features, n_axes), float32
        Orthonormal columns.
    rows : ndarray of shape (n_samples, n_axes), float16
        NaN for an image that could not be read.
    """

    axes: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, readable: np.ndarray) -> Reference:
        """Remember features.

        Parameters
        ----------
        features : ndarray of shape (n_readable, n_features), float32 or float16
        readable : ndarray of shape (n_samples,), bool
            Which images they are of.
        """
        drawn = unit_rows(features, random_rows(len(features), _N_ROWS_FOR_AXES))
        n_axes = min(_n_axes(len(features)), *drawn.shape)
        with linear_algebra_in_one_thread():
            axes = np.ascontiguousarray(randomized_svd(drawn, n_axes, random_state=0)[2].T)
        return cls(axes, with_gaps(_projected(features, axes), readable, np.nan))

    def components(self, features: np.ndarray) -> np.ndarray:
        """Project unit features, (n, n_features), to (n, n_axes), float16; NaN stays NaN."""
        readable = rows_of_images(features)
        return with_gaps(_projected(features[readable], self.axes), readable, np.nan)

    def distances(self, components: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Measure how unlike those of the fit other images are.

        Parameters
        ----------
        components : ndarray of shape (n, n_axes)
        landmarks : ndarray of shape (n_landmarks,), int64
            The images of the fit that they are compared with.

        Returns
        -------
        distances : ndarray of shape (n,), float32
            Mean cosine distance to the five nearest; NaN for NaN.
        """
        readable = ~np.isnan(components[:, 0])
        cosines, _ = highest_products(components[readable], self.rows[landmarks], _N_NEAREST)
        return with_gaps(_mean_distances(cosines), readable, np.nan)

    def distances_of(self, landmarks: np.ndarray) -> np.ndarray:
        """Give the same of the landmarks, to the nearest others, (n_landmarks,)."""
        rows = self.rows[landmarks]
        return _mean_distances(highest_products(rows, rows, _N_NEAREST + 1)[0][:, 1:])

    def outlier_scores(self, components: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Give other images the score that ``outlier_scores`` gives those of a fit.

        Parameters
        ----------
        components : ndarray of shape (n, n_axes)
        landmarks : ndarray of shape (n_landmarks,), int64
            The images of the fit that they are compared with.

        Returns
        -------
        scores : ndarray of shape (n,), float32
            NaN for NaN.
        """
        readable = ~np.isnan(components[:, 0])
        rows = self.rows[landmarks]
        cosines, nearest = highest_products(components[readable], rows, _N_SCORED)
        nearest = nearest[:, :_N_NEAREST]
        near, places = np.unique(nearest, return_inverse=True)
        of_near = highest_products(rows[near], rows, _N_SCORED + 1)[0][:, -1]
        means = of_near[places.reshape(nearest.shape)].mean(axis=1)
        return with_gaps(1 - (cosines[:, -1] + means) / 2, readable, np.nan)

    def means(self, labels: np.ndarray, n_clusters: int) -> np.ndarray:
        """Mean components of clusters, float32 of shape (n_clusters, n_axes).

        Parameters
        ----------
        labels : ndarray of shape (n_samples,), int64
            -1 for an image of no cluster. A cluster without an image has zeros.
        n_clusters : int
        """
        sums = np.zeros((n_clusters, self.rows.shape[1]), dtype=np.float64)
        for chunk in row_chunks(len(labels)):
            members = np.flatnonzero(labels[chunk] >= 0)
            places = (labels[chunk][members], np.arange(len(members)))
            shape = (n_clusters, len(members))
            ones = sparse.csr_array((np.ones(len(members)), places), shape=shape)
            sums += ones @ self.rows[chunk][members].astype(np.float64)
        sizes = np.bincount(labels[labels >= 0], minlength=n_clusters)
        return (sums / np.maximum(sizes, 1)[:, None]).astype(np.float32)

    def reaching(self, features: np.ndarray) -> Reference:
        """Give the reference whose axes also span new images, as far as there are too few axes.

        Fewer axes than are wanted are those of fewer images, which they span: on those that are
        added, these images have zeros.

        Parameters
        ----------
        features : ndarray of shape (n, n_features), float32 or float16
            NaN for an image that could not be read.
        """
        wanted = min(_n_axes(len(self.rows) + len(features)), len(self.axes))
        n_missing = wanted - self.axes.shape[1]
        readable = np.flatnonzero(rows_of_images(features))
        if n_missing <= 0 or not len(readable):
            return self
        drawn = unit_rows(features, readable[random_rows(len(readable), _N_ROWS_FOR_AXES)])
        left = drawn - (drawn @ self.axes) @ self.axes.T
        with linear_algebra_in_one_thread():
            _, lengths, added = randomized_svd(left, min(n_missing, *left.shape), random_state=0)
        added = added[lengths > _LEAST_LEFT].T
        axes = np.concatenate([self.axes, added], axis=1).astype(np.float32)
        rows = np.pad(self.rows, ((0, 0), (0, added.shape[1])))
        rows[np.isnan(self.rows[:, 0])] = np.nan
        return Reference(axes, rows)

    def with_rows(self, components: np.ndarray) -> Reference:
        """Give the reference that remembers more images."""
        return Reference(self.axes, np.concatenate([self.rows, components]))

    def taken(self, rows: np.ndarray) -> Reference:
        """Give the reference of which each image is one that this remembers."""
        return Reference(self.axes, self.rows[rows])


def _n_axes(n_images):
    """Count the axes that are wanted for so many images."""
    return _N_AXES_OF_FEW if n_images < _FEW else _N_AXES


def _projected(features, axes):
    components = np.empty((len(features), axes.shape[1]), dtype=np.float16)
    for chunk in row_chunks(len(features)):
        components[chunk] = unit_rows(features, chunk) @ axes
    return components


def _mean_distances(cosines):
    # A lone image is like no other.
    return 1 - cosines.mean(axis=1) if cosines.shape[1] else np.ones(len(cosines), np.float32)


def evenly_drawn(labels, size):
    """Draw samples so that small clusters are whole, and large ones have equally many.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Those below 0 are left out.
    size : int
        How many are wanted, about; of each cluster there is one, at least.

    Returns
    -------
    rows : ndarray of shape (n_drawn,), int64
        Ascending; the same at every call.
    """
    rows = np.flatnonzero(labels >= 0)
    if len(rows) <= size:
        return rows
    sizes = np.sort(np.bincount(labels[rows]))
    # What is drawn if no cluster has more than each of these sizes.
    totals = sizes.cumsum() + sizes * np.arange(len(sizes) - 1, -1, -1)
    n_whole = int(np.searchsorted(totals, size, side="right"))
    quota = max(1, (size - sizes[:n_whole].sum()) // (len(sizes) - n_whole))
    shuffled = np.random.default_rng(0).permutation(rows)
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    starts = np.searchsorted(labels[order], labels[order])
    return np.sort(order[np.arange(len(order)) - starts < quota])
