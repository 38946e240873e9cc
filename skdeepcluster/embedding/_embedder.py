"""Images to features, as a scikit-learn transformer."""

import hashlib
from collections.abc import Callable, Iterator
from numbers import Integral
from pathlib import Path
from typing import Literal, Self

import joblib
import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..backbones import ENGINES, PRECISIONS, Backbone, BackbonesLike, ImageSizes
from ..features import check_features, stored_rows
from ..images import (
    ImageReader,
    ImagesLike,
    PathLike,
    as_image_source,
    as_reader,
    fitted_source,
    iter_batches,
)
from ..process_group import heed_forks
from ..progress import progress_bar
from ..storage import loaded_once
from ._batches import embed_batches
from ._cache import FeatureCache
from ._checks import check_batch, warn_of_skipped
from ._distributed import embed_on_workers, is_distributed
from ._network import FittedNetwork, LoadedNetwork
from ._saving import FeatureSaver, image_keys

# Larger feature arrays are on disk if there is a cache folder: the memory of a laptop has room
# for a few arrays of this size.
_BYTES_IN_MEMORY = 2**30


class ImageEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn images into features with a pretrained network.

    Images are decoded in threads while the network computes, so only a few batches are in memory
    besides the features. With ``memory``, features of more than 1 GB are a memory-mapped array;
    ``iter_transform`` yields them in chunks. A 2-D array of numbers is treated as features and
    returned unchanged.

    Parameters
    ----------
    backbone : str, path, torch.nn.Module, Backbone or list of these, default="efficientnet_lite0"
        The network: a name from :func:`skdeepcluster.backbones.list_backbones`, a weights file
        or a module. The default needs no download. Of a list, the features are concatenated,
        those of each network scaled to unit length.
    image_size : int or list of int, default=None
        Side in pixels to which images are resized and cropped; None uses the network's own.
        Smaller images are faster: the time grows with the square of the side. With a list, one
        network sees the images in each of the sizes, and each network of a list in the one at its
        place.
    reader : ImageReader or callable, default=None
        How images are read: frames, channels, the range of intensities, elongated images, files
        of other formats. A callable is ``ImageReader(callable)``, None ``ImageReader()``.
    batch_size : int, default=32
        Number of images that go through the network together.
    engine : {"auto", "torch", "onnxruntime", "int8"}, default="auto"
        What runs the network. "auto" is ONNX Runtime on a CPU, where it is several times as
        fast as torch, and torch elsewhere. "int8" runs "efficientnet_lite0" or
        "efficientnet_lite2" in 8-bit integers on a CPU, the network alone in half the time of
        "auto"; features have a cosine of about 0.99 with the exact ones, and are cached apart
        from them. A processor without the instructions (VNNI) is warned of, and computes exact
        features.
    device : str or torch.device, default="auto"
        A torch device. "auto" uses a GPU if there is one.
    dtype : {"auto", "float32", "float16", "bfloat16"}, default="auto"
        Precision of the computation. "auto" is half precision on a GPU and float32 on a CPU.
    feature_dtype : {"float32", "float16"}, default="float32"
        Precision in which features are stored and returned. "float16" halves memory and disk
        space, with a relative error of at most 0.05 %.
    memory : path or joblib.Memory, default=None
        Folder in which features are cached. An image is recognised by its path, size and
        modification time if it is a file, otherwise by its content.
    n_jobs : int, default=None
        Number of threads that decode images; None uses one per processor.
    on_error : {"raise", "skip"}, default="raise"
        What to do when an image cannot be read. With "skip" its row is NaN, and a single
        warning lists the skipped images.
    verbose : int, default=0
        A progress bar is shown if this is above 0.

    Attributes
    ----------
    n_features_in_ : int
        Number of features: of the network, or of the 2-D array seen at ``fit``.
    reader_ : ImageReader
        With the range of intensities that was found at ``fit``; ``transform`` uses the same.
    network_ : FittedNetwork or None
        A digest of weights and preprocessing, by which ``transform`` refuses another network than
        that of ``fit``, and whether it was ``quantised``: then ``transform`` warns where it is
        not. None after a fit on features.

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
        "backbone": [str, Path, torch.nn.Module, Backbone, list, tuple],
        "image_size": [Interval(Integral, 16, None, closed="left"), list, tuple, None],
        "reader": [ImageReader, callable, None],
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
        backbone: BackbonesLike = "efficientnet_lite0",
        *,
        image_size: ImageSizes = None,
        reader: ImageReader | Callable | None = None,
        batch_size: int = 32,
        engine: Literal["auto", "torch", "onnxruntime", "int8"] = "auto",
        device: str | torch.device = "auto",
        dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto",
        feature_dtype: Literal["float32", "float16"] = "float32",
        memory: PathLike | joblib.Memory | None = None,
        n_jobs: int | None = None,
        on_error: Literal["raise", "skip"] = "raise",
        verbose: int = 0,
    ):
        self.backbone = backbone
        self.image_size = image_size
        self.reader = reader
        self.batch_size = batch_size
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.feature_dtype = feature_dtype
        self.memory = memory
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.verbose = verbose

    # Whether it was fitted on images; those that were not fitted by `fit` were made for images.
    _of_images = True

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ImagesLike | ArrayLike, y: None = None) -> Self:
        """Load the network, store the number of its features, and look at a sample of images.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
            See the user guide for everything that can be passed as images.
        y : None
            Ignored.

        Returns
        -------
        self : ImageEmbedder
        """
        source = fitted_source(as_image_source(X, self.reader), self.n_jobs)
        self._of_images = source is not None
        if source is None:
            self.reader_ = as_reader(self.reader)
            self.network_ = None
            check_features(self, X, reset=True)
        else:
            self.reader_ = source.reader
            # A module may have been trained further since the last fit.
            self._loaded = None
            network = self._network()
            self.network_ = FittedNetwork.of(network)
            self.n_features_in_ = network.backbone.n_features
        return self

    def transform(self, X: ImagesLike | ArrayLike) -> np.ndarray:
        """Embed images.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), of ``feature_dtype``
            With ``memory``, a memory-mapped array if it takes more than 1 GB; its file is in
            that folder, has no name, and is deleted with the array.

        Raises
        ------
        ImageReadError
            If an image cannot be read and ``on_error="raise"``.
        FeatureCacheError
            If the folder ``memory`` is not writable or its disk is full. Features that are in
            it stay usable.
        FloatingPointError
            If features are not finite, as when float16 is too small for a network.
        """
        check_is_fitted(self)
        source = as_image_source(X, self.reader_)
        if source is None:
            return check_features(self, X, reset=False)
        return self._embed_all(source, self._network_as_fitted(), self.feature_dtype)

    def transform_views(self, X: ImagesLike, n_views: int = 4) -> np.ndarray:
        """Embed random views of images: crops, flips, small rotations, other colours, grey.

        What the features of the views have in common is what an image shows; in what they
        differ, it does not matter. The views of an image follow from its pixels, and are the same
        in every call.

        Parameters
        ----------
        X : images
        n_views : int, default=4
            Views of each image; they cost as much as ``n_views`` times as many images.

        Returns
        -------
        features : ndarray of shape (n_samples, n_views, n_features), float16
            Unit vectors. Cached, memory-mapped and NaN as in ``transform``.

        Raises
        ------
        ValueError
            If ``X`` is not images, or ``n_views`` is not at least 1.
        """
        check_is_fitted(self)
        if n_views < 1:
            raise ValueError(f"n_views must be 1 at least, got {n_views!r}.")
        source = as_image_source(X, self.reader_)
        if source is None:
            raise ValueError("There are views of images only, and X is features.")
        network = self._network_as_fitted()
        features = self._embed_all(source, network.of_views(n_views), "float16")
        return features.reshape(len(source), n_views, network.backbone.n_features)

    def load(self) -> Backbone:
        """Load the network now instead of with the first image.

        Returns
        -------
        backbone : Backbone
        """
        return self._network().backbone

    def _network(self):
        """Load the network when it is first needed, and again when a parameter was changed."""
        heed_forks()
        key = (self.backbone, self.image_size, self.engine, str(self.device), self.dtype)
        return loaded_once(self, key, lambda: LoadedNetwork.load(self))

    def iter_transform(
        self, X: ImagesLike | ArrayLike, chunk_size: int = 8192
    ) -> Iterator[np.ndarray]:
        """Embed images a chunk at a time, in bounded memory.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
        chunk_size : int, default=8192
            Number of images in a chunk.

        Yields
        ------
        features : ndarray of shape (n_chunk, n_features)
            Those of the next images, in order, as ``transform`` returns them.
        """
        check_is_fitted(self)
        source = as_image_source(X, self.reader_)
        if source is None:
            features = check_features(self, X, reset=False)
            return (stored_rows(features, rows) for rows in gen_batches(len(features), chunk_size))
        return self._iter_embed(source, self._network_as_fitted(), chunk_size)

    def _network_as_fitted(self):
        """Load the network, which must be that of ``fit``."""
        network = self._network()
        backbone = network.backbone
        if backbone.n_features != self.n_features_in_:
            raise ValueError(
                f"This {type(self).__name__} was fitted on {self.n_features_in_} features, but "
                f"{backbone.name} computes {backbone.n_features} for an image of "
                f"{backbone.image_size} pixels. Call fit with the images again."
            )
        # There is none where an embedder was made ready without a fit.
        fitted = getattr(self, "network_", None)
        if fitted is not None:
            fitted.check(network)
        return network

    def _iter_embed(self, source, network, chunk_size):
        cache = self._open_cache(network, self.feature_dtype)
        errors: list = []
        with self._progress_bar(network, len(source)) as bar:
            for rows in gen_batches(len(source), chunk_size):
                shape = (rows.stop - rows.start, network.n_columns)
                features = np.empty(shape, dtype=self.feature_dtype)
                errors += self._embed(source, rows, features, network, cache, bar)
                yield features
        if errors:
            warn_of_skipped(errors, len(source))

    def _embed_all(self, source, network, dtype):
        cache = self._open_cache(network, dtype)
        shape = (len(source), network.n_columns)
        n_bytes = np.dtype(dtype).itemsize * shape[0] * shape[1]
        if cache is not None and n_bytes > _BYTES_IN_MEMORY:
            features = cache.empty(len(source))
        else:
            features = np.empty(shape, dtype=dtype)
        with self._progress_bar(network, len(source)) as bar:
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
                    check_batch(batch, source, network, features.dtype)
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

    def _progress_bar(self, network, total):
        name = "embedding views" if network.n_views else "embedding"
        return progress_bar(name, total=total, unit="image", verbose=self.verbose)

    def _open_cache(self, network, dtype):
        location = getattr(self.memory, "location", self.memory)
        if location is None:
            return None
        space = network.space
        if dtype != "float32":
            space += f"|{dtype}"
        name = hashlib.blake2b(space.encode(), digest_size=16).hexdigest()
        return FeatureCache(location, name, network.n_columns, dtype)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Name the features: "imageembedder0" and so on.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features in ``X``. Of images, which may be a single column of a table,
            they are ignored.

        Returns
        -------
        names : ndarray of shape (n_features,), object
        """
        return super().get_feature_names_out(None if self._of_images else input_features)

    @property
    def _n_features_out(self):
        return self.n_features_in_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
