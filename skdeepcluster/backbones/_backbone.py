"""A network that embeds images, with its preprocessing."""

import os
from dataclasses import dataclass, field

import torch
from torch import nn

from ..images import Resizing
from ._fingerprint import fingerprint, weights_digest
from ._stages import natural_stages

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class BackboneLoadError(OSError):
    """A backbone cannot be loaded. The message says what was tried and what works instead."""


@dataclass(eq=False)
class Backbone:
    """A network from images to features, and its preprocessing.

    Parameters
    ----------
    name : str
    network : torch.nn.Module
        Maps normalised images (n, 3, image_size, image_size), float32, to features
        (n, n_features). It is modified: set to evaluation mode, with gradients turned off.
    n_features : int
    image_size : int
        Side in pixels.
    mean, std : tuple of 3 floats
        For the normalisation of channels in [0, 1].
    crop_fraction : float
        Fraction of the shortest side that is kept.
    interpolation : {"bicubic", "bilinear", "lanczos", "nearest"}
    stages : list of list of str
        Names of the network's parameters, from input to output, each in one stage. If empty,
        stages are derived from the network's modules.
    license : str
        License of the weights; empty if it is unknown.
    visible_fraction : float, default=1.0
        Share of the side, about the centre, that the network looks at, or of several the one that
        sees least; images that are kept whole are fitted into it.
    """

    name: str
    network: nn.Module
    n_features: int
    image_size: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    crop_fraction: float = 1.0
    interpolation: str = "bicubic"
    stages: list[list[str]] = field(default_factory=list)
    license: str = ""
    visible_fraction: float = 1.0

    def __post_init__(self) -> None:
        self.network.eval()
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)
        self.stages = self.stages or natural_stages(self.network)

    @property
    def resizing(self) -> Resizing:
        """Resizing of images to the network's size."""
        return Resizing(
            self.image_size, self.crop_fraction, self.interpolation, self.visible_fraction
        )

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of weights, code and preprocessing, which changes when they do.

        It does not depend on the name: the same network under another name has the same features.
        """
        preprocessing: tuple = (self.image_size, self.mean, self.std, self.crop_fraction)
        preprocessing += (self.interpolation,)
        if self.visible_fraction < 1:
            preprocessing += (self.visible_fraction,)
        return fingerprint(self.network, preprocessing)

    @property
    def weights_digest(self) -> str:
        """Hexadecimal digest of weights and preprocessing, which new versions of code keep.

        Where the fingerprint changes more often than the features do, as for saved models.
        """
        # Of NumPy's numbers, which a saved model has not, the text is another.
        numbers = (self.image_size, *self.mean, *self.std, self.crop_fraction)
        others = (*numbers, self.visible_fraction)
        return weights_digest(self.network, *map(float, others), self.interpolation)


# What names or is a network, or several, and sides in pixels for them.
BackboneLike = str | os.PathLike[str] | nn.Module | Backbone
BackbonesLike = BackboneLike | list[BackboneLike] | tuple[BackboneLike, ...]
ImageSizes = int | list[int | None] | tuple[int | None, ...] | None


class PixelNetwork(nn.Module):
    """A backbone with its normalisation: maps uint8 images (n, side, side, 3) to features.

    This is what engines run. The normalisation is part of the graph and computed in float32,
    whatever the precision of the network.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, backbone):
        super().__init__()
        self.network = backbone.network
        self.dtype = torch.float32
        self.register_buffer("mean", torch.tensor(backbone.mean)[:, None, None] * 255)
        self.register_buffer("std", torch.tensor(backbone.std)[:, None, None] * 255)

    def forward(self, pixels):
        """Embed a batch."""
        channels_first = pixels.permute(0, 3, 1, 2).to(torch.float32)
        return self.network(((channels_first - self.mean) / self.std).to(self.dtype))


def count_features(network, image_size):
    """Find the number of features by running the network on two blank images.

    Raises
    ------
    BackboneLoadError
        If the network does not accept images of that size, or does not return one row of
        features per image.
    """
    kind = type(network).__name__
    try:
        with torch.inference_mode():
            features = network.eval()(torch.zeros(2, 3, image_size, image_size))
    except Exception as error:
        # Networks raise many kinds of errors for sizes that they do not support.
        raise BackboneLoadError(
            f"{kind} does not run on float32 images of shape (2, 3, {image_size}, "
            f"{image_size}): {error} ({type(error).__name__}). Set image_size to the size that it "
            "was made for."
        ) from error
    if not isinstance(features, torch.Tensor):
        raise BackboneLoadError(
            f"{kind} returns a {type(features).__name__}; a backbone must return a tensor of "
            "features. Wrap it in a module that returns the pooled features."
        )
    if features.ndim != 2 or len(features) != 2:
        raise BackboneLoadError(
            f"{kind} maps 2 images to the shape {tuple(features.shape)}; a backbone must return "
            "(2, n_features). Add a pooling layer and a flatten."
        )
    return features.shape[1]
