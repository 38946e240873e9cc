"""Training of a backbone's last stages on images without classes."""

import hashlib
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import LambdaLR

from ..backbones import Backbone
from ..images import ImageSource
from ..process_group import all_gather_rows, check_same_on_all_ranks, is_parallel
from ..progress import progress_bar
from ._last_stages import LastStages
from ._losses import contrastive_loss
from ._settings import StageSettings
from ._tuning import TuningObjective, TuningTargets, n_steps

_BATCH_SIZE = 256
# Of more images a random sample is trained on.
_MAX_IMAGES = 20_000
_BACKBONE_LEARNING_RATE = 3e-4
# The projector starts from random weights and is thrown away.
_PROJECTOR_LEARNING_RATE = 1e-3
_PROJECTOR_SIZES = (1024, 256)
# Steps in which the learning rate rises, where it falls afterwards.
_WARM_UP_STEPS = 3


class StageTrainer:
    """Trains the last stages of a backbone to recognise an image in two random views (SimCLR).

    Given targets, the stages are trained towards clusters as well, see
    :class:`TuningObjective`.

    In a process group of torch.distributed, each rank computes its share of every batch. The
    losses are of the whole batch on every rank, so that batches, gradients and weights are
    those of one process but for rounding.

    Parameters
    ----------
    backbone : Backbone
        Left as it is; a copy is trained.
    source : ImageSource
        Images, all of which can be read; of more than 20,000 a random sample is used.
    settings : StageSettings
    random_state : RandomState instance
        Draws the sample, the views, the batches and the projector.

    Attributes
    ----------
    indices : ndarray of shape (n_samples,), int64
        Positions in ``source`` of the images that are trained on.

    Raises
    ------
    ValueError
        If there are fewer than two images, or the backbone has fewer stages, or ranks have
        different images or random numbers.
    """

    def __init__(
        self,
        backbone: Backbone,
        source: ImageSource,
        settings: StageSettings,
        random_state: np.random.RandomState,
    ):
        if len(source) < 2:
            raise ValueError(
                f"At least two images are needed to train a backbone, and there is {len(source)}."
            )
        self.indices = np.arange(len(source))
        if len(source) > _MAX_IMAGES:
            chosen = random_state.choice(len(source), _MAX_IMAGES, replace=False)
            self.indices = np.sort(chosen)
            source = source.subset(self.indices)
        seed = int(random_state.randint(2**31))
        check_same_on_all_ranks(
            (seed, len(source)),
            "The processes of the group do not train on the same: give all the same images and "
            "the same integer for random_state.",
        )
        self._source = source
        self._settings = settings
        self._seed = seed
        self._generator = torch.Generator().manual_seed(seed)
        self._stages = LastStages(backbone, source, settings, self._generator)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self._projector = _make_projector(backbone.n_features).to(settings.device)
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._stages.weights, "lr": _BACKBONE_LEARNING_RATE},
                {"params": self._projector.parameters(), "lr": _PROJECTOR_LEARNING_RATE},
            ],
            weight_decay=1e-4,
        )
        self._schedule = LambdaLR(self._optimizer, self._share_of_learning_rate)
        self._model: nn.Module = _StagesAndProjector(self._stages.network, self._projector)
        if is_parallel():
            # It trains the parameters that require gradients when it is made.
            with self._stages.requiring_gradients():
                # Every step uses the same weights; a static graph may have some that none uses.
                self._model = DistributedDataParallel(self._model, static_graph=True)

    def _share_of_learning_rate(self, step):
        if self._settings.n_epochs is None:
            return 1.0
        progress = step / (self._settings.n_epochs * n_steps(len(self.indices)))
        warm_up = min(1.0, (step + 1) / _WARM_UP_STEPS)
        return warm_up * (1 + math.cos(math.pi * min(1.0, progress))) / 2

    def epochs(self, start: int, stop: int) -> Iterator[int]:
        """Count epochs from ``start`` to before ``stop``, with a progress bar if ``verbose``."""
        verbose = self._settings.verbose
        bar = progress_bar("fine-tuning", total=stop, unit="epoch", initial=start, verbose=verbose)
        with bar:
            for epoch in range(start, stop):
                yield epoch
                bar.update()

    def identity(self) -> tuple:
        """Return all that the training depends on: network, stages, images, seed, constants."""
        images = hashlib.blake2b(digest_size=16)
        for index in range(len(self._source)):
            images.update(self._source.key(index))
        return (
            self._stages.fingerprint,
            self._settings.n_stages,
            images.hexdigest(),
            self._seed,
            (self._settings.n_views, _BATCH_SIZE, _PROJECTOR_SIZES),
            (_BACKBONE_LEARNING_RATE, _PROJECTOR_LEARNING_RATE),
        )

    def state(self) -> dict:
        """Return what the next epoch depends on, as tensors, dicts and numbers."""
        return {
            "weights": [weight.detach() for weight in self._stages.weights],
            "projector": self._projector.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "n_steps": self._schedule.last_epoch,
            "generator": self._generator.get_state(),
        }

    def load_state(self, state: dict) -> None:
        """Continue from what ``state`` returned."""
        with torch.no_grad():
            for weight, saved in zip(self._stages.weights, state["weights"], strict=True):
                weight.copy_(saved)
        self._projector.load_state_dict(state["projector"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.last_epoch = state["n_steps"]
        self._generator.set_state(state["generator"])

    def train_epoch(self, targets: TuningTargets | None = None) -> float:
        """Train on two views of each image.

        Parameters
        ----------
        targets : TuningTargets, default=None
            What the images are pulled to, besides the contrastive loss. Batches are of images
            and their partners then, and each image is in one on average.

        Returns
        -------
        loss : float
            Mean over the images.

        Raises
        ------
        FloatingPointError
            If the loss is not finite.
        """
        tuning = None if targets is None else TuningObjective(targets)
        total, n_images = 0.0, 0
        with self._stages.requiring_gradients():
            for indices in self._batches() if tuning is None else tuning.batches(self._generator):
                activations, positions = self._stages.pairs(indices, self._generator)
                features, projected = self._model(activations, positions, 2 * len(indices))
                loss = (
                    contrastive_loss(*projected.chunk(2))
                    if tuning is None
                    else tuning.loss(features, projected, indices)
                )
                self._optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self._optimizer.step()
                self._schedule.step()
                total += float(loss.detach()) * len(indices)
                n_images += len(indices)
                if not math.isfinite(total):
                    raise FloatingPointError(
                        "The loss of fine-tuning is not finite: the frozen stages compute values "
                        "beyond half precision, or the learning rate is too high for the others."
                    )
        return total / n_images

    def _batches(self):
        shuffled = torch.randperm(len(self.indices), generator=self._generator)
        for indices in shuffled.tensor_split(-(-len(self.indices) // _BATCH_SIZE)):
            # In the order of the file, which is faster to read.
            yield indices.sort().values

    def features(self) -> np.ndarray:
        """Embed the images themselves, see :meth:`LastStages.features`."""
        return self._stages.features()

    def view_features(self, n_views: int) -> np.ndarray:
        """Embed random views of the images, see :meth:`LastStages.view_features`."""
        return self._stages.view_features(n_views)

    def finish(self) -> Backbone:
        """Return the trained copy of the backbone, on the CPU."""
        return self._stages.finish()


class _StagesAndProjector(nn.Module):
    """Maps activations of this rank's views to features and projections of all ranks' views."""

    def __init__(self, rest, projector):
        super().__init__()
        self.rest = rest
        self.projector = projector

    def forward(self, activations, positions, n_rows):
        features = all_gather_rows(self.rest(activations), positions, n_rows)
        return features, self.projector(features)


def _make_projector(n_features):
    """Make the head whose output is contrasted, so that features may be less invariant."""
    n_hidden, n_outputs = _PROJECTOR_SIZES
    return nn.Sequential(
        nn.Linear(n_features, n_hidden),
        nn.BatchNorm1d(n_hidden),
        nn.ReLU(),
        nn.Linear(n_hidden, n_outputs),
    )
