"""Training of a backbone's last stages on images without classes."""

import copy
import hashlib
import math

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ..backbones import split_network
from ..process_group import check_alike, gather_rows, is_parallel, rank
from ._losses import contrastive_loss, self_labelling_loss
from ._views import TrunkViews

_N_VIEWS = 6
_BATCH_SIZE = 256
# Above so many images a random sample of them is trained on.
_MOST_PICTURES = 20_000
_BACKBONE_RATE = 3e-4
# The projector starts from nothing and is thrown away.
_PROJECTOR_RATE = 1e-3
_PROJECTOR_SIZES = (1024, 256)


def check_stages(backbone, n_stages):
    """Check that a backbone has so many stages."""
    if n_stages > len(backbone.stages):
        raise ValueError(
            f"{n_stages} stages shall be trained, but the backbone {backbone.name!r} has "
            f"{len(backbone.stages)} stages."
        )


class StageTrainer:
    """Teaches the last stages of a backbone to know an image in two random views (SimCLR).

    The stages before them stay as they are: what they compute of the views is kept, and an
    epoch costs the last stages alone. Batch normalisation keeps the statistics it was trained
    with: batches of a few similar images would spoil them.

    In a process group of torch.distributed, each rank computes its share of every batch. The
    losses are of the whole batch on every rank, so that batches, gradients and weights are
    those of one process but for rounding.

    Parameters
    ----------
    backbone : Backbone
        Left as it is; a copy is trained.
    source : ImageSource
        Images, all of which can be read; of more than 20,000 a random sample is used.
    n_stages : int
        How many of the backbone's last stages are trained.
    device : torch.device
    n_jobs : int or None
        Threads that decode images.
    random_state : RandomState instance
    verbose : int
        Above 0, progress bars are shown.

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

    def __init__(self, backbone, source, *, n_stages, device, n_jobs, random_state, verbose):
        check_stages(backbone, n_stages)
        if len(source) < 2:
            raise ValueError(f"A backbone is trained on two images at least, not {len(source)}.")
        self.indices = np.arange(len(source))
        if len(source) > _MOST_PICTURES:
            chosen = random_state.choice(len(source), _MOST_PICTURES, replace=False)
            self.indices = np.sort(chosen)
            source = source.subset(self.indices)
        seed = int(random_state.randint(2**31))
        check_alike(
            (seed, len(source)),
            "The processes of the group do not train on the same: give all the same images and "
            "the same integer for random_state.",
        )
        verbose = verbose if rank() == 0 else 0
        self._backbone = copy.deepcopy(backbone)
        self._source = source
        self._n_stages = n_stages
        self._seed = seed
        self._device = device
        self._verbose = verbose
        self._generator = torch.Generator().manual_seed(seed)
        trained = {name for stage in self._backbone.stages[-n_stages:] for name in stage}
        trunk, self._rest = split_network(
            self._backbone.network, trained, self._backbone.image_size
        )
        self._views = TrunkViews(
            self._backbone,
            trunk,
            source,
            n_views=_N_VIEWS,
            device=device,
            n_jobs=n_jobs,
            generator=self._generator,
            verbose=verbose,
        )
        self._rest.to(device, memory_format=torch.channels_last)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self._projector = _projector(self._backbone.n_features).to(device)
        named = self._backbone.network.named_parameters()
        self._weights = [parameter for name, parameter in named if name in trained]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._weights, "lr": _BACKBONE_RATE},
                {"params": self._projector.parameters(), "lr": _PROJECTOR_RATE},
            ],
            weight_decay=1e-4,
        )
        self._model: nn.Module = _Trained(self._rest, self._projector)
        if is_parallel():
            # What is trained is told by requires_grad, and only now.
            self._require_gradients(True)
            # Every step uses the same weights; a static graph may have some that none uses.
            self._model = DistributedDataParallel(self._model, static_graph=True)
            self._require_gradients(False)

    def _require_gradients(self, required):
        for parameter in self._weights:
            parameter.requires_grad_(required)

    def epochs(self, start, stop):
        """Count epochs from ``start`` to before ``stop``, with a progress bar if ``verbose``."""
        from tqdm.auto import tqdm

        yield from tqdm(
            range(start, stop),
            desc="fine-tuning",
            unit="epoch",
            initial=start,
            total=stop,
            disable=not self._verbose,
        )

    def identity(self):
        """Return all that the training depends on: network, images, seed and settings."""
        images = hashlib.blake2b(digest_size=16)
        for index in range(len(self._source)):
            images.update(self._source.identity(index))
        return (
            self._backbone.fingerprint,
            self._n_stages,
            images.hexdigest(),
            self._seed,
            (_N_VIEWS, _BATCH_SIZE, _BACKBONE_RATE, _PROJECTOR_RATE, _PROJECTOR_SIZES),
        )

    def state(self):
        """Return what the next epoch depends on, as tensors, dicts and numbers."""
        return {
            "weights": [weight.detach() for weight in self._weights],
            "projector": self._projector.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
        }

    def load_state(self, state):
        """Go on from what ``state`` returned."""
        with torch.no_grad():
            for weight, saved in zip(self._weights, state["weights"], strict=True):
                weight.copy_(saved)
        self._projector.load_state_dict(state["projector"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"])

    def train_epoch(self, assignment=None):
        """Train on two views of each image.

        Parameters
        ----------
        assignment : Assignment, default=None
            Clusters whose centres the images are pulled to as well.

        Returns
        -------
        loss : float
            Mean over the epoch.
        """
        total = 0.0
        shuffled = torch.randperm(len(self.indices), generator=self._generator)
        self._require_gradients(True)
        try:
            for indices in shuffled.tensor_split(-(-len(self.indices) // _BATCH_SIZE)):
                # In the order of the file, which is read faster.
                indices = indices.sort().values
                activations, places = self._to_device(self._views.pairs(indices, self._generator))
                features, projected = self._model(activations, places, 2 * len(indices))
                loss = contrastive_loss(*projected.chunk(2))
                if assignment is not None:
                    loss = loss + self_labelling_loss(features, assignment, indices)
                self._optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self._optimizer.step()
                total += float(loss.detach()) * len(indices)
                if not math.isfinite(total):
                    raise FloatingPointError(
                        "The loss of fine-tuning is not finite: the stages below give values "
                        "beyond half precision, or the learning rate is too high for them."
                    )
        finally:
            self._require_gradients(False)
        return total / len(self.indices)

    @torch.inference_mode()
    def features(self):
        """Embed the images themselves, with the weights as they are now.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), float32
        """
        batches = torch.arange(len(self.indices)).split(_BATCH_SIZE)
        return torch.cat([self._embed(indices) for indices in batches]).cpu().numpy()

    def _embed(self, indices):
        activations, places = self._to_device(self._views.plain(indices))
        return gather_rows(self._rest(activations).float(), places, len(indices))

    def _to_device(self, read):
        activations, places = (tensor.to(self._device) for tensor in read)
        if activations.ndim == 4:
            activations = activations.contiguous(memory_format=torch.channels_last)
        return activations, places

    def finish(self):
        """Return the trained copy of the backbone, on the CPU."""
        self._rest.cpu()
        self._backbone.network.to(memory_format=torch.contiguous_format)
        return self._backbone


class _Trained(nn.Module):
    """Activations of this rank's images to features, and what is contrasted, of all ranks'."""

    def __init__(self, rest, projector):
        super().__init__()
        self.rest = rest
        self.projector = projector

    def forward(self, activations, places, n_rows):
        features = gather_rows(self.rest(activations), places, n_rows)
        return features, self.projector(features)


def _projector(n_features):
    """Make the network whose output is contrasted: features need not be as invariant then."""
    n_hidden, n_outputs = _PROJECTOR_SIZES
    return nn.Sequential(
        nn.Linear(n_features, n_hidden),
        nn.BatchNorm1d(n_hidden),
        nn.ReLU(),
        nn.Linear(n_hidden, n_outputs),
    )
