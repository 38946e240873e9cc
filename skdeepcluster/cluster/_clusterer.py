"""The estimator: pictures in, clusters out."""

import warnings
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.base import _fit_context as fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ..backbones import resolve_device
from ..embedding import ImageEmbedder
from ..images import as_image_source
from ..latent import (
    LOSS_WEIGHTS,
    LatentHead,
    LatentTrainer,
    calibrate_temperature,
    encode,
    kmeans_start,
    nearest_neighbors,
    neighborhood_modularity,
    pedcc,
    train,
)
from ..metrics import clustering_accuracy
from ._callbacks import CallbackSupportMixin, with_callbacks
from ._fine_tune import fine_tune
from ._info import cluster_info
from ._persistence import load, save

# As published; the simplex of more classes needs more room.
_N_COMPONENTS = 100
# Standard deviation of the noise that stands in for an augmented view where only features
# are there, in units of each feature's own.
_FEATURE_NOISE = 0.3


class DeepImageClusterer(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Cluster pictures by the distribution of their latent features (ICBPL).

    A pretrained backbone embeds the pictures; a small head maps the features to a sphere on
    which one centroid a cluster is fixed beforehand, as far from the others as can be. The
    head is trained to fill the centroids (MMD), to keep a picture near its nearest neighbours
    and its augmented views, and near the closest centroid. On request the last stages of the
    backbone are trained along.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.

    backbone : str, path, torch.nn.Module or Backbone, default="efficientnet_lite0"
        The network that embeds the pictures, see
        :func:`skdeepcluster.backbones.list_backbones`. The default needs no download.
    image_size : int, default=None
        Side in pixels to which pictures are scaled; None is the backbone's own.
    fine_tune : int, default=0
        How many of the backbone's last stages are trained on the pictures.
    fine_tune_iter : int, default=3
        Epochs of fine-tuning. On a CPU they are what takes the time.

    init : {"kmeans", "random"}, array-like of shape (n_samples,) or callable, default="kmeans"
        Assignment that the training starts from. "kmeans" is the best of several k-means runs
        on the features, an addition to the published method; "random" is an untrained head,
        as published; an array holds labels from 0; a callable
        ``init(features, n_clusters, random_state)`` returns them.
    n_components : int, default=None
        Dimension of the latent space; None is 100, or ``n_clusters - 1`` if that is more.
    n_neighbors : int, default=20
        Neighbours in feature space that a picture is pulled to.
    loss_weights : dict, default=None
        Weights of the terms "mmd", "augmentation", "neighbor" and "nearest_centroid"; those
        left out keep their defaults 1, 1, 3 and 0.5.
    cluster_prior : {"balanced", "estimated"} or array-like of shape (n_clusters,), \
            default="balanced"
        Expected shares of the clusters: equal, those of the start, or given in any order.
    max_iter : int, default=30
        Most epochs of training of the head. The nearest-centroid term joins at half of them.
    n_iter_no_change : int, default=5
        Training stops when ``score`` has not risen for so many epochs.
    batch_size : int, default=512
        Pictures in a step of the head's training. The MMD wants 256 at least.
    learning_rate : float, default=1e-3
        Of Adam, for the head.

    memory : path or joblib.Memory, default=None
        Folder in which features of pictures are kept between runs.
    engine : {"auto", "torch", "onnxruntime"}, default="auto"
        What runs the backbone.
    device : str, default="auto"
        A torch device; "auto" takes a GPU if there is one.
    n_jobs : int, default=None
        Threads that decode pictures; None is as many as there are processors.
    on_error : {"raise", "skip"}, default="raise"
        With "skip" a picture that cannot be read has the label -1, and one warning lists them.
    random_state : int, RandomState instance or None, default=None
        Draws the start, the batches and the views. An int makes ``fit`` repeatable.
    verbose : int, default=0
        Above 0, progress bars are shown.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int64
        Cluster of each picture, from 0; -1 for one that was skipped.
    cluster_centers_ : ndarray of shape (n_clusters, n_components), float32
        Unit vectors in the latent space.
    embedding_ : ndarray of shape (n_samples, n_components), float32
        Latents of the pictures, unit vectors; NaN for one that was skipped.
    history_ : dict of lists
        A value an epoch: "loss" and its terms, "learning_rate", "label_change", "n_occupied"
        (clusters in use), "score" and "stage" ("head" or "fine_tune").
    start_score_ : float
        Score of the start; ``nan`` for ``init="random"``. The result is never below it unless
        a ConvergenceWarning says so.
    temperature_ : float
        Of ``predict_proba``; calibrated without labels.
    n_iter_ : int
        Epochs run.
    n_features_in_ : int
        Number of features that the head sees.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        If ``X`` was a DataFrame of features with names.

    See Also
    --------
    ImageEmbedder : The first half alone, for pipelines of your own.
    sklearn.cluster.KMeans : On the features of an ImageEmbedder, the baseline.

    References
    ----------
    L. Hu, C. Zhu, Z. Wang, "Image Clustering Algorithm Based on Self-Supervised Pretrained
    Models and Latent Feature Distribution Optimization", arXiv:2408.01920.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdeepcluster import DeepImageClusterer
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> est = DeepImageClusterer(n_clusters=3, random_state=0).fit(X)
    >>> est.score(X, y) > 0.95
    True
    """

    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "backbone": [str, Path, HasMethods(["parameters", "forward"]), HasMethods("resizing")],
        "image_size": [Interval(Integral, 16, None, closed="left"), None],
        "fine_tune": [Interval(Integral, 0, None, closed="left")],
        "fine_tune_iter": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"kmeans", "random"}), callable, "array-like"],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "loss_weights": [dict, None],
        "cluster_prior": [StrOptions({"balanced", "estimated"}), "array-like"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "memory": [str, Path, HasMethods("cache"), None],
        "engine": [StrOptions({"auto", "torch", "onnxruntime"})],
        "device": [str, torch.device],
        "n_jobs": [Integral, None],
        "on_error": [StrOptions({"raise", "skip"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        backbone="efficientnet_lite0",
        image_size=None,
        fine_tune=0,
        fine_tune_iter=3,
        init="kmeans",
        n_components=None,
        n_neighbors=20,
        loss_weights=None,
        cluster_prior="balanced",
        max_iter=30,
        n_iter_no_change=5,
        batch_size=512,
        learning_rate=1e-3,
        memory=None,
        engine="auto",
        device="auto",
        n_jobs=None,
        on_error="raise",
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.backbone = backbone
        self.image_size = image_size
        self.fine_tune = fine_tune
        self.fine_tune_iter = fine_tune_iter
        self.init = init
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.loss_weights = loss_weights
        self.cluster_prior = cluster_prior
        self.max_iter = max_iter
        self.n_iter_no_change = n_iter_no_change
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.memory = memory
        self.engine = engine
        self.device = device
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Cluster pictures, or features.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features)
            A folder, paths, Pillow images, arrays, a tensor or a Dataset (see the user guide),
            or features, which are used as they are.
        y : None
            Ignored.

        Returns
        -------
        self : DeepImageClusterer

        Raises
        ------
        ImageReadError
            If a picture cannot be read and ``on_error="raise"``.
        ValueError
            If there are fewer pictures than clusters, or a parameter does not fit the data.
        """
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        weights = self._checked_loss_weights()
        source = as_image_source(X)
        features, readable = self._features_to_fit(X, source)
        n_samples = len(features)
        if n_samples < self.n_clusters:
            raise ValueError(f"n_samples={n_samples} should be >= n_clusters={self.n_clusters}.")
        random_state = check_random_state(self.random_state)
        generator = torch.Generator().manual_seed(int(random_state.randint(2**31)))
        graph = nearest_neighbors(features, self.n_neighbors)
        start = self._start(features, graph, readable, random_state)
        prior = self._prior(start)
        n_components = self.n_components or max(_N_COMPONENTS, self.n_clusters - 1)
        centroids = pedcc(self.n_clusters, n_components, random_state=random_state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(random_state.randint(2**31)))
            head = LatentHead.for_features(features, n_components)
        self.history_ = {}
        common = dict(
            centroids=centroids,
            prior=prior,
            loss_weights=weights,
            generator=generator,
            random_state=random_state,
        )
        with self._epoch_reporter(context, X, head, centroids) as report:
            self._train_head(head, features, graph, start, report("head"), **common)
            if self.fine_tune:
                if source is None:
                    raise ValueError(
                        "fine_tune needs pictures, and X is features. Set fine_tune=0."
                    )
                tuned = fine_tune(
                    self.embedder_.load(),
                    head,
                    source.subset(np.flatnonzero(readable)),
                    graph,
                    n_stages=self.fine_tune,
                    max_epochs=self.fine_tune_iter,
                    learning_rate=self.learning_rate,
                    device=resolve_device(self.device),
                    n_jobs=self.n_jobs,
                    on_epoch=report("fine_tune"),
                    **common,
                )
                self.embedder_ = self._make_embedder(tuned).fit(source)
                features = self.embedder_.transform(source)[readable]
        self.n_iter_ = len(self.history_.get("loss", ()))
        self._finish(head, encode(head, features), centroids.numpy(), graph, readable)
        self._paths = None if source is None or source.paths is None else list(source.paths)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _checked_loss_weights(self):
        given = self.loss_weights or {}
        unknown = sorted(set(given) - set(LOSS_WEIGHTS))
        if unknown:
            raise ValueError(f"loss_weights has {unknown}; the terms are {list(LOSS_WEIGHTS)}.")
        negative = sorted(name for name, weight in given.items() if not weight >= 0)
        if negative:
            raise ValueError(f"loss_weights of {negative} must not be negative.")
        return {**LOSS_WEIGHTS, **given}

    def _features_to_fit(self, X, source):
        """Features of the pictures that can be read, and which ones those are."""
        if source is None:
            features = validate_data(self, X, dtype=np.float32, ensure_min_samples=1)
            self.__dict__.pop("embedder_", None)
            return features, np.ones(len(features), dtype=bool)
        self.embedder_ = self._make_embedder(self.backbone)
        features = self.embedder_.fit_transform(source)
        self.n_features_in_ = features.shape[1]
        self.__dict__.pop("feature_names_in_", None)
        readable = ~np.isnan(features[:, 0])
        return features[readable], readable

    def _make_embedder(self, backbone):
        embedder = ImageEmbedder(
            backbone,
            image_size=self.image_size,
            engine=self.engine,
            device=str(self.device),
            memory=self.memory,
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            verbose=self.verbose,
        )
        # Arrays inside, whatever the user has set for the outside.
        return embedder.set_output(transform="default")

    def _start(self, features, graph, readable, random_state):
        """Labels that training starts from, or None for a random head."""
        if isinstance(self.init, str):
            if self.init == "random":
                return None
            return kmeans_start(features, self.n_clusters, graph, random_state)
        if callable(self.init):
            labels = self.init(features, self.n_clusters, random_state)
        else:
            labels = np.asarray(self.init)
            if labels.shape == readable.shape:
                labels = labels[readable]
        labels = np.asarray(labels)
        if labels.shape != (len(features),) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"init gives labels of shape {labels.shape} and type {labels.dtype}; integers of "
                f"shape ({len(features)},) are needed."
            )
        if labels.min() < 0 or labels.max() >= self.n_clusters:
            raise ValueError(
                f"init gives labels from {labels.min()} to {labels.max()}; with "
                f"n_clusters={self.n_clusters} they must lie in [0, {self.n_clusters - 1}]."
            )
        return labels.astype(np.int64)

    def _prior(self, start):
        n_clusters = self.n_clusters
        if isinstance(self.cluster_prior, str):
            if self.cluster_prior == "balanced":
                return torch.full((n_clusters,), 1 / n_clusters)
            if start is None:
                raise ValueError('cluster_prior="estimated" needs a start; init is "random".')
            sizes = np.bincount(start, minlength=n_clusters)
            return torch.from_numpy((sizes / sizes.sum()).astype(np.float32))
        shares = np.asarray(self.cluster_prior, dtype=np.float64)
        if shares.shape != (n_clusters,) or not (shares >= 0).all() or shares.sum() <= 0:
            raise ValueError(
                f"cluster_prior must be {n_clusters} shares that are not negative, one a "
                f"cluster; got {self.cluster_prior!r}."
            )
        shares = shares / shares.sum()
        if start is not None:
            # Which share belongs to which cluster is not known: the largest goes to the
            # largest cluster of the start, and so on.
            by_size = np.bincount(start, minlength=n_clusters).argsort()
            matched = np.empty(n_clusters)
            matched[by_size] = np.sort(shares)
            shares = matched
        return torch.from_numpy(shares.astype(np.float32))

    def _train_head(
        self,
        head,
        features,
        graph,
        start,
        on_epoch,
        *,
        centroids,
        prior,
        loss_weights,
        generator,
        random_state,
    ):
        samples = torch.from_numpy(np.ascontiguousarray(features))

        def inputs(indices, augment):
            batch = head.standardize(samples[indices])
            if augment:
                batch = batch + _FEATURE_NOISE * torch.randn(batch.shape, generator=generator)
            return batch

        trainer = LatentTrainer(
            head.from_standardized,
            inputs,
            torch.optim.Adam(head.layers.parameters(), lr=self.learning_rate),
            graph,
            centroids,
            prior,
            loss_weights,
            batch_size=self.batch_size,
            generator=generator,
            late_epoch=self.max_iter // 2,
        )
        self.start_score_ = np.nan
        if start is not None:
            self.start_score_ = neighborhood_modularity(start, graph)
            n_started = len(np.unique(start))

            def start_is_reached():
                labels = (encode(head, features) @ centroids.numpy().T).argmax(axis=1)
                score = neighborhood_modularity(labels, graph)
                return len(np.unique(labels)) >= n_started and score >= self.start_score_

            trainer.fit_labels(start, start_is_reached)
        train(
            trainer,
            lambda: encode(head, features),
            graph,
            max_epochs=self.max_iter,
            patience=self.n_iter_no_change,
            random_state=random_state,
            on_epoch=on_epoch,
        )

    def _epoch_reporter(self, context, X, head, centroids):
        from ._reporting import EpochReporter

        def as_fitted():
            """What a callback needs to predict with the present state."""
            return {
                "n_features_in_": self.n_features_in_,
                "cluster_centers_": centroids.numpy(),
                "temperature_": 0.1,
                "_head": head,
                **({"embedder_": self.embedder_} if hasattr(self, "embedder_") else {}),
            }

        total = self.max_iter + (self.fine_tune_iter if self.fine_tune else 0)
        return EpochReporter(self, context, X, as_fitted, total)

    def _finish(self, head, latents, centers, graph, readable):
        """Settle centres and labels; an empty cluster gets the sample worst placed so far."""
        centers = centers.copy()
        similarities = latents @ centers.T
        for empty in np.setdiff1d(np.arange(len(centers)), similarities.argmax(axis=1)):
            centers[empty] = latents[similarities.max(axis=1).argmin()]
            similarities[:, empty] = latents @ centers[empty]
        labels = similarities.argmax(axis=1)
        occupied = np.unique(labels)
        if len(occupied) < len(centers):
            warnings.warn(
                f"Only {len(occupied)} of n_clusters={len(centers)} clusters could be filled: "
                "too many samples are alike.",
                ConvergenceWarning,
                stacklevel=4,
            )
            centers, similarities = centers[occupied], similarities[:, occupied]
            labels = similarities.argmax(axis=1)
        score = neighborhood_modularity(labels, graph)
        if score < self.start_score_:
            warnings.warn(
                f"The result scores {score:.4f}, below the start's {self.start_score_:.4f}: the "
                "head could not learn the start. A smaller batch_size gives it more steps.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self._head = head
        self.cluster_centers_ = centers
        self.temperature_ = calibrate_temperature(similarities, graph)
        self.labels_ = _with_gaps(labels.astype(np.int64), readable, -1)
        self.embedding_ = _with_gaps(latents, readable, np.nan)

    def transform(self, X):
        """Map pictures, or features, to the latent space.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features_in_)

        Returns
        -------
        latents : ndarray of shape (n_samples, n_components), float32
            Unit vectors; NaN for a picture that was skipped.
        """
        return self._latents(self._features(X))

    def _features(self, X):
        check_is_fitted(self)
        source = as_image_source(X)
        if source is None:
            return validate_data(self, X, dtype=np.float32, reset=False)
        if not hasattr(self, "embedder_"):
            raise ValueError(
                f"X is pictures, but this {type(self).__name__} was fitted on features. Pass the "
                "features of the pictures, from the same ImageEmbedder."
            )
        return self.embedder_.transform(source)

    def _latents(self, features):
        readable = ~np.isnan(features).any(axis=1)
        return _with_gaps(encode(self._head, features[readable]), readable, np.nan)

    def predict(self, X):
        """Assign pictures, or features, to the clusters.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features_in_)

        Returns
        -------
        labels : ndarray of shape (n_samples,), int64
            -1 for a picture that was skipped.
        """
        return self._labels_of(self._latents(self._features(X)))

    def _labels_of(self, latents):
        readable = ~np.isnan(latents[:, 0])
        labels = (latents[readable] @ self.cluster_centers_.T).argmax(axis=1)
        return _with_gaps(labels.astype(np.int64), readable, -1)

    def predict_proba(self, X):
        """Probability of each cluster: softmax of the cosines over ``temperature_``.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features_in_)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_clusters), float32
            NaN for a picture that was skipped.
        """
        latents = self._latents(self._features(X))
        return softmax(latents @ self.cluster_centers_.T / self.temperature_, axis=1)

    def score(self, X, y=None):
        """Judge the clusters of ``X``; higher is better.

        Parameters
        ----------
        X : pictures or array-like of shape (n_samples, n_features_in_)
        y : array-like of shape (n_samples,), default=None
            Known classes, if there are any.

        Returns
        -------
        score : float
            Without ``y``, the modularity of the clusters on the graph of nearest neighbours:
            the share of a picture's neighbours that lie in its cluster, less the share
            expected by chance. With ``y``, the clustering accuracy.
        """
        features = self._features(X)
        labels = self._labels_of(self._latents(features))
        readable = labels >= 0
        if y is not None:
            return clustering_accuracy(np.asarray(y)[readable], labels[readable])
        graph = nearest_neighbors(features[readable], self.n_neighbors)
        return neighborhood_modularity(labels[readable], graph)

    def fit_predict(self, X, y=None):
        """Cluster ``X`` and return ``labels_``; the same as ``fit(X).labels_``."""
        return self.fit(X).labels_

    def fit_transform(self, X, y=None):
        """Cluster ``X`` and return ``embedding_``; the same as ``fit(X).embedding_``."""
        return self.fit(X).embedding_

    def cluster_info(self, n_representatives=5):
        """Describe the clusters in a table.

        Parameters
        ----------
        n_representatives : int, default=5
            How many of the most typical pictures are named.

        Returns
        -------
        info : pandas.DataFrame
            A row a cluster: "size"; "share"; "cohesion", the mean cosine to the centre, 1 at
            best; "representatives", the pictures nearest to the centre (paths if they are
            files, positions in ``X`` otherwise); "name".
        """
        check_is_fitted(self)
        return cluster_info(
            self.labels_, self.embedding_, self.cluster_centers_, self._paths, n_representatives
        )

    def save(self, folder):
        """Write the fitted estimator to a folder, as JSON and safetensors.

        Parameters
        ----------
        folder : path
            Made, or replaced if it holds a saved estimator already.
        """
        check_is_fitted(self)
        save(self, folder)

    @classmethod
    def load(cls, folder, *, backbone=None):
        """Read a saved estimator. No code is run from the files.

        Parameters
        ----------
        folder : path
        backbone : torch.nn.Module, default=None
            Needed if the estimator was fitted with a module for a backbone.

        Returns
        -------
        estimator : DeepImageClusterer
        """
        return load(cls, folder, backbone)

    @property
    def _n_features_out(self):
        return self.cluster_centers_.shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _with_gaps(values, readable, filler):
    """Spread rows over the readable positions; the others hold the filler."""
    if readable.all():
        return values
    spread = np.full((len(readable), *values.shape[1:]), filler, dtype=values.dtype)
    spread[readable] = values
    return spread
