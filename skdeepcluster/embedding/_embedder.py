"""Pictures to features, as a scikit-learn transformer."""

import hashlib
import time
import warnings
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from .._ranks import rank
from ..backbones import Backbone, load_backbone, make_engine
from ..images import as_image_source
from ._batches import embed_batches
from ._cache import FeatureCache
from ._distributed import embed_on_workers, is_distributed

# Features that are written to the cache together, whichever is reached first: what a kill can
# cost at most.
_PICTURES_PER_CACHE_FILE = 2048
_SECONDS_PER_CACHE_FILE = 30


class ImageEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn pictures into features with a pretrained network.

    Pictures are decoded in threads while the network computes, so memory is bounded by a few
    batches, whatever the number of pictures. A 2-D array of numbers is taken for features and
    passes through unchanged.

    Parameters
    ----------
    backbone : str, path, torch.nn.Module or Backbone, default="efficientnet_lite0"
        The network: a name of :func:`skdeepcluster.backbones.list_backbones`, a file of
        weights or a module. The default needs no download.
    image_size : int, default=None
        Side in pixels to which pictures are resized and cropped; None is the network's own.
        Smaller is faster: the time goes with the square.
    batch_size : int, default=32
        Pictures that go through the network together.
    engine : {"auto", "torch", "onnxruntime"}, default="auto"
        What runs the network. On a CPU, "auto" is ONNX Runtime, which is several times as
        fast as torch; elsewhere torch.
    device : str, default="auto"
        A torch device. "auto" takes a GPU if there is one.
    dtype : {"auto", "float32", "float16", "bfloat16"}, default="auto"
        Precision of the computation. "auto" is half precision on a GPU and float32 on a CPU.
        Features are float32 in any case.
    memory : path or joblib.Memory, default=None
        Folder in which features are kept. A picture is known again by its path, size and
        time of change if it is a file, by its content otherwise.
    n_jobs : int, default=None
        Threads that decode pictures; None is as many as there are processors.
    on_error : {"raise", "skip"}, default="raise"
        What happens at a picture that cannot be read. With "skip" its row is NaN, and one
        warning lists the pictures.
    verbose : int, default=0
        Above 0, a progress bar is shown.

    Attributes
    ----------
    n_features_in_ : int
        Number of features: of the network, or of the 2-D array seen at ``fit``.

    See Also
    --------
    skdeepcluster.DeepImageClusterer : Clusters pictures, with an embedder inside.

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
        "engine": [StrOptions({"auto", "torch", "onnxruntime"})],
        "device": [str, torch.device],
        "dtype": [StrOptions({"auto", "float32", "float16", "bfloat16"})],
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
        self.memory = memory
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Load the network and take note of the number of features.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features)
            See the user guide for all that counts as pictures.
        y : None
            Ignored.

        Returns
        -------
        self : ImageEmbedder
        """
        if as_image_source(X) is None:
            validate_data(self, X, dtype=np.float32)
        else:
            # A module may have been trained further since the last fit.
            self._loaded = None
            self.n_features_in_ = self.load().n_features
        return self

    def transform(self, X):
        """Embed pictures.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features)

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), float32

        Raises
        ------
        ImageReadError
            If a picture cannot be read and ``on_error="raise"``.
        """
        check_is_fitted(self)
        source = as_image_source(X)
        if source is None:
            return validate_data(self, X, dtype=np.float32, reset=False)
        self.load()
        return self._embed(source)

    def load(self):
        """Load the network now, rather than at the first picture.

        Returns
        -------
        backbone : Backbone
        """
        # An unpickled embedder loads again when needed, and one whose parameters were changed.
        wanted = (self.backbone, self.image_size, self.engine, str(self.device), self.dtype)
        if getattr(self, "_loaded", None) != wanted:
            self._backbone = load_backbone(self.backbone, image_size=self.image_size)
            self._engine = make_engine(
                self._backbone, engine=self.engine, device=self.device, dtype=self.dtype
            )
            self._loaded = wanted
        return self._backbone

    def _embed(self, source):
        features = np.full((len(source), self._backbone.n_features), np.nan, dtype=np.float32)
        cache = self._open_cache()
        todo = np.arange(len(source))
        keys = []
        if cache is not None:
            keys = [_key(source, index) for index in range(len(source))]
            known = np.array([key is not None for key in keys])
            found, stored = cache.get([key or b"" for key in keys])
            found &= known
            features[found] = stored[found]
            todo = np.flatnonzero(~found)
        errors: list = []
        unsaved: list[int] = []
        if is_distributed():
            batches = embed_on_workers(self, source, todo)
        else:
            batches = embed_batches(
                self._engine,
                source,
                self._backbone.resizing,
                indices=todo,
                batch_size=self.batch_size,
                n_jobs=self.n_jobs,
                on_error=self.on_error,
            )

        saved_at = time.monotonic()

        def save():
            nonlocal saved_at
            saved_at = time.monotonic()
            if cache is not None and unsaved:
                cache.put([keys[index] for index in unsaved], features[unsaved])
                unsaved.clear()

        try:
            for batch in self._progress(batches, len(todo)):
                errors.extend(batch.errors)
                if len(batch.indices):
                    features[batch.indices] = batch.features
                    unsaved.extend(batch.indices.tolist())
                waited = time.monotonic() - saved_at
                if len(unsaved) >= _PICTURES_PER_CACHE_FILE or waited >= _SECONDS_PER_CACHE_FILE:
                    save()
        finally:
            # What is computed is kept, also at Ctrl-C and at an unreadable picture.
            batches.close()
            save()
        if errors:
            _warn_skipped(errors, len(source))
        return features

    def _progress(self, batches, total):
        from tqdm.auto import tqdm

        disable = not self.verbose or total == 0 or rank() > 0
        with tqdm(total=total, desc="embedding", unit="picture", disable=disable) as bar:
            for batch in batches:
                yield batch
                bar.update(len(batch.indices) + len(batch.errors))

    def _open_cache(self):
        location = getattr(self.memory, "location", self.memory)
        if location is None:
            return None
        space = f"{self._backbone.fingerprint}|{self._engine.precision}"
        name = hashlib.blake2b(space.encode(), digest_size=16).hexdigest()
        return FeatureCache(location, name, self._backbone.n_features)

    @property
    def _n_features_out(self):
        return self.n_features_in_

    def __getstate__(self):
        state = super().__getstate__().copy()
        # Sessions and networks are loaded again from their names.
        state.pop("_engine", None)
        state.pop("_backbone", None)
        state.pop("_loaded", None)
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _key(source, index):
    """Cache key of a picture, or None where it cannot even be looked at."""
    from ..images import ImageReadError

    try:
        return source.identity(index)
    except (ImageReadError, OSError):
        # Reading it will say what is wrong, and whether that may be skipped.
        return None


def _warn_skipped(errors, total, shown=20):
    lines = [f"  {error}" for _, error in errors[:shown]]
    if len(errors) > shown:
        lines.append(f"  ... and {len(errors) - shown} more")
    warnings.warn(
        f"{len(errors)} of {total} pictures could not be read and were skipped:\n"
        + "\n".join(lines),
        stacklevel=4,
    )
