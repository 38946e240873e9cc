"""Adaptation of a backbone as an estimator of its own."""

from numbers import Integral
from pathlib import Path

import torch
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval

from ..backbones import Backbone, load_backbone, resolve_device
from ..images import as_image_source
from ._checkpoint import train_epochs
from ._stage_trainer import StageTrainer


class SelfSupervisedAdapter(BaseEstimator):
    """Train a pretrained network further on images of one's own, without classes (SimCLR).

    For images unlike those that the network has learned from, such as microscope images.
    The last stages learn to tell two random views of an image (crops, flips, small rotations,
    colours) from the views of all others. The result goes into ``backbone=`` of
    :class:`skdeepcluster.DeepImageClusterer` or :class:`skdeepcluster.ImageEmbedder`: adapted
    once, it serves many clusterings. (``fine_tune`` of the clusterer does the same, and trains
    towards its clusters as well.)

    Parameters
    ----------
    backbone : str, path, torch.nn.Module or Backbone, default="efficientnet_lite0"
        The network to start from, see :func:`skdeepcluster.backbones.list_backbones`.
    image_size : int, default=None
        Side in pixels to which images are scaled; None is the backbone's own.
    n_stages : int, default=2
        How many of the network's last stages are trained.
    max_iter : int, default=5
        Epochs.
    memory : path or joblib.Memory, default=None
        Folder in which the state after each epoch is kept until ``fit`` is done. Called again
        after it was killed, with the same parameters and images and an int for
        ``random_state``, it goes on from there.
    device : str, default="auto"
        A torch device; "auto" takes a GPU if there is one.
    n_jobs : int, default=None
        Threads that decode images; None is as many as there are processors.
    random_state : int, RandomState instance or None, default=None
        Draws the views and the batches. An int makes ``fit`` repeatable.
    verbose : int, default=0
        Above 0, progress bars are shown.

    Attributes
    ----------
    backbone_ : Backbone
        The adapted network, for ``backbone=``. Pickle (or joblib) keeps it, like any estimator.
    loss_curve_ : list of float
        Mean loss of each epoch.

    References
    ----------
    T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A Simple Framework for Contrastive Learning
    of Visual Representations", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skdeepcluster import ImageEmbedder, SelfSupervisedAdapter
    >>> images = np.random.RandomState(0).randint(256, size=(8, 32, 32, 3), dtype=np.uint8)
    >>> adapter = SelfSupervisedAdapter(image_size=32, n_stages=1, max_iter=1, random_state=0)
    >>> backbone = adapter.fit(images).backbone_
    >>> ImageEmbedder(backbone).fit_transform(images).shape
    (8, 1280)
    """

    _parameter_constraints: dict = {
        "backbone": [str, Path, torch.nn.Module, Backbone],
        "image_size": [Interval(Integral, 16, None, closed="left"), None],
        "n_stages": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "memory": [str, Path, HasMethods("cache"), None],
        "device": [str, torch.device],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        backbone="efficientnet_lite0",
        *,
        image_size=None,
        n_stages=2,
        max_iter=5,
        memory=None,
        device="auto",
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.backbone = backbone
        self.image_size = image_size
        self.n_stages = n_stages
        self.max_iter = max_iter
        self.memory = memory
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Train on images.

        Parameters
        ----------
        X : images
            A folder, paths, Pillow images, arrays, a tensor or a Dataset (see the user guide).
            Of more than 20,000 a random sample is used.
        y : None
            Ignored.

        Returns
        -------
        self : SelfSupervisedAdapter

        Raises
        ------
        ImageReadError
            If an image cannot be read.
        ValueError
            If ``X`` is features, or less than two images, or the network has fewer stages.
        """
        source = as_image_source(X)
        if source is None:
            raise ValueError("A network is adapted to images, and X is features.")
        random_state = check_random_state(self.random_state)
        trainer = StageTrainer(
            load_backbone(self.backbone, image_size=self.image_size),
            source,
            n_stages=self.n_stages,
            device=resolve_device(self.device),
            n_jobs=self.n_jobs,
            random_state=random_state,
            verbose=self.verbose,
        )
        self.loss_curve_ = train_epochs(
            trainer,
            self.max_iter,
            random_state,
            memory=self.memory if isinstance(self.random_state, Integral) else None,
        )
        self.backbone_ = trainer.finish()
        return self
