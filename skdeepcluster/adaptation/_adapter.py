"""Self-supervised adaptation of a backbone, as an estimator."""

from collections.abc import Callable
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import joblib
import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval

from ..backbones import Backbone, load_backbone, resolve_device
from ..images import ImageReader, ImagesLike, PathLike, as_image_source, fitted_source
from ..process_group import heed_forks
from ._resumption import train_stages
from ._settings import StageSettings
from ._stage_trainer import StageTrainer


class SelfSupervisedAdapter(BaseEstimator):
    """Adapt a pretrained backbone to unlabelled images by contrastive learning (SimCLR).

    For images unlike those that the backbone was pretrained on, such as microscope images. Its
    last stages learn to match two random views of an image (crops, flips, small rotations,
    colour changes) among the views of all other images. The result goes into ``backbone=`` of
    :class:`skdeepcluster.DeepImageClusterer` or :class:`skdeepcluster.ImageEmbedder`: adapted
    once, it serves many clusterings. (``fine_tune`` of the clusterer does the same, and trains
    towards its clusters as well.)

    Parameters
    ----------
    backbone : str, path, torch.nn.Module or Backbone, default="efficientnet_lite0"
        The backbone to start from, see :func:`skdeepcluster.backbones.list_backbones`.
    image_size : int, default=None
        Side in pixels to which images are scaled; None is the backbone's own.
    reader : ImageReader or callable, default=None
        How images are read; None is ``ImageReader()``.
    n_stages : int, default=2
        How many of the backbone's last stages are trained.
    max_iter : int, default=5
        Number of epochs.
    memory : path or joblib.Memory, default=None
        Folder in which the state after each epoch is saved until ``fit`` is done. If ``fit``
        was killed and is called again with the same parameters and images, and an int for
        ``random_state``, it resumes from there.
    device : str or torch.device, default="auto"
        "auto" takes a GPU if there is one.
    n_jobs : int, default=None
        Threads that decode images; None is one per processor.
    random_state : int, RandomState instance or None, default=None
        Draws the views and the batches. Pass an int for reproducible results.
    verbose : int, default=0
        Above 0, progress bars are shown.

    Attributes
    ----------
    backbone_ : Backbone
        The adapted backbone, for ``backbone=``. Save it, like any estimator, with pickle or
        joblib.
    loss_curve_ : list of float
        Mean loss of each epoch.
    reader_ : ImageReader
        ``reader`` with the range of intensities that was found.

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
        "reader": [ImageReader, callable, None],
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
        backbone: PathLike | torch.nn.Module | Backbone = "efficientnet_lite0",
        *,
        image_size: int | None = None,
        reader: ImageReader | Callable | None = None,
        n_stages: int = 2,
        max_iter: int = 5,
        memory: PathLike | joblib.Memory | None = None,
        device: str | torch.device = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        self.backbone = backbone
        self.image_size = image_size
        self.reader = reader
        self.n_stages = n_stages
        self.max_iter = max_iter
        self.memory = memory
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ImagesLike, y: Any = None) -> Self:
        """Adapt the backbone to images.

        Parameters
        ----------
        X : images
            A folder, paths, Pillow images, arrays, a tensor or a Dataset (see the user guide).
            Of more than 20,000 images a random sample is used.
        y : None
            Ignored.

        Returns
        -------
        self : SelfSupervisedAdapter
            The fitted estimator.

        Raises
        ------
        ImageReadError
            If an image cannot be read.
        ValueError
            If ``X`` is features or fewer than two images, or the backbone has fewer stages
            than ``n_stages``.
        """
        heed_forks()
        source = fitted_source(as_image_source(X, self.reader), self.n_jobs)
        if source is None:
            raise ValueError(
                "A backbone is adapted to images, and X is features. Pass the images themselves."
            )
        self.reader_ = source.reader
        random_state = check_random_state(self.random_state)
        trainer = StageTrainer(
            load_backbone(self.backbone, image_size=self.image_size),
            source,
            StageSettings(
                n_stages=self.n_stages,
                device=resolve_device(self.device),
                n_jobs=self.n_jobs,
                verbose=self.verbose,
            ),
            random_state,
        )
        self.loss_curve_ = train_stages(
            trainer,
            self.max_iter,
            random_state,
            memory=self.memory if isinstance(self.random_state, Integral) else None,
        )
        self.backbone_ = trainer.finish()
        return self
