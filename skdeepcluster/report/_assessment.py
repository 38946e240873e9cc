"""What a fitted estimator says of the images of a report."""

from dataclasses import dataclass

import numpy as np

from ..features import rows_of_images, with_gaps, without_gaps
from ..neighbors import nearest_neighbors, remoteness


@dataclass(frozen=True)
class Assessment:
    """Arrays with a row an image; one that could not be read has the label -1 and NaN.

    ``labels`` is int64 of shape (n_samples,), ``probabilities`` of shape (n_samples,
    n_clusters), ``latents`` of shape (n_samples, n_components). ``outlier_scores`` and
    ``similarities``, the cosine to the centre of the own cluster, are of shape (n_samples,).
    """

    labels: np.ndarray
    probabilities: np.ndarray
    latents: np.ndarray
    outlier_scores: np.ndarray
    similarities: np.ndarray


def assess(estimator, source):
    """Take what was found at ``fit``, or embed images that are others and assign them.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted.
    source : ImageSource

    Returns
    -------
    assessment : Assessment
        Outlier scores of other images are by distances among themselves.

    Raises
    ------
    ValueError
        If the images are others and the estimator was fitted on features, or none of them
        can be read.
    """
    if _is_of_fit(estimator, source):
        return Assessment(
            estimator.labels_,
            estimator.probabilities_,
            estimator.embedding_,
            estimator.outlier_scores_,
            estimator._own_similarities(),
        )
    if estimator.embedder_ is None:
        raise ValueError(
            f"images are {len(source)} images, and the estimator was fitted on the features of "
            f"{len(estimator.labels_)}. Pass the images that these are of, in the same order."
        )
    features = estimator._features(source)
    readable = rows_of_images(features)
    if not readable.any():
        raise ValueError("None of the images could be read.")
    latents = estimator._latents(features)
    # As they are stored, also in half precision: who compares them scales them in float32.
    features = without_gaps(features, readable)
    graph = nearest_neighbors(features, estimator.n_neighbors)
    return Assessment(
        estimator._labels_of(latents),
        estimator._probabilities_of(latents),
        latents,
        with_gaps(remoteness(features, graph), readable, np.nan),
        estimator._prototypes.similarities(latents).max(axis=1),
    )


def _is_of_fit(estimator, source):
    if len(source) != len(estimator.labels_):
        return False
    # Whether features are of these images, only the user knows.
    return estimator._fingerprint is None or estimator._fingerprint == source.fingerprint()
