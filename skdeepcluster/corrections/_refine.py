"""A clustering that has learned from corrections."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..cluster import DeepImageClusterer, partition_of, refitted
from ..images import as_image_source
from ._file import Corrections
from ._outcome import Wanted, wanted_clustering
from ._result import result_digest


def refine(
    estimator: DeepImageClusterer,
    corrections: Corrections,
    X: Any = None,
    *,
    names: Sequence[str] | None = None,
) -> DeepImageClusterer:
    """Learn from corrections of a clustering.

    Names and merged clusters are changed as they are given. Where images are moved, belong
    together, or not into a cluster, or clusters are split, the images are clustered anew: from
    the present clusters, with what was corrected as it was corrected. The more probable half of
    each cluster stays in it, but for the images that are most like those that were corrected:
    the others may follow. Features are taken from ``memory`` of the estimator if that has them;
    otherwise the images are read again.

    Clusters keep their labels and names. Only if there are fewer of them than before do those
    with the highest labels get those that are free, since labels have no gaps.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted or loaded; not changed.
    corrections : Corrections
    X : images or array-like of shape (n_samples, n_features), default=None
        The ones that the estimator was fitted on; needed if they are not files.
    names : list of str, default=None
        What the corrections call the images, if ``X`` is features.

    Returns
    -------
    refined : DeepImageClusterer

    Raises
    ------
    ValueError
        If the corrections are of another result, name an image or a cluster that does not exist,
        or contradict one another.

    Examples
    --------
    >>> from skdeepcluster import DeepImageClusterer
    >>> from skdeepcluster.corrections import read_corrections, refine
    >>> est = DeepImageClusterer.load("result/model")  # doctest: +SKIP
    >>> refined = refine(est, read_corrections("corrections.json"))  # doctest: +SKIP
    """
    wanted = wanted_of(estimator, corrections, X, names=names)
    return refined_to(wanted, estimator, X)


def wanted_of(
    estimator: DeepImageClusterer,
    corrections: Corrections,
    X: Any = None,
    *,
    names: Sequence[str] | None = None,
) -> Wanted:
    """Find out what corrections of a clustering ask for; see :func:`refine`."""
    partition = partition_of(estimator)
    if corrections.result not in (None, result_digest(partition)):
        raise ValueError(
            "The corrections are of another result than this one. Refine the one whose page they "
            "were made on."
        )
    source = as_image_source(partition.images.paths if X is None else X, partition.images.reader)
    if source is not None and not partition.images.is_of(source):
        raise ValueError("These are not the images that the estimator was fitted on.")
    if source is not None:
        names = [source.name(index) for index in range(len(source))]
    if names is None or len(names) != len(partition.labels):
        raise ValueError(
            "The images are not at hand: pass X, the ones the estimator was fitted on, and, if it "
            "is features, names, what the images are called."
        )
    return wanted_clustering(corrections, partition, [str(name) for name in names])


def refined_to(wanted: Wanted, estimator: DeepImageClusterer, X: Any = None) -> DeepImageClusterer:
    """Cluster the images of a fit as it is wanted; see :func:`refine`."""
    if wanted.needs_fit:
        X = partition_of(estimator).images.paths if X is None else X
        known = np.where(wanted.certain >= 0, wanted.certain, wanted.settled)
        pairs = wanted.must_link, wanted.cannot_link
        refined = refitted(estimator, X, wanted.labels, known, *pairs)
    else:
        # Partitions never change, so that the estimator keeps its own.
        refined = copy.copy(estimator).merge_clusters(wanted.groups).align_to(wanted.labels)
    return refined.set_cluster_names(wanted.names)
