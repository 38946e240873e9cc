"""Images to features, as a scikit-learn transformer."""

import hashlib
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..backbones import ENGINES, PRECISIONS, Backbone
from ..features import check_features, stored_rows
from ..images import as_image_source, iter_batches
from ..process_group import rank
from ..storage import loaded_once
from ._batches import embed_batches
from ._cache import FeatureCache
from ._checks import check_batch, warn_of_skipped
from ._distributed import embed_on_workers, is_distributed
from ._network import Network
from ._saving import FeatureSaver, image_keys

# Above this, and with a folder to put it into, the array of all features is on disk: a laptop
# has room for a few arrays of this size.
_BYTES_IN_MEMORY = 2**30


class ImageEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn images into features with a pretrained network.

    Images are decoded in threads while the network computes, so beside the features no more
    than a few batches are in memory. With ``memory``, features of more than 1 GB are a
    memory-mapped array; ``iter_transform`` holds a chunk at a time. A 2-D array of numbers is
    taken for features and passes through unchanged.

    Parameters
    ----------
    backbone : str, path, torch.nn.Module or Backbone, default="efficientnet_lite0"
        The network: a name of :func:`skdeepcluster.backbones.list_backbones`, a file of
        weights or a module. The default needs no download.
    image_size : int, default=None
        Side in pixels to which images are resized and cropped; None is the network's own.
        Smaller is faster: the time goes with the square.
    batch_size : int, default=32
        Images that go through the network together.
    engine : {"auto", "torch", "onnxruntime"}, default="auto"
        What runs the network. On a CPU, "auto" is ONNX Runtime, which is several times as
        fast as torch; elsewhere torch.
    device : str, default="auto"
        A torch device. "auto" takes a GPU if there is one.
    dtype : {"auto", "float32", "float16", "bfloat16"}, default="auto"
        Precision of the computation. "auto" is half precision on a GPU and float32 on a CPU.
    feature_dtype : {"float32", "float16"}, default="float32"
        Precision in which features are kept and returned. "float16" halves memory and disk
        for a relative error of 0.05 % at most.
    memory : path or joblib.Memory, default=None
        Folder in which features are kept. An image is known again by its path, size and
        time of change if it is a file, by its content otherwise.
    n_jobs : int, default=None
        Threads that decode images; None is as many as there are processors.
    on_error : {"raise", "skip"}, default="raise"
        What happens at an image that cannot be read. With "skip" its row is NaN, and one
        warning lists the images.
    verbose : int, default=0
        Above 0, a progress bar is shown.

    Attributes
    ----------
    n_features_in_ : int
        Number of features: of the network, or of the 2-D array seen at ``fit``.

    See Also
    --------
    skdeepcluster.DeepImageClusterer : Clusters images, with an embedder inside.

    Examples
    --------
    >>> from sklearn.datasets import load_sample_images
    >>> from skdeepcluster import ImageEmbedder
    >>> photos = load_sample_images().images
    >>> ImageEmbedder(image_size=96).fit_transform(photos).shape
    (2, 1280)
    """

    _parameter_constraints: dict = {
        "backbone": [str, Path, torch.nn.Module, Backbone],
        "image_size": [Interval(Integral, 16, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "engine": [StrOptions(set(ENGINES))],
        "device": [str, torch.device],
        "dtype": [StrOptions(set(PRECISIONS))],
        "feature_dtype": [StrOptions({"float32", "float16"})],
        "memory": [str, Path, HasMethods("cache"), None],
        "n_jobs": [Integral, None],
        "on_error": [StrOptions({"raise", "skip"})],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        backbone="efficientnet_lite0",
        *,
        image_size=None,
        batch_size=32,
        engine="auto",
        device="auto",
        dtype="auto",
        feature_dtype="float32",
        memory=None,
        n_jobs=None,
        on_error="raise",
        verbose=0,
    ):
        self.backbone = backbone
        self.image_size = image_size
        self.batch_size = batch_size
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.feature_dtype = feature_dtype
        self.memory = memory
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Load the network and take note of the number of features.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
            See the user guide for all that counts as images.
        y : None
            Ignored.

        Returns
        -------
        self : ImageEmbedder
        """
        if as_image_source(X) is None:
            check_features(self, X, reset=True)
        else:
            # A module may have been trained further since the last fit.
            self._loaded = None
            self.n_features_in_ = self.load().n_features
        return self

    def transform(self, X):
        """Embed images.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), of ``feature_dtype``
            With ``memory``, a memory-mapped array if it takes more than 1 GB; its file is in
            that folder, has no name, and is gone when the array is.

        Raises
        ------
        ImageReadError
            If an image cannot be read and ``on_error="raise"``.
        FeatureCacheError
            If the folder ``memory`` cannot be written to or its disk is full. What is in it
            stays usable.
        FloatingPointError
            If features are not finite, as where float16 is too small for a network.
        """
        check_is_fitted(self)
        source = as_image_source(X)
        if source is None:
            return check_features(self, X, reset=False)
        return self._embed_all(source, self._network_as_fitted())

    def load(self):
        """Load the network now, rather than at the first image.

        Returns
        -------
        backbone : Backbone
        """
        return self._network().backbone

    def _network(self):
        """Load the network when it is first needed, and again when a parameter was changed."""
        key = (self.backbone, self.image_size, self.engine, str(self.device), self.dtype)
        return loaded_once(self, key, lambda: Network.load(self))

    def iter_transform(self, X, chunk_size=8192):
        """Embed images a chunk at a time, in bounded memory.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
        chunk_size : int, default=8192
            Images whose features are held together.

        Yields
        ------
        features : ndarray of shape (n_chunk, n_features)
            Of the next images, in order, as ``transform`` has them.
        """
        check_is_fitted(self)
        source = as_image_source(X)
        if source is None:
            X = check_features(self, X, reset=False)
            return (stored_rows(X, rows) for rows in gen_batches(len(X), chunk_size))
        return self._iter_embed(source, self._network_as_fitted(), chunk_size)

    def _network_as_fitted(self):
        """Load the network, which must have as many features as were seen at ``fit``."""
        network = self._network()
        backbone = network.backbone
        if backbone.n_features != self.n_features_in_:
            raise ValueError(
                f"This {type(self).__name__} was fitted on {self.n_features_in_} features, but "
                f"{backbone.name} computes {backbone.n_features} for an image of "
                f"{backbone.image_size} pixels. Call fit with the images again."
            )
        return network

    def _iter_embed(self, source, network, chunk_size):
        cache = self._open_cache(network)
        errors: list = []
        with self._progress_bar(len(source)) as bar:
            for rows in gen_batches(len(source), chunk_size):
                shape = (rows.stop - rows.start, network.backbone.n_features)
                features = np.empty(shape, dtype=self.feature_dtype)
                errors += self._embed(source, rows, features, network, cache, bar)
                yield features
        if errors:
            warn_of_skipped(errors, len(source))

    def _embed_all(self, source, network):
        cache = self._open_cache(network)
        shape = (len(source), network.backbone.n_features)
        n_bytes = np.dtype(self.feature_dtype).itemsize * shape[0] * shape[1]
        if cache is not None and n_bytes > _BYTES_IN_MEMORY:
            features = cache.room_for(len(source))
        else:
            features = np.empty(shape, dtype=self.feature_dtype)
        with self._progress_bar(len(source)) as bar:
            errors = self._embed(source, slice(0, len(source)), features, network, cache, bar)
        if errors:
            warn_of_skipped(errors, len(source))
        return features

    def _embed(self, source, rows, features, network, cache, bar):
        """Fill in the features of a slice of the images; return the errors of those skipped."""
        indices = np.arange(rows.start, rows.stop)
        saver = None
        if cache is not None:
            keys, known = image_keys(source, indices)
            saver = FeatureSaver(cache, keys, features)
            found = cache.get(keys, features) & known
            indices = indices[~found]
            bar.update(np.count_nonzero(found))
        indices = indices[source.reading_order(indices)]
        errors: list = []
        batches = self._batches(source, indices, network)
        try:
            for batch in batches:
                errors.extend(batch.errors)
                for index, _ in batch.errors:
                    features[index - rows.start] = np.nan
                if len(batch.indices):
                    places = batch.indices - rows.start
                    check_batch(batch, source, network, self.feature_dtype)
                    features[places] = batch.features
                    if saver is not None:
                        saver.add(places)
                bar.update(len(batch.indices) + len(batch.errors))
        finally:
            # What has been computed is kept, even after Ctrl-C or an unreadable image.
            batches.close()
            if saver is not None:
                saver.save()
        return errors

    def _batches(self, source, indices, network):
        if is_distributed():
            return embed_on_workers(self, network, source, indices)
        batches = iter_batches(
            source,
            network.backbone.resizing,
            indices=indices,
            batch_size=self.batch_size,
            n_jobs=self.n_jobs,
            on_error=self.on_error,
        )
        return embed_batches(network.engine, batches)

    def _progress_bar(self, total):
        from tqdm.auto import tqdm

        disable = not self.verbose or rank() > 0
        return tqdm(total=total, desc="embedding", unit="image", disable=disable)

    def _open_cache(self, network):
        location = getattr(self.memory, "location", self.memory)
        if location is None:
            return None
        space = f"{network.fingerprint}|{network.engine.precision}"
        if self.feature_dtype != "float32":
            space += f"|{self.feature_dtype}"
        name = hashlib.blake2b(space.encode(), digest_size=16).hexdigest()
        return FeatureCache(location, name, network.backbone.n_features, self.feature_dtype)

    @property
    def _n_features_out(self):
        return self.n_features_in_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
