"""What a fitted estimator says of new images, a chunk of them at a time."""

from collections.abc import Callable

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from ..embedding import ImageEmbedder
from ..features import check_features, stored_rows, with_gaps
from ..images import as_image_source
from ..latent import LatentHead, encode
from ._prototypes import Prototypes

# Images whose features are held together: 42 MB at 1280 features.
_CHUNK_SIZE = 8192


class AssigningMixin:
    """Methods of a fitted estimator that take new images."""

    embedder_: ImageEmbedder | None
    temperature_: float
    _head: LatentHead
    _prototypes: Prototypes
    _running: Callable

    def predict(self, X):
        """Assign images, or features, to the clusters.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)

        Returns
        -------
        labels : ndarray of shape (n_samples,), int64
            -1 for an image that was skipped.
        """
        return np.concatenate([self._labels_of(z) for z in self._iter_latents(X)])

    def predict_proba(self, X):
        """Probability of each cluster: softmax of the cosines over ``temperature_``.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_clusters), float32
            NaN for an image that was skipped.
        """
        return np.concatenate([self._probabilities_of(z) for z in self._iter_latents(X)])

    def iter_predict(self, X, chunk_size=_CHUNK_SIZE):
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
        latents = self._iter_latents(X, chunk_size)
        return ((self._labels_of(z), self._probabilities_of(z)) for z in latents)

    def _iter_latents(self, X, chunk_size=_CHUNK_SIZE):
        check_is_fitted(self)
        source = as_image_source(X)
        if source is None:
            X = check_features(self, X, reset=False)
            return (self._latents(stored_rows(X, rows)) for rows in gen_batches(len(X), chunk_size))
        embedder = self._embedder_of_images()
        return map(self._latents, embedder.iter_transform(source, chunk_size))

    def _features(self, X):
        """All features at once, where they are needed beside one another."""
        check_is_fitted(self)
        source = as_image_source(X)
        if source is None:
            return check_features(self, X, reset=False)
        return self._embedder_of_images().transform(source)

    def _embedder_of_images(self):
        if self.embedder_ is None:
            raise ValueError(
                f"X is images, but this {type(self).__name__} was fitted on features. Pass the "
                "features of the images, from the same ImageEmbedder."
            )
        return self.embedder_.set_params(**self._running())

    def _latents(self, features):
        readable = ~np.isnan(features).any(axis=1)
        return with_gaps(encode(self._head, features[readable]), readable, np.nan)

    def _labels_of(self, latents):
        readable = ~np.isnan(latents[:, 0])
        labels = self._prototypes.similarities(latents[readable]).argmax(axis=1)
        return with_gaps(labels.astype(np.int64), readable, -1)

    def _probabilities_of(self, latents):
        return self._prototypes.probabilities(latents, self.temperature_)

    def _labels_of_features(self, features):
        chunks = gen_batches(len(features), _CHUNK_SIZE)
        return np.concatenate(
            [self._labels_of(self._latents(stored_rows(features, rows))) for rows in chunks]
        )
