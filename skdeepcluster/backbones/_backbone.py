"""A network that embeds pictures, with all that belongs to it."""

import hashlib
from dataclasses import dataclass, field

import torch
from torch import nn

from ..images import Resizing

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class BackboneLoadError(OSError):
    """A backbone cannot be had. The message says what was tried and what works instead."""


@dataclass
class Backbone:
    """A network from pictures to features, and its preprocessing.

    Parameters
    ----------
    name : str
    network : torch.nn.Module
        Maps normalised pictures (n, 3, image_size, image_size) to features (n, n_features).
    n_features : int
    image_size : int
        Side in pixels.
    mean, std : tuple of 3 floats
        Normalisation of channels in [0, 1].
    crop_fraction : float
        Share of the shortest side that is kept.
    interpolation : str
    stages : list of list of str
        Names of the network's trainable parameters, from the input to the output.
    license : str
        Of the weights; empty if it is not known.
    """

    name: str
    network: nn.Module
    n_features: int
    image_size: int
    mean: tuple = IMAGENET_MEAN
    std: tuple = IMAGENET_STD
    crop_fraction: float = 1.0
    interpolation: str = "bicubic"
    stages: list = field(default_factory=list)
    license: str = ""

    def __post_init__(self):
        self.network.eval()
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)

    @property
    def resizing(self):
        """How pictures are brought to the network's size."""
        return Resizing(self.image_size, self.crop_fraction, self.interpolation)

    @property
    def fingerprint(self):
        """Hexadecimal digest of weights and preprocessing; it changes when they do."""
        digest = hashlib.blake2b(digest_size=16)
        preprocessing = (self.image_size, self.mean, self.std, self.crop_fraction)
        digest.update(repr((*preprocessing, self.interpolation)).encode())
        digest.update(repr(self.network).encode())
        for name, tensor in self.network.state_dict().items():
            values = tensor.detach().cpu().contiguous()
            digest.update(f"{name}|{values.dtype}|{tuple(values.shape)}".encode())
            digest.update(values.flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()


class PixelNetwork(nn.Module):
    """A backbone that takes bytes: uint8 pictures (n, side, side, 3) to features.

    What engines run: the normalisation is a part of the graph.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, backbone):
        super().__init__()
        self.network = backbone.network
        self.register_buffer("mean", torch.tensor(backbone.mean)[:, None, None] * 255)
        self.register_buffer("std", torch.tensor(backbone.std)[:, None, None] * 255)

    def forward(self, pixels):
        """Embed a batch."""
        channels_first = pixels.permute(0, 3, 1, 2).to(self.mean.dtype)
        return self.network((channels_first - self.mean) / self.std)


def top_level_stages(network):
    """Stages of a network that says nothing of them: its children that have parameters."""
    stages: dict = {}
    for name, _ in network.named_parameters():
        stages.setdefault(name.split(".")[0], []).append(name)
    return list(stages.values())


def count_features(network, image_size):
    """Find the number of features by a trial run on a grey picture."""
    with torch.inference_mode():
        shape = tuple(network(torch.zeros(1, 3, image_size, image_size)).shape)
    if len(shape) != 2:
        raise BackboneLoadError(
            f"The network {type(network).__name__} maps a picture to the shape {shape[1:]}; a "
            "backbone returns one row of features a picture. Add a pooling layer and a flatten."
        )
    return shape[1]
