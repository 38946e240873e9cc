"""What a fitted estimator says of images, a chunk of them at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, gen_batches
from sklearn.utils.validation import check_is_fitted

from ..backbones import ImageSizes
from ..embedding import ImageEmbedder
from ..features import check_features, stored_rows
from ..images import ImageReader, as_image_source
from ..metrics import clustering_accuracy
from ..process_group import heed_forks
from ..supervision import is_unknown
from ._attributes import PartitionAttributes
from ._judge import judge, judge_images
from ._partition import CHUNK_SIZE


class ClusterPrediction(PartitionAttributes):
    """Methods of a fitted estimator that take images, or features."""

    embedder_: ImageEmbedder | None
    engine: Any
    device: Any
    memory: Any
    feature_dtype: Any
    n_jobs: Any
    on_error: Any
    verbose: Any

    @property
    def reader_(self) -> ImageReader | None:
        """How the images of the fit were read, with the range that was found in them."""
        return None if self.embedder_ is None else self.embedder_.reader_

    def predict(self, X: Any, *, reject: float = 0.0) -> np.ndarray:
        """Assign images, or features, to the clusters.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
        reject : float in [0, 1), default=0.0
            Images that are farther from all of the fit (``score_samples``) than all but this
            share of the images of the fit are from the others get the label -1: with 0.05, about
            one in twenty of new images of the same kinds.

        Returns
        -------
        labels : ndarray of shape (n_samples,), int64
            -1 for an image that was rejected or skipped.
        """
        check_reject(reject)

        def assign(features):
            labels = self._partition.assign(self._partition.encode(features))
            if reject:
                labels[self._partition.is_rejected(features, reject)] = -1
            return labels

        return np.concatenate([assign(chunk) for chunk in iter_features(self, X)])

    def score_samples(self, X: Any) -> np.ndarray:
        """Rate how much images, or features, are like those of the fit.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
            Not those of the fit, each of which is most like itself; ``outlier_scores_`` is of
            these.

        Returns
        -------
        scores : ndarray of shape (n_samples,), float32
            The opposite of the mean cosine distance to the five nearest images of the fit, of
            which 20,000 at most are looked at: the lower, the less an image is like any of them,
            as in scikit-learn's outlier detectors. NaN for an image that was skipped.

        Raises
        ------
        ValueError
            If the estimator was saved by version 0.1.0.
        """
        chunks = iter_features(self, X)
        return np.concatenate([-self._partition.distances_of(chunk) for chunk in chunks])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each cluster: softmax of the cosines over ``temperature_``.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_clusters), float32
            NaN for an image that was skipped.
        """
        latents = iter_latents(self, X)
        return np.concatenate([self._partition.probabilities_of(chunk) for chunk in latents])

    def iter_predict(
        self, X: Any, chunk_size: int = CHUNK_SIZE
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Assign images, or features, as they come, in bounded memory.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
            Read as the results are asked for.
        chunk_size : int, default=8192
            Images whose features are held together. The images themselves are held by the
            batch, so that small chunks save little and cost speed.

        Yields
        ------
        labels : ndarray of shape (n_chunk,), int64
            What ``predict`` says of the next images, in order.
        probabilities : ndarray of shape (n_chunk, n_clusters), float32
            What ``predict_proba`` says of them.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skdeepcluster import DeepImageClusterer
        >>> X, _ = load_digits(n_class=3, return_X_y=True)
        >>> est = DeepImageClusterer(n_clusters=3, random_state=0).fit(X)
        >>> [len(labels) for labels, probabilities in est.iter_predict(X, chunk_size=200)]
        [200, 200, 137]
        """
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be 1 at least, got {chunk_size!r}.")
        latents = iter_latents(self, X, chunk_size)
        partition = self._partition
        return ((partition.assign(chunk), partition.probabilities_of(chunk)) for chunk in latents)

    def score(self, X: Any, y: ArrayLike | None = None) -> float:
        """Judge the clusters of ``X``; higher is better.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            Known classes, if there are any; images whose class is -1, unknown, do not count.

        Returns
        -------
        score : float
            Without ``y``, how well the clusters agree with a graph of nearest neighbours, at
            most 1 and about 0 for clusters at random: the mean of the modularity (the share of
            an image's neighbours that lie in its cluster, less the share expected by chance)
            and of the mutual information of an image's cluster and a neighbour's, in units of
            ``log(n_clusters)``. Neighbours of images are found by one and the same network
            whatever ``backbone`` is, "efficientnet_lite0" at 128 pixels, which is one more pass
            over the images unless ``memory`` has it (with ``engine="int8"`` it is quantised, and
            scores differ a little); neighbours of features in the features.
            With ``y``, the clustering accuracy.
        """
        features = features_of(self, X)
        source = source_of(self, X)
        labels = self._partition.assign_features(features)
        if y is not None:
            check_consistent_length(labels, y)
            counted = (labels >= 0) & ~is_unknown(y)
            if counted.any():
                return clustering_accuracy(np.asarray(y)[counted], labels[counted])
        if source is None:
            return judge(labels, features, self.n_clusters_)
        return judge_images(labels, source, features, self.embedder_, self.n_clusters_)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Name the components of the latents: "deepimageclusterer0" and so on.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features in ``X``. Of images, which may be a single column of a table,
            they are ignored.

        Returns
        -------
        names : ndarray of shape (n_components,), object
        """
        check_is_fitted(self)
        return super().get_feature_names_out(  # type: ignore[misc]
            input_features if self.embedder_ is None else None
        )


def check_reject(reject: float) -> None:
    """Refuse what is no share.

    Raises
    ------
    ValueError
    """
    if not 0 <= reject < 1:
        raise ValueError(f"reject is a share of images, from 0 to less than 1; got {reject!r}.")


def iter_features(estimator: ClusterPrediction, X: Any, chunk_size: int = CHUNK_SIZE):
    """Yield the features of images, or parts of features, a chunk at a time."""
    check_is_fitted(estimator)
    heed_forks()
    source = source_of(estimator, X)
    if source is None:
        X = check_features(estimator, X, reset=False)
        return (stored_rows(X, rows) for rows in gen_batches(len(X), chunk_size))
    return embedder_of_images(estimator).iter_transform(source, chunk_size)


def iter_latents(estimator: ClusterPrediction, X: Any, chunk_size: int = CHUNK_SIZE):
    """Yield the latents of images, or features, a chunk at a time."""
    chunks = iter_features(estimator, X, chunk_size)
    return map(estimator._partition.encode, chunks)


def features_of(estimator: ClusterPrediction, X: Any) -> np.ndarray:
    """All features of images as a fitted estimator sees them, or of features themselves.

    For where they are needed beside one another.

    Returns
    -------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        NaN for an image that was skipped.
    """
    check_is_fitted(estimator)
    heed_forks()
    source = source_of(estimator, X)
    if source is None:
        return check_features(estimator, X, reset=False)
    return embedder_of_images(estimator).transform(source)


def source_of(estimator: ClusterPrediction, X: Any) -> Any:
    """Find images, read as a fitted estimator reads them; None if ``X`` is features."""
    return as_image_source(X, estimator.reader_)


def running_parameters(estimator: ClusterPrediction) -> dict[str, Any]:
    """Parameters of how, not what, the embedder computes; they may change after ``fit``."""
    names = ("engine", "device", "memory", "feature_dtype", "n_jobs", "on_error", "verbose")
    return {name: getattr(estimator, name) for name in names}


def make_embedder(
    estimator: ClusterPrediction, backbone: Any, image_size: ImageSizes, reader: Any
) -> ImageEmbedder:
    """Make the embedder of an estimator, with a backbone that may have been trained."""
    running = running_parameters(estimator)
    embedder = ImageEmbedder(backbone, image_size=image_size, reader=reader, **running)
    # Arrays inside, whatever the user has set for the outside.
    return embedder.set_output(transform="default")


def embedder_of_images(estimator: ClusterPrediction) -> ImageEmbedder:
    """Return the embedder of a fit on images, which runs by the estimator's present parameters."""
    if estimator.embedder_ is None:
        raise ValueError(
            f"X is images, but this {type(estimator).__name__} was fitted on features. Pass the "
            "features of the images, from the same ImageEmbedder."
        )
    return estimator.embedder_.set_params(**running_parameters(estimator))
