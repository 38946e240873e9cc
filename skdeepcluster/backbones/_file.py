"""Backbones from files of weights and checkpoints, whose architecture is inferred."""

import logging
from pathlib import Path

from ..storage import without_prefix
from . import _timm
from ._architecture import infer
from ._backbone import BackboneLoadError
from ._checkpoint import WEIGHTS_OF_FOLDERS, read_checkpoint
from ._loading import fill
from ._transformers import read_json


def load(path, image_size=None, **chosen):
    """Load a checkpoint of a ResNet, ConvNeXt or vision transformer.

    ``chosen`` are options in the name, which count more than what is inferred.
    """
    if _is_of_timm(Path(path).expanduser()):
        # With its preprocessing.
        return _timm.load(f"local-dir:{Path(path).expanduser().parent}", image_size, **chosen)
    checkpoint = read_checkpoint(path)
    found = infer(checkpoint)
    if found is None:
        raise BackboneLoadError(_unknown(checkpoint))
    if chosen and found.heads is None:
        raise BackboneLoadError(f"{str(path)!r} holds a {found.name}, which has no such options.")
    options = found.options | chosen
    if found.heads is not None and "num_heads" not in chosen:
        options["num_heads"] = _heads(found, checkpoint)
    size = image_size or found.image_size
    network = _timm.create(found.name, size, **options)
    fill(network, without_prefix(found.prefix, checkpoint.weights), path)
    return _timm.as_backbone(network, str(path), size, **{**found.preprocessing, "license": ""})


def _is_of_timm(path):
    """Whether timm has written the file into a folder, with a config.json."""
    import timm

    if path.name not in WEIGHTS_OF_FOLDERS:
        return False
    config = read_json(path.with_name("config.json"), "architecture")
    return timm.is_model(str(config.get("architecture")))


def _heads(found, checkpoint):
    path = checkpoint.path
    choices, width = found.heads.choices, found.options["embed_dim"]
    if len(choices) == 1:
        if found.heads.reason:
            logging.getLogger(__name__).info(
                "%s: %d attention heads, since %s", path, choices[0], found.heads.reason
            )
        return choices[0]
    usual = f" (networks like it have {' or '.join(map(str, choices))})" if choices else ""
    beside = "Keep its config.json beside it, or add" if checkpoint.lacks_settings else "Add"
    raise BackboneLoadError(
        f"{path!r} holds a vision transformer of width {width}. The number of its attention "
        f"heads is not in the file{usual}. {beside} the number it was trained with to the name: "
        f"'{path},num_heads={choices[-1] if choices else '...'}'."
    )


def _unknown(checkpoint):
    message = (
        f"The architecture of {checkpoint.path!r} cannot be inferred from its tensors "
        f"({', '.join(list(checkpoint.weights)[:3])}, ...)."
    )
    if checkpoint.is_of_transformers:
        beside = "Keep its config.json beside it; if that does not help, load"
        load = beside if checkpoint.lacks_settings else "Load"
        return (
            f"{message} It was written by transformers, of whose networks only some are known here "
            f"(see 'Checkpoints' in the user guide). {load} it with transformers, and pass a "
            "module that returns its features."
        )
    if any(name.endswith("visual.class_embedding") for name in checkpoint.weights):
        return f"{message} Name it: 'open_clip:<architecture>/{checkpoint.path}'."
    return f"{message} Name it: 'timm:<model>/{checkpoint.path}'."
