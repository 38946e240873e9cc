"""The estimator: images in, clusters out."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..adaptation import StageSettings, check_stages
from ..backbones import BackbonesLike, ImageSizes, resolve_device
from ..embedding import ImageEmbedder
from ..features import check_features, rows_of_images, without_gaps
from ..images import ImageReader, as_image_source, fitted_source
from ..latent import (
    LatentHead,
    Objective,
    TrainingSettings,
    check_loss_weights,
    pedcc,
    train_head,
)
from ..neighbors import (
    confidence,
    nearest_neighbors,
    neighbor_recall,
    neighborhood_information,
)
from ..process_group import heed_forks, rank
from ..progress import counted_steps, expect_steps, step, timed_step
from ..starts import check_init, estimate_n_clusters, find_start, supervised_start
from ..storage import all_or_nothing
from ..supervision import supervise
from ._callbacks import CallbackSupportMixin, with_callbacks
from ._constraints import AS_PUBLISHED, PARAMETER_CONSTRAINTS
from ._copies import without_copies
from ._editing import ClusterEditing
from ._fine_tune import Assignment, fine_tune
from ._growing import ClusterGrowth
from ._joint_training import train_jointly
from ._network import NetworkRecord
from ._partition import Partition
from ._persistence import load, save
from ._predicting import iter_latents, make_embedder
from ._reporting import EpochReporter, steps_of
from ._strip import NotebookStrip
from ._training_data import (
    draw_training_rows,
    embed_views,
    supervised,
    training_data,
    with_known_rows,
)
from ._validation import (
    check_before_embedding,
    check_cluster_prior,
    check_clusters,
    is_uneven,
    warn_of_empty_clusters,
)

# As published; the simplex of more classes needs more room.
_N_COMPONENTS = 100


class DeepImageClusterer(
    ClusterGrowth,
    ClusterEditing,
    CallbackSupportMixin,
    NotebookStrip,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Cluster images by the distribution of their latent features (ICBPL).

    A pretrained backbone embeds the images; a small head maps the features to a sphere on
    which one centroid a cluster is fixed beforehand, as far from the others as can be. The
    head is trained to fill the centroids (MMD), to keep an image near its nearest neighbours
    and its augmented views, and near the closest centroid. On request the last stages of the
    backbone are trained on the images before.

    Parameters
    ----------
    n_clusters : int or "auto", default=8
        Number of clusters. "auto" takes the one, from ``min_clusters`` to ``max_clusters``,
        at which the product of silhouette and modularity is highest.
    min_clusters : int, default=2
    max_clusters : int, default=100

    backbone : str, path, torch.nn.Module, Backbone or list of these, default="efficientnet_lite0"
        The network that embeds the images, see
        :func:`skdeepcluster.backbones.list_backbones`. The default needs no download. Of a list,
        the features are concatenated, those of each network scaled to unit length.
    image_size : int or list of int, default=None
        Side in pixels to which images are scaled; None is the backbone's own. With a list, such
        as ``[128, 192]``, the backbone sees the images in each of the sizes, and each network of
        a list in the one at its place.
    reader : ImageReader or callable, default=None
        How images are read: frames, channels, the range of intensities, elongated images, files
        of other formats. A callable is ``ImageReader(callable)``, None ``ImageReader()``.
    n_views : int, default=4
        Random views of each image (crops, flips, other colours) that are embedded for the
        training; each costs as much as embedding the image itself. With 0, or where ``X`` is
        features, components that are left out at random stand in for them, and clusters are
        worse. Of more than 20,000 images, views of so many. With ``fine_tune`` before
        the head there are at most four, which it has made anyway.
    fine_tune : int, default=0
        How many of the backbone's last stages are trained on the images; 2 is a good choice.
    fine_tune_mode : {"before", "jointly"}, default="before"
        "before" the head, they learn to know two random views of an image and to bring images
        near the centre of their cluster. "jointly" with the head they are trained by its losses,
        as published: this takes far longer, and clusters were worse on the set that was tried
        (see ``as_published``).
    fine_tune_iter : int, default=2
        Epochs of fine-tuning before the head, each of which begins with clustering.

    init : {"consensus", "kmeans", "random"}, array-like of shape (n_samples,) or callable, \
            default="consensus"
        Assignment that the training starts from. "consensus" is a vote of many clusterings,
        the best of eighty such votes (above 500 clusters, for which they take too long, the
        best of three spectral cuts and "kmeans"), "kmeans" the best of several k-means runs;
        both are additions to the published method. "random" is an untrained head, as
        published; an array holds labels from 0; a callable ``init(features, n_clusters,
        random_state)`` returns them, of the features that it gets: without copies of an image.
    n_components : int, default=None
        Dimension of the latent space; None is 100, or ``n_clusters - 1`` if that is more.
    n_neighbors : int, default=20
        Neighbours in feature space. An image is pulled to the half of them that have most
        neighbours in common with it; where clusters are small, only as many neighbours count as
        half a cluster of the mean size has members.
    agreement : {"assignments", "latents"}, default="assignments"
        What an image shares with its views and neighbours: the cluster, as far as it is
        certain, or, as published, the latent.
    loss_weights : dict, default=None
        Weights of the terms "mmd", "balance", "augmentation", "neighbor", "nearest_centroid"
        and "supervision"; those left out keep their defaults, 0, 5, 1, 1, 2 and 1, or 1, 0, 1, 3,
        0.5 and 1 with ``agreement="latents"``. "supervision" is of images of which something is
        known, see ``fit``. "mmd" and "balance" both keep the clusters at the
        shares of ``cluster_prior``; the former is the published one, the latter holds among
        many clusters as well. One of them is needed: without both, clusters are emptied.
    cluster_prior : {"balanced", "estimated", "uneven"} or array-like of shape (n_clusters,), \
            default="estimated"
        Expected shares of the clusters: equal, those of the start (equal for
        ``init="random"``), or given in any order. "uneven" is "estimated" from a start that
        does not prefer clusters of like size: for sizes that differ several times over.
    max_iter : int, default=12
        Epochs of training of the head, whose last state is the result. From a random head,
        which needs more of them, the nearest-centroid term joins at half of them.
    batch_size : int, default=512
        Images in a step of the head's training; at most 128 are used where stages are trained
        jointly. The MMD wants 256 at least; of fewer, those of earlier steps join in.
    learning_rate : float, default=1e-3
        Of Adam, for the head.

    memory : path or joblib.Memory, default=None
        Folder in which features of images are kept between runs; during a run also those that
        take more than 1 GB and, with an int for ``random_state``, the state of fine-tuning
        before the head, which goes on after the process was killed.
    feature_dtype : {"float32", "float16"}, default="float32"
        Precision in which features of images are kept; computation is in float32.
    engine : {"auto", "torch", "onnxruntime", "int8"}, default="auto"
        What runs the backbone. "int8" is faster on a CPU, for "efficientnet_lite0" or
        "efficientnet_lite2" without ``fine_tune``, and close to exact: see
        :class:`ImageEmbedder`.
    device : str, default="auto"
        A torch device; "auto" takes a GPU if there is one.
    n_jobs : int, default=None
        Threads that decode images; None is as many as there are processors.
    on_error : {"raise", "skip"}, default="raise"
        With "skip" an image that cannot be read has the label -1, and one warning lists them.
    random_state : int, RandomState instance or None, default=None
        Draws the start, the batches and the views. An int makes ``fit`` repeatable.
    verbose : int, default=0
        Above 0, progress bars are shown.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int64
        Cluster of each image, from 0; -1 for one that was skipped.
    n_clusters_ : int
        Number of clusters.
    n_clusters_criterion_ : dict of int to float
        Silhouette times modularity of each number of clusters that was tried; with
        ``n_clusters="auto"``. The number that is taken may lie between two of them.
    cluster_centers_ : ndarray of shape (n_clusters, n_components), float32
        Unit vectors in the latent space.
    embedding_ : ndarray of shape (n_samples, n_components), float32
        Latents of the images, unit vectors; NaN for one that was skipped.
    history_ : dict of lists
        A value an epoch: "loss" and those of its terms that have a weight, "learning_rate",
        "label_change", "n_occupied" (clusters in use) and "score" (what the cluster of one of
        the ``n_neighbors`` nearest neighbours in the features says of an image's own, as a
        share of what there is to say), all of the images that are trained on, and in the
        precision of the training: bfloat16 where the processor has it. Also
        "neighbor_recall", the share of the true nearest neighbours among those that were found,
        measured on 200 images: 1 up to 4,096 images; beyond, the search is approximate.
    loss_curve_ : list of float
        Mean loss of each epoch of fine-tuning; empty without.
    start_score_ : float
        The "score" of the start; ``nan`` for ``init="random"``.
    probabilities_ : ndarray of shape (n_samples, n_clusters), float32
        What ``predict_proba`` says of the images.
    outlier_scores_ : ndarray of shape (n_samples,), float32
        Cosine distance to the last of the ``n_neighbors`` nearest neighbours in feature space,
        averaged with the same of the five nearest, from 0 to 2: the higher, the less an image
        is like any other; NaN for one that was skipped.
    tree_ : ClusterTree
        Which clusters are joined first when there are to be fewer (``cut``, ``reduce_clusters``),
        as ``children_`` and ``distances_``, and the ``stability_`` of each.
    stability_ : ndarray of shape (n_samples,), float32
        Of how many of the partitions that the start is a consensus of the image's label is that of
        its part, as a share: the lower, the less another seed may agree. There is none without
        such partitions; NaN for an image that was skipped, or that ``update`` has added since. Of
        a refined clustering they are those of the one that was corrected, which know no
        corrections.
    representative_indices_ : list of ndarray of int
        Positions in ``X`` of each cluster's most typical images; copies of an image come last.
    cluster_names_ : list of str
        See ``set_cluster_names`` and ``describe_clusters``.
    temperature_ : float
        Of ``predict_proba``; such that the mean confidence is an estimate of the accuracy:
        how far the partitions that the start is a consensus of, and neighbours, agree.
    n_iter_ : int
        Epochs run.
    embedder_ : ImageEmbedder or None
        What embeds the images; None if ``X`` was features.
    reader_ : ImageReader or None
        ``reader`` with the range of intensities that was found; new images are read alike.
    n_features_in_ : int
        Number of features that the head sees.
    feature_names_in_ : ndarray of shape (n_features,)
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
    >>> est.score(X, y) > 0.9
    True
    """

    _parameter_constraints: dict = PARAMETER_CONSTRAINTS

    def __init__(
        self,
        n_clusters: int | Literal["auto"] = 8,
        *,
        min_clusters: int = 2,
        max_clusters: int = 100,
        backbone: BackbonesLike = "efficientnet_lite0",
        image_size: ImageSizes = None,
        reader: ImageReader | Callable | None = None,
        n_views: int = 4,
        fine_tune: int = 0,
        fine_tune_mode: Literal["before", "jointly"] = "before",
        fine_tune_iter: int = 2,
        init: str | ArrayLike | Callable = "consensus",
        n_components: int | None = None,
        n_neighbors: int = 20,
        agreement: Literal["assignments", "latents"] = "assignments",
        loss_weights: dict[str, float] | None = None,
        cluster_prior: str | ArrayLike = "estimated",
        max_iter: int = 12,
        batch_size: int = 512,
        learning_rate: float = 1e-3,
        memory: Any = None,
        feature_dtype: str = "float32",
        engine: str = "auto",
        device: str | torch.device = "auto",
        n_jobs: int | None = None,
        on_error: str = "raise",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.n_clusters = n_clusters
        self.min_clusters = min_clusters
        self.max_clusters = max_clusters
        self.backbone = backbone
        self.image_size = image_size
        self.reader = reader
        self.n_views = n_views
        self.fine_tune = fine_tune
        self.fine_tune_mode = fine_tune_mode
        self.fine_tune_iter = fine_tune_iter
        self.init = init
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.agreement = agreement
        self.loss_weights = loss_weights
        self.cluster_prior = cluster_prior
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.memory = memory
        self.feature_dtype = feature_dtype
        self.engine = engine
        self.device = device
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.random_state = random_state
        self.verbose = verbose

    embedder_: ImageEmbedder | None
    history_: dict[str, list]
    loss_curve_: list[float]
    n_clusters_criterion_: dict[int, float]
    n_features_in_: int
    n_iter_: int
    start_score_: float
    _network: NetworkRecord

    @all_or_nothing
    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    @counted_steps()
    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        must_link: ArrayLike | None = None,
        cannot_link: ArrayLike | None = None,
    ) -> Self:
        """Cluster images, or features.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
            A folder, paths, Pillow images, arrays, a tensor or a Dataset (see the user guide),
            or features, which are used as they are; of a memory-mapped array, float32 or
            float16, a chunk at a time is read; if rows are equal, the others are copied to a
            temporary file (in ``TMPDIR``).
        y : array-like of shape (n_samples,), int, default=None
            Clusters of some images, from 0 to ``n_clusters - 1``, and -1 for all others. They get
            exactly these labels; the other images follow as far as they are alike. Without a -1
            it is ignored, as by scikit-learn's other clusterers: a search, or a scorer, passes
            the classes that it scores by.
        must_link : array-like of shape (n_pairs, 2), int, default=None
            Positions in ``X`` of pairs of images that are put into the same cluster.
        cannot_link : array-like of shape (n_pairs, 2), int, default=None
            Of pairs that are put into different ones.

        Returns
        -------
        self : DeepImageClusterer

        Raises
        ------
        ImageReadError
            If an image cannot be read and ``on_error="raise"``.
        ValueError
            If there are fewer images than clusters, or a parameter does not fit the data; if no
            clusters respect ``y``, ``must_link`` and ``cannot_link`` together.

        Notes
        -----
        Images whose features are the same to the last bit count once, and get the same label;
        only of one that lies apart from all others are copies kept, as many as make a cluster.
        With ``engine="torch"`` those in a short last batch may differ by rounding from copies in
        another, and are then like any other image.
        The order of the images matters as the seed does: it decides which are drawn together.
        With ``n_clusters="auto"`` there are as many clusters as ``y`` and ``cannot_link`` need, at
        least.
        """
        heed_forks()
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        loss_weights = check_loss_weights(self.loss_weights, self.agreement)
        source = fitted_source(as_image_source(X, self.reader), self.n_jobs)
        given = {"y": y, "must_link": must_link, "cannot_link": cannot_link}
        given["n_clusters"] = None if self.n_clusters == "auto" else self.n_clusters
        if source is not None:
            check_before_embedding(self, source)
            supervise(n_samples=len(source), **given)
        elif self.fine_tune:
            raise ValueError("fine_tune needs images, and X is features. Set fine_tune=0.")
        steps = steps_of(self, source)
        expect_steps(len(steps))
        features, readable = self._features_to_fit(X, source)
        check_clusters(self, len(features))
        features, readable, firsts = without_copies(
            features, readable, self.n_clusters, self.n_neighbors, is_ours=source is not None
        )
        supervision = supervise(n_samples=len(readable), firsts=firsts, **given)
        if supervision is not None:
            supervision = supervision.taken(np.flatnonzero(readable))
        init = check_init(self.init, self.n_clusters, readable)
        random_state = check_random_state(self.random_state)
        self.loss_curve_, tuned = [], None
        if "fine-tuning" in steps:
            images = source.subset(np.flatnonzero(readable))
            with step("fine-tuning"):
                features, tuned = self._fine_tune(images, init, random_state, supervision)

        n_clusters = self._count_clusters(features, random_state, supervision)
        generator = torch.Generator().manual_seed(int(random_state.randint(2**31)))
        with timed_step("neighbours", self.verbose):
            neighbors = nearest_neighbors(features, self.n_neighbors)
        with timed_step("start", self.verbose):
            start = self._find_start(init, features, n_clusters, neighbors, random_state)
        n_components = self.n_components or max(_N_COMPONENTS, n_clusters - 1)
        centroids = pedcc(n_clusters, n_components, random_state=random_state)
        head = LatentHead.for_features(features, n_components, random_state)

        jointly = self.fine_tune > 0 and tuned is None
        if tuned is not None:
            rows, views = tuned.indices, tuned.views if self.n_views else None
        else:
            rows = draw_training_rows(len(features), n_clusters, random_state)
            if supervision is not None:
                rows = with_known_rows(rows, supervision, random_state)
            views = None
            if "embedding views" in steps:
                images = source.subset(np.flatnonzero(readable)[rows])
                with step("embedding views"):
                    views = embed_views(self.embedder_, images, self.n_views, features, rows)
        data = training_data(features, rows, views, neighbors, start.labels, n_clusters)
        shares = start.labels
        if supervision is not None:
            known = supervision.taken(rows)
            votes = None if start.partitions is None else start.partitions[:, rows]
            data = supervised(data, votes, known, n_clusters, isinstance(init, np.ndarray))
            shares = data.start
        prior = check_cluster_prior(self.cluster_prior, n_clusters, shares)
        self.start_score_ = (
            np.nan
            if data.start is None
            else neighborhood_information(data.start, data.neighbors, n_clusters)
        )
        self.history_ = {}
        recall = neighbor_recall(features, neighbors)
        device = resolve_device(self.device) if jointly else torch.device("cpu")
        of_latents = centroids.to(device), prior.to(device), loss_weights, self.agreement
        objective = Objective(*of_latents, is_supervised=supervision is not None)
        settings = TrainingSettings(self.max_iter, self.batch_size, self.learning_rate)
        with EpochReporter(self, context, X, y, centroids.numpy(), recall) as report:
            drawn_by = {"generator": generator, "random_state": random_state}
            if jointly:
                images = source.subset(np.flatnonzero(readable))
                head, features = self._train_jointly(
                    images, rows, head, data, objective, settings, report, drawn_by
                )
                neighbors = nearest_neighbors(features, self.n_neighbors)
            else:
                head = train_head(head, data, objective, settings, on_epoch=report, **drawn_by)
        self.n_iter_ = len(self.history_.get("loss", ()))
        found = head, centroids.numpy(), features, neighbors, start.partitions
        self._partition = Partition.found(*found, readable, source, firsts, supervision)
        warn_of_empty_clusters(self, n_clusters)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _features_to_fit(self, X, source):
        """Features of the images that can be read, and which ones those are."""
        if source is None:
            features = check_features(self, X, reset=True)
            self.embedder_ = None
            self._network = NetworkRecord()
            return features, np.ones(len(features), dtype=bool)
        self.embedder_ = make_embedder(self, self.backbone, self.image_size, source.reader)
        self._network = NetworkRecord.of(self.backbone, is_tuned=self.fine_tune > 0)
        if self.fine_tune:
            check_stages(self.embedder_.load(), self.fine_tune)
        with step("embedding"):
            features = self.embedder_.fit_transform(source)
        self.n_features_in_ = features.shape[1]
        if hasattr(self, "feature_names_in_"):
            # Of features that this estimator was fitted on before.
            del self.feature_names_in_
        readable = rows_of_images(features)
        if not readable.any():
            raise ValueError(
                f"None of the {len(readable)} images can be read; with "
                'on_error="raise" the first one tells why.'
            )
        return without_gaps(features, readable), readable

    def _count_clusters(self, features, random_state, supervision):
        if hasattr(self, "n_clusters_criterion_"):
            del self.n_clusters_criterion_
        if self.n_clusters != "auto":
            return self.n_clusters
        with timed_step("number of clusters", self.verbose):
            n_clusters, self.n_clusters_criterion_ = estimate_n_clusters(
                features, self.min_clusters, self.max_clusters, random_state
            )
        return n_clusters if supervision is None else supervision.least_number(n_clusters)

    def _find_start(self, init, features, n_clusters, neighbors, random_state):
        uneven = is_uneven(self.cluster_prior)
        return find_start(init, features, n_clusters, neighbors, random_state, uneven=uneven)

    def _fine_tune(self, source, init, random_state, supervision):
        """Replace the embedder by one that was trained on the images.

        Returns its features, and those of views of the images that it was trained on.
        """
        is_numbered = isinstance(init, np.ndarray)

        def assign(features, indices):
            known = supervision and supervision.taken(indices)
            n_clusters = self._count_clusters(features, random_state, known)
            neighbors = nearest_neighbors(features, self.n_neighbors)
            given = init[indices] if is_numbered else init
            start = self._find_start(given, features, n_clusters, neighbors, random_state)
            if start.labels is None:
                return Assignment(neighbors)
            labels = start.labels
            if known is not None:
                labels = supervised_start(
                    labels, start.partitions, features, neighbors, known, n_clusters, is_numbered
                )
            return Assignment(neighbors, labels, confidence(labels, neighbors, start.partitions))

        assert self.embedder_ is not None, "fit refuses to fine-tune on features"
        tuned = fine_tune(
            self.embedder_.load(),
            source,
            assign,
            n_stages=self.fine_tune,
            max_epochs=self.fine_tune_iter,
            n_views=self.n_views,
            # Without a seed, or with a function, a run cannot be known to be the same again.
            memory=self.memory
            if isinstance(self.random_state, Integral) and not callable(init)
            else None,
            depends_on=(
                *(self.n_clusters, self.min_clusters, self.max_clusters),
                *(init, self.n_neighbors, self.cluster_prior),
                *(() if supervision is None else supervision.arrays),
            ),
            device=resolve_device(self.device),
            n_jobs=self.n_jobs,
            random_state=random_state,
            verbose=self.verbose,
        )
        self.loss_curve_ = tuned.loss_curve
        self.embedder_ = make_embedder(self, tuned.backbone, self.image_size, source.reader)
        return self.embedder_.fit_transform(source), tuned

    def _train_jointly(self, source, rows, head, data, objective, settings, report, drawn_by):
        """Replace the embedder by one that was trained with the head; return head and features."""
        assert self.embedder_ is not None, "fit refuses to fine-tune on features"
        backbone, head = train_jointly(
            self.embedder_.load(),
            source.subset(rows),
            head,
            data,
            objective,
            settings,
            stage_settings=StageSettings(
                n_stages=self.fine_tune,
                device=objective.centroids.device,
                n_views=self.n_views,
                n_jobs=self.n_jobs,
                verbose=self.verbose,
            ),
            on_epoch=report,
            **drawn_by,
        )
        self.embedder_ = make_embedder(self, backbone, self.image_size, source.reader)
        return head, self.embedder_.fit_transform(source)

    @classmethod
    def as_published(cls, n_clusters: int = 8, **params: Any) -> Self:
        """Make an estimator of the method as published, to compare with.

        The last two stages of the backbone and a head that begins with random weights are
        trained jointly, by the MMD and by the agreement of latents with those of a view, of a
        neighbour and of the nearest centroid, for 400 epochs; neighbours are found anew every
        tenth. What the paper leaves open is this package's choice: 20 neighbours, weights of 1,
        1, 3 and 0.5, and EfficientNet-Lite0, which was trained with labels, where the paper has
        self-supervised networks. The learning rate is 1e-4, since with 1e-3, as in the authors'
        code, all images of a trial fell into one cluster. On a CPU this takes hours; how it
        compares with the defaults is in ``docs/method.md``.

        Parameters
        ----------
        n_clusters : int, default=8
        **params
            Other parameters, which take precedence.

        Returns
        -------
        estimator : DeepImageClusterer
            Not fitted.

        Examples
        --------
        >>> from skdeepcluster import DeepImageClusterer
        >>> est = DeepImageClusterer.as_published(10, max_iter=30)
        >>> est.init, est.fine_tune_mode, est.max_iter
        ('random', 'jointly', 30)
        """
        return cls(n_clusters, **{**AS_PUBLISHED, **params})

    # Here, and not in a mixin, since scikit-learn wraps for set_output what a class defines itself.
    def transform(self, X: Any) -> np.ndarray:
        """Map images, or features, to the latent space.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)

        Returns
        -------
        latents : ndarray of shape (n_samples, n_components), float32
            Unit vectors; NaN for an image that was skipped.
        """
        return np.concatenate([*iter_latents(self, X)])

    def fit_predict(self, X: Any, y: ArrayLike | None = None, **known: Any) -> np.ndarray:
        """Cluster ``X`` and return ``labels_``; the same as ``fit(X, y).labels_``.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), int, default=None
            As of ``fit``.
        **known
            ``must_link`` and ``cannot_link``, as of ``fit``.

        Returns
        -------
        labels : ndarray of shape (n_samples,), int64
        """
        return self.fit(X, y, **known).labels_

    def fit_transform(self, X: Any, y: ArrayLike | None = None, **known: Any) -> np.ndarray:
        """Cluster ``X`` and return ``embedding_``; the same as ``fit(X, y).embedding_``.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), int, default=None
            As of ``fit``.
        **known
            ``must_link`` and ``cannot_link``, as of ``fit``.

        Returns
        -------
        latents : ndarray of shape (n_samples, n_components), float32
        """
        return self.fit(X, y, **known).embedding_

    def save(self, folder: str | Path) -> None:
        """Write the fitted estimator to a folder, as JSON and safetensors.

        Parameters
        ----------
        folder : path
            Made, or replaced if it holds a saved estimator already. In a process group of
            torch.distributed, rank 0 alone writes.
        """
        check_is_fitted(self)
        if rank() == 0:
            save(self, folder)

    @classmethod
    def load(cls, folder: str | Path, *, backbone: Any = None, reader: Any = None) -> Self:
        """Read a saved estimator. No code is run from the files.

        Parameters
        ----------
        folder : path
        backbone : torch.nn.Module or Backbone, default=None
            Needed if the estimator was fitted with one; it is left as it is. Images are refused
            if it has other weights or another preprocessing than at the fit.
        reader : callable or ImageReader, default=None
            Needed to read files if the estimator was fitted with a function that does: that
            function, or an ImageReader that has it, of which nothing else is used.

        Returns
        -------
        estimator : DeepImageClusterer
        """
        return load(cls, folder, backbone, reader)

    @property
    def _n_features_out(self):
        return self.cluster_centers_.shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
