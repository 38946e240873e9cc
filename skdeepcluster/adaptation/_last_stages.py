"""The last stages of a backbone, on what the stages before compute of images and views."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from ..backbones import Backbone, split_network
from ..images import ImageSource
from ..process_group import all_gather_rows
from ._settings import StageSettings
from ._views import TrunkViews

_BATCH_SIZE = 256


def check_stages(backbone: Backbone, n_stages: int) -> None:
    """Check that a backbone has at least ``n_stages`` stages.

    Raises
    ------
    ValueError
        If it has fewer.
    """
    if n_stages > len(backbone.stages):
        raise ValueError(
            f"Cannot train the last {n_stages} stages: the backbone {backbone.name!r} has only "
            f"{len(backbone.stages)}."
        )


class LastStages:
    """The last stages of a copy of a backbone, to be trained on images.

    The stages before them are frozen: what they compute of the images and of random views is
    kept on disk, and an epoch costs the last stages alone. Batch normalisation keeps the
    statistics it was pretrained with: batches of a few similar images would spoil them.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    source : ImageSource
        Images, all of which can be read.
    settings : StageSettings
    generator : torch.Generator
        Draws the views.

    Attributes
    ----------
    network : torch.nn.Module
        Maps activations to features.
    weights : list of torch.nn.Parameter
        Those that are trained.
    fingerprint : str
        Of the backbone before training.

    Raises
    ------
    ValueError
        If the backbone has fewer stages.
    """

    def __init__(
        self,
        backbone: Backbone,
        source: ImageSource,
        settings: StageSettings,
        generator: torch.Generator,
    ):
        check_stages(backbone, settings.n_stages)
        self.fingerprint = backbone.fingerprint
        self._backbone = copy.deepcopy(backbone)
        self._device = settings.device
        self._n_samples = len(source)
        network, stages = self._backbone.network, self._backbone.stages
        trained = {name for stage in stages[-settings.n_stages :] for name in stage}
        trunk, self.network = split_network(network, trained, self._backbone.image_size)
        self._views = TrunkViews(
            self._backbone, trunk, source, settings=settings, generator=generator
        )
        self.network.to(settings.device, memory_format=torch.channels_last)
        self.weights = [
            parameter for name, parameter in network.named_parameters() if name in trained
        ]

    @contextmanager
    def requiring_gradients(self) -> Iterator[None]:
        """Give a context manager in which the weights require gradients."""
        for parameter in self.weights:
            parameter.requires_grad_(True)
        try:
            yield
        finally:
            for parameter in self.weights:
                parameter.requires_grad_(False)

    def pairs(
        self, indices: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw two views of each image, see :meth:`TrunkViews.pairs`; on the device."""
        return self._to_device(*self._views.pairs(indices, generator))

    def random_views(self, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw a view of each image, which may be the image itself; in one process.

        Parameters
        ----------
        indices : torch.Tensor of shape (n,), int64
        generator : torch.Generator

        Returns
        -------
        activations : torch.Tensor of shape (n, ...), float32
            Input of ``network``, on the device.
        """
        return self._to_device(*self._views.random(indices, generator))[0]

    @torch.inference_mode()
    def features(self) -> np.ndarray:
        """Embed the images themselves, with the current weights.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), float32
        """
        batches = self._all_indices()
        return torch.cat([self._embed(*self._views.originals(b), len(b)) for b in batches]).numpy()

    @torch.inference_mode()
    def view_features(self, n_views: int) -> np.ndarray:
        """Embed the first of the random views of each image, with the current weights.

        Parameters
        ----------
        n_views : int
            At most as many as are kept.

        Returns
        -------
        features : ndarray of shape (n_samples, n_views, n_features), float16
            Unit vectors.
        """
        shape = (self._n_samples, n_views, self._backbone.n_features)
        features = np.empty(shape, dtype=np.float16)
        for indices in self._all_indices():
            for number in range(n_views):
                rows = self._embed(*self._views.view(indices, number), len(indices))
                features[indices.numpy(), number] = nn.functional.normalize(rows, dim=1).numpy()
        return features

    def _all_indices(self):
        return torch.arange(self._n_samples).split(_BATCH_SIZE)

    def _embed(self, activations, positions, n_rows):
        activations, positions = self._to_device(activations, positions)
        return all_gather_rows(self.network(activations).float(), positions, n_rows).cpu()

    def _to_device(self, activations, positions):
        activations = activations.to(self._device)
        if activations.ndim == 4:
            activations = activations.contiguous(memory_format=torch.channels_last)
        return activations, positions.to(self._device)

    def snapshot(self) -> Backbone:
        """Return a copy of the backbone as it is, on the CPU."""
        backbone = copy.deepcopy(self._backbone)
        backbone.network.cpu().to(memory_format=torch.contiguous_format).requires_grad_(False)
        return backbone

    def finish(self) -> Backbone:
        """Return the trained copy of the backbone, on the CPU."""
        self.network.cpu()
        self._backbone.network.to(memory_format=torch.contiguous_format)
        return self._backbone
