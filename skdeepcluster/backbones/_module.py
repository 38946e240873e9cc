"""Backbones from modules that the user passes."""

import copy

import torch

from . import _timm
from ._backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Backbone,
    BackboneLoadError,
    count_features,
)


def load(module, image_size=None):
    """Copy a module to the CPU and wrap it; the user's module is neither moved nor changed."""
    try:
        with torch.no_grad():
            network = copy.deepcopy(module).cpu().float().eval()
    except Exception as error:
        raise BackboneLoadError(
            f"The module {type(module).__name__} cannot be copied: {error}"
        ) from error
    name = type(module).__name__
    if isinstance(getattr(network, "pretrained_cfg", None), dict):
        # No license: the weights may differ from those that timm publishes.
        return _timm.as_backbone(network, name, image_size, license="")
    size = image_size or _side(getattr(network, "image_size", None)) or 224
    return Backbone(
        name=name,
        network=network,
        n_features=count_features(network, size),
        image_size=size,
        mean=_channels(network, "mean", IMAGENET_MEAN),
        std=_channels(network, "std", IMAGENET_STD),
    )


def _side(size):
    """Read a side from an int or from a pair of equal ones."""
    if isinstance(size, tuple | list):
        if len(set(size)) != 1:
            raise BackboneLoadError(f"The images of a backbone must be square, not {size}.")
        return int(size[0])
    return size


def _channels(network, name, default):
    """Read three numbers from an attribute: a number, a sequence or a tensor."""
    value = getattr(network, name, None)
    if value is None:
        return default
    try:
        numbers = torch.as_tensor(value, dtype=torch.float32).flatten().tolist()
    except (TypeError, ValueError, RuntimeError):
        numbers = []
    if len(numbers) not in (1, 3):
        raise BackboneLoadError(
            f"The attribute {name!r} of {type(network).__name__} is {value!r}; it should be "
            "three numbers, for red, green and blue in [0, 1]."
        )
    if max(numbers) > 1:
        raise BackboneLoadError(
            f"The attribute {name!r} of {type(network).__name__} is {value!r}, but channels are "
            "in [0, 1]. Divide it by 255."
        )
    return tuple(numbers * (3 // len(numbers)))
