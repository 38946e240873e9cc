"""Backbones from checkpoints without a named architecture, which is inferred from the tensors."""

import math

from ..storage import without_prefix
from . import _timm
from ._backbone import IMAGENET_MEAN, IMAGENET_STD, BackboneLoadError
from ._checkpoint import find_network, load_weights, read_weights

_RESNETS: dict[tuple, str] = {  # blocks a stage, bottleneck -> name
    ((2, 2, 2, 2), False): "resnet18",
    ((3, 4, 6, 3), False): "resnet34",
    ((3, 4, 6, 3), True): "resnet50",
    ((3, 4, 23, 3), True): "resnet101",
    ((3, 8, 36, 3), True): "resnet152",
}
_RESNET_MARKS = {f"layer{stage}.0.conv1.weight" for stage in (1, 2, 3, 4)}
_VIT_MARKS = {"patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight"}
# Width -> heads of tiny, small, base, large and huge, which cannot be inferred from the tensors.
_VIT_HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}
_MOCO_V3_SMALL_HEADS = 12


def load(path, image_size=None):
    """Load a checkpoint of a ResNet or ViT, with the preprocessing usual in their training."""
    weights = read_weights(path)
    found = _find_resnet(weights, path) or _find_vit(weights, path)
    if found is None:
        raise BackboneLoadError(
            f"The architecture of {str(path)!r} cannot be inferred from its tensors "
            f"({', '.join(list(weights)[:3])}, ...). Name it: 'timm:<model>/{path}'."
        )
    name, own_size, interpolation, options = found
    size = image_size or own_size
    network = _timm.create(name, size, **options)
    load_weights(network, weights, path)
    return _timm.as_backbone(
        network,
        str(path),
        size,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        # 224 of 256 pixels.
        crop_fraction=0.875,
        interpolation=interpolation,
        license="",
    )


def _find_resnet(weights, path):
    prefix = find_network(weights, _RESNET_MARKS, path)
    network = {} if prefix is None else without_prefix(prefix, weights)
    if not network.keys() >= _RESNET_MARKS:
        return None
    depths = tuple(
        len({key.split(".")[1] for key in network if key.startswith(f"layer{stage}.")})
        for stage in (1, 2, 3, 4)
    )
    name = _RESNETS.get((depths, "layer1.0.conv3.weight" in network))
    return name and (name, 224, "bilinear", {})


def _find_vit(weights, path):
    prefix = find_network(weights, _VIT_MARKS, path)
    network = {} if prefix is None else without_prefix(prefix, weights)
    if not network.keys() >= {*_VIT_MARKS, "pos_embed", "cls_token"}:
        return None
    projection, positions = network["patch_embed.proj.weight"], network["pos_embed"]
    if (projection.ndim, positions.ndim) != (4, 3):
        # A ViT for videos or for something other than images.
        return None
    width, _, patch, _ = projection.shape
    heads = _VIT_HEADS.get(width)
    if heads is None:
        return None
    if "base_encoder" in prefix and width == 384:
        heads = _MOCO_V3_SMALL_HEADS
    registers = next((n for n in ("register_tokens", "reg_token") if n in network), None)
    tokens = positions.shape[1]
    # The grid is square; the class token is one more.
    own_size = math.isqrt(tokens) * patch
    options = {
        "patch_size": patch,
        "embed_dim": width,
        "depth": len({key.split(".")[1] for key in network if key.startswith("blocks.")}),
        "num_heads": heads,
        # Any number creates the layers; their values are in the file.
        "init_values": 1e-5 if "blocks.0.ls1.gamma" in network else None,
        "reg_tokens": network[registers].shape[1] if registers else 0,
        "no_embed_class": registers is not None,
    }
    return "vit_base_patch16_224", own_size, "bicubic", options
