"""A fit that begins with known clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

if TYPE_CHECKING:
    from ._clusterer import DeepImageClusterer


def refitted(
    estimator: DeepImageClusterer,
    X: Any,
    labels: np.ndarray,
    certain: np.ndarray,
    must_link: Sequence[tuple[int, int]],
    cannot_link: Sequence[tuple[int, int]],
) -> DeepImageClusterer:
    """Fit the same images, or features, anew, by the network and the parameters that there are.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted; not changed.
    X : images or array-like of shape (n_samples, n_features)
        Those of its fit. Features of images are taken from ``memory`` if that has them.
    labels : ndarray of shape (n_samples,), int64
        Where the training starts, from 0 without a gap; -1 for images that cannot be read.
    certain : ndarray of shape (n_samples,), int64
        Labels that stay, and -1 for those that may change.
    must_link, cannot_link : sequence of (int, int)
        Positions of images that are, or are not, to be in one cluster.

    Returns
    -------
    refitted : DeepImageClusterer
        With the parameters of the estimator, but for the number of clusters, and with the
        partitions that it is judged by: they are of the same images, and know no corrections.
    """
    certain, must_link = _with_one_open(certain, must_link)
    given = estimator.get_params(deep=False)
    # An image that can be read by now begins anywhere.
    changed = {"n_clusters": int(labels.max()) + 1, "init": np.maximum(labels, 0)}
    if not isinstance(given["cluster_prior"], str):
        # Shares of the clusters that there were.
        changed["cluster_prior"] = "estimated"
    if estimator.embedder_ is not None:
        # Stages that were trained on the images stay as they are.
        changed.update(backbone=estimator.embedder_.backbone, fine_tune=0)
    refined = clone(estimator).set_params(**changed)
    refined.fit(X, certain, must_link=must_link, cannot_link=cannot_link)
    del changed["n_clusters"]
    refined.set_params(**{name: given[name] for name in changed})
    refined._network = estimator._network
    refined._partition = refined._partition.judged_by(estimator._partition.partitions)
    return refined


def _with_one_open(certain, must_link):
    """Leave the label of an image open if all are certain, and link it to one that has it.

    ``fit`` takes labels of all images for classes to score by, and ignores them.
    """
    if (certain < 0).any():
        return certain, must_link
    order = np.argsort(certain, kind="stable")
    twins = np.flatnonzero(np.diff(certain[order]) == 0)
    if not len(twins):
        return certain, must_link
    one, other = order[twins[0]], order[twins[0] + 1]
    opened = certain.copy()
    opened[one] = -1
    return opened, [*must_link, (int(one), int(other))]
