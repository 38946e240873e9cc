"""Weights from files, of self-supervised training above all."""

import pickle
from pathlib import Path

import torch

from ._backbone import BackboneLoadError

# What training code puts in front of the names of the encoder, longest first. The teacher or
# momentum encoder stands before the student where both are there: it is the better one.
_PREFIXES = (
    "module.encoder_q.",
    "module.base_encoder.",
    "module.momentum_encoder.",
    "encoder_q.",
    "base_encoder.",
    "teacher.backbone.",
    "student.backbone.",
    "module.backbone.",
    "backbone.",
    "encoder.",
    "model.",
    "module.",
    "net.",
)
_NESTS = ("teacher", "state_dict", "model_state_dict", "model", "model_ema", "student", "net")
_RESNETS: dict[tuple, str] = {  # blocks a stage, bottleneck -> name
    ((2, 2, 2, 2), False): "resnet18",
    ((3, 4, 6, 3), False): "resnet34",
    ((3, 4, 6, 3), True): "resnet50",
    ((3, 4, 23, 3), True): "resnet101",
}
_VIT_WIDTHS = {192: "tiny", 384: "small", 768: "base", 1024: "large"}
# Share of the network's tensors that a file must have.
_ENOUGH = 0.9


def read_weights(path):
    """Read a flat dict of tensors; nothing in the file is run."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise BackboneLoadError(f"There is no file of weights {str(path)!r}.")
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except SafetensorError as error:
            raise BackboneLoadError(f"{str(path)!r} is damaged: {error}") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BackboneLoadError(
            f"{str(path)!r} holds more than tensors and is not read, since code in it would be "
            "run. If you trust its source, load it with torch and save its state dict with "
            f"safetensors. ({str(error).splitlines()[0]})"
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise BackboneLoadError(f"{str(path)!r} cannot be read: {error}") from error
    return _unnest(content, path)


def _unnest(content, path):
    while isinstance(content, dict):
        nest = next((name for name in _NESTS if isinstance(content.get(name), dict)), None)
        if nest is None:
            break
        content = content[nest]
    tensors = {}
    if isinstance(content, dict):
        tensors = {key: value for key, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise BackboneLoadError(f"{str(path)!r} holds no state dict.")
    return tensors


def strip_prefix(weights, wanted):
    """Take off the prefix under which most of the wanted names are found."""

    def named(prefix):
        return {
            key.removeprefix(prefix): value
            for key, value in weights.items()
            if key.startswith(prefix)
        }

    return max((named(prefix) for prefix in ("", *_PREFIXES)), key=lambda w: len(wanted & set(w)))


def load_into(network, weights, path):
    """Load the tensors that fit; too few of them is an error."""
    own = network.state_dict()
    found = {
        key: value
        for key, value in strip_prefix(weights, set(own)).items()
        if key in own and own[key].shape == value.shape
    }
    missing = [key for key in own if key not in found and "num_batches_tracked" not in key]
    if len(missing) > (1 - _ENOUGH) * len(own):
        raise BackboneLoadError(
            f"{str(path)!r} does not fit {type(network).__name__}: {len(missing)} of {len(own)} "
            f"tensors are missing or of another shape, such as {', '.join(missing[:3])}. It has "
            f"{', '.join(list(weights)[:3])}, ..."
        )
    network.load_state_dict(found, strict=False)


def load(path, image_size=None):
    """Load a checkpoint of a ResNet or ViT whose architecture its tensors tell."""
    from . import _timm

    weights = read_weights(path)
    name = _architecture(weights)
    if name is None:
        raise BackboneLoadError(
            f"The architecture of {str(path)!r} cannot be told from its tensors "
            f"({', '.join(list(weights)[:3])}, ...). Name it: 'timm:<model>/{path}'."
        )
    network = _timm.create(name, image_size)
    load_into(network, weights, path)
    return _timm.as_backbone(network, str(path), image_size, license="")


def _architecture(weights):
    """Tell the name that timm has for a ResNet or ViT, or None."""
    resnet = strip_prefix(weights, {"conv1.weight", "layer1.0.conv1.weight"})
    if "layer4.0.conv1.weight" in resnet:
        depths = tuple(
            len({key.split(".")[1] for key in resnet if key.startswith(f"layer{stage}.")})
            for stage in (1, 2, 3, 4)
        )
        return _RESNETS.get((depths, "layer1.0.conv3.weight" in resnet))
    vit = strip_prefix(weights, {"patch_embed.proj.weight", "cls_token"})
    if "patch_embed.proj.weight" in vit:
        width, _, patch, _ = vit["patch_embed.proj.weight"].shape
        size = _VIT_WIDTHS.get(width)
        return size and f"vit_{size}_patch{patch}_224"
    return None
