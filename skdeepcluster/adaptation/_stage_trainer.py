"""Training of a backbone's last stages on pictures without classes."""

import copy

import numpy as np
import torch
from torch import nn

from ..backbones import split_network
from ._losses import contrastive_loss, self_labelling_loss
from ._views import TrunkViews

_N_VIEWS = 6
_BATCH_SIZE = 256
# Above so many pictures a random sample of them is trained on.
_MOST_PICTURES = 20_000
_BACKBONE_RATE = 3e-4
# The projector starts from nothing and is thrown away.
_PROJECTOR_RATE = 1e-3
_PROJECTOR_SIZES = (1024, 256)


class StageTrainer:
    """Teaches the last stages of a backbone to know a picture in two random views (SimCLR).

    The stages before them stay as they are: what they compute of the views is kept, and an
    epoch costs the last stages alone. Batch normalisation keeps the statistics it was trained
    with: batches of a few similar pictures would spoil them.

    Parameters
    ----------
    backbone : Backbone
        Left as it is; a copy is trained.
    source : ImageSource
        Pictures, all of which can be read; of more than 20,000 a random sample is used.
    n_stages : int
        How many of the backbone's last stages are trained.
    device : torch.device
    n_jobs : int or None
        Threads that decode pictures.
    random_state : RandomState instance
    verbose : int
        Above 0, progress bars are shown.

    Attributes
    ----------
    indices : ndarray of shape (n_samples,), int64
        Positions in ``source`` of the pictures that are trained on.

    Raises
    ------
    ValueError
        If there are fewer than two pictures, or the backbone has fewer stages.
    """

    def __init__(self, backbone, source, *, n_stages, device, n_jobs, random_state, verbose):
        if n_stages > len(backbone.stages):
            raise ValueError(
                f"{n_stages} stages shall be trained, but the backbone {backbone.name!r} has "
                f"{len(backbone.stages)} stages."
            )
        if len(source) < 2:
            raise ValueError(f"A backbone is trained on two pictures at least, not {len(source)}.")
        self.indices = np.arange(len(source))
        if len(source) > _MOST_PICTURES:
            chosen = random_state.choice(len(source), _MOST_PICTURES, replace=False)
            self.indices = np.sort(chosen)
            source = source.subset(self.indices)
        seed = int(random_state.randint(2**31))
        self._backbone = copy.deepcopy(backbone)
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
            torch.manual_seed(seed)
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

    def epochs(self, n_epochs):
        """Count epochs, with a progress bar if ``verbose``.

        Yields
        ------
        epoch : int
            From 0.
        """
        from tqdm.auto import tqdm

        yield from tqdm(
            range(n_epochs), desc="fine-tuning", unit="epoch", disable=not self._verbose
        )

    def train_epoch(self, assignment=None):
        """Train on two views of each picture.

        Parameters
        ----------
        assignment : Assignment, default=None
            Clusters whose centres the pictures are pulled to as well.

        Returns
        -------
        loss : float
            Mean over the epoch.
        """
        total = 0.0
        shuffled = torch.randperm(len(self.indices), generator=self._generator)
        for parameter in self._weights:
            parameter.requires_grad_(True)
        try:
            for indices in shuffled.tensor_split(-(-len(self.indices) // _BATCH_SIZE)):
                # In the order of the file, which is read faster.
                indices = indices.sort().values
                activations = self._views.pairs(indices, self._generator).to(self._device)
                if activations.ndim == 4:
                    activations = activations.contiguous(memory_format=torch.channels_last)
                features = self._rest(activations)
                loss = contrastive_loss(*self._projector(features).chunk(2))
                if assignment is not None:
                    loss = loss + self_labelling_loss(features, assignment, indices)
                self._optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self._optimizer.step()
                total += float(loss.detach()) * len(indices)
        finally:
            for parameter in self._weights:
                parameter.requires_grad_(False)
        return total / len(self.indices)

    @torch.inference_mode()
    def features(self):
        """Embed the pictures themselves, with the weights as they are now.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), float32
        """
        return np.concatenate(
            [
                self._rest(self._views.plain(indices).to(self._device)).float().cpu().numpy()
                for indices in torch.arange(len(self.indices)).split(_BATCH_SIZE)
            ]
        )

    def finish(self):
        """Return the trained copy of the backbone, on the CPU."""
        self._rest.cpu()
        self._backbone.network.to(memory_format=torch.contiguous_format)
        return self._backbone


def _projector(n_features):
    """Make the network whose output is contrasted: features need not be as invariant then."""
    n_hidden, n_outputs = _PROJECTOR_SIZES
    return nn.Sequential(
        nn.Linear(n_features, n_hidden),
        nn.BatchNorm1d(n_hidden),
        nn.ReLU(),
        nn.Linear(n_hidden, n_outputs),
    )
