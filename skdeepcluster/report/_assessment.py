"""Labels, probabilities and scores of the images of a report."""

from dataclasses import dataclass

import numpy as np

from ..cluster import features_of, partition_of
from ..features import rows_of_images, with_gaps, without_gaps
from ..neighbors import nearest_neighbors, outlier_scores
from ._checks import neighbor_agreements


@dataclass(frozen=True)
class Assessment:
    """Arrays with one row per image: -1 as label and NaN for one that could not be read.

    ``labels`` is int64 of shape (n_samples,), ``probabilities`` of shape (n_samples,
    n_clusters), ``latents`` of shape (n_samples, n_components). ``outlier_scores`` and
    ``similarities``, the cosines to the centre of an image's own cluster, are of shape
    (n_samples,), as are ``agreements``, the shares of neighbours in the same cluster, and
    ``stability``, NaN where it is not known.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    latents: np.ndarray
    outlier_scores: np.ndarray
    similarities: np.ndarray
    agreements: np.ndarray
    stability: np.ndarray
    is_of_fit: bool


def assess(estimator, source):
    """Return the results of ``fit`` if these are its images, or assign other images to clusters.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted.
    source : ImageSource

    Returns
    -------
    assessment : Assessment
        Outlier scores of other images are based on distances among themselves.

    Raises
    ------
    ValueError
        If these are other images and the estimator was fitted on features, or none of them can
        be read.
    """
    partition = partition_of(estimator)
    order = _order_in_fit(partition, source)
    if order is not None:
        return Assessment(
            partition.labels[order],
            partition.probabilities[order],
            partition.latents[order],
            partition.outlier_scores[order],
            partition.similarities_of(partition.latents)[order],
            _agreements_of_fit(partition)[order],
            _stability_of_fit(partition)[order],
            is_of_fit=True,
        )
    if estimator.embedder_ is None:
        raise ValueError(
            f"Got {len(source)} images, but the estimator was fitted on the features of "
            f"{len(partition.labels)}. Pass the images of these features, in the same order."
        )
    features = features_of(estimator, source)
    readable = rows_of_images(features)
    if not readable.any():
        raise ValueError("None of the images could be read.")
    latents = partition.encode(features)
    # In the precision in which they are stored: comparisons convert them to float32.
    features = without_gaps(features, readable)
    neighbors = nearest_neighbors(features, estimator.n_neighbors)
    labels = partition.assign(latents)
    return Assessment(
        labels,
        partition.probabilities_of(latents),
        latents,
        with_gaps(outlier_scores(features, neighbors), readable, np.nan),
        partition.similarities_of(latents),
        with_gaps(neighbor_agreements(features, labels[readable]), readable, np.nan),
        np.full(len(labels), np.nan),
        is_of_fit=False,
    )


def _agreements_of_fit(partition):
    if partition.reference is None:
        return np.full(len(partition.labels), np.nan, dtype=np.float32)
    readable = partition.labels >= 0
    rows = partition.reference.rows[readable]
    return with_gaps(neighbor_agreements(rows, partition.labels[readable]), readable, np.nan)


def _stability_of_fit(partition):
    if partition.partitions is None:
        return np.full(len(partition.labels), np.nan)
    return partition.stability


def _order_in_fit(partition, source):
    """Rows of the fit that these images are; None if they are others."""
    if len(source) != len(partition.labels):
        return None
    return partition.images.order_of(source)
