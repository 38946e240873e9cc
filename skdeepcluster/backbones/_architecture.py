"""The architecture of a network without a name, inferred from its tensors."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import nn

from ..storage import without_prefix
from ._backbone import IMAGENET_MEAN, IMAGENET_STD, BackboneLoadError
from ._checkpoint import Checkpoint
from ._choice import find_network
from ._heads import Heads, count_heads, heads_of_dinov3

_RESNETS: dict[tuple, str] = {  # blocks a stage, bottleneck -> name
    ((2, 2, 2, 2), False): "resnet18",
    ((3, 4, 6, 3), False): "resnet34",
    ((3, 4, 6, 3), True): "resnet50",
    ((3, 4, 23, 3), True): "resnet101",
    ((3, 8, 36, 3), True): "resnet152",
}
_RESNET_MARKS = {f"layer{stage}.0.conv1.weight" for stage in (1, 2, 3, 4)}
_VIT_MARKS = {"patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight"}
_CONVNEXT_MARKS = {f"stages.{stage}.blocks.0.conv_dw.weight" for stage in range(4)}
_ACTIVATIONS = {"gelu": "gelu", "quick_gelu": "quick_gelu", "gelu_pytorch_tanh": "gelu_tanh"}
# As Pillow counts them.
_INTERPOLATIONS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
# 224 of 256 pixels.
_USUAL_CROP = 0.875


@dataclass(frozen=True)
class Architecture:
    """How to build the network of a checkpoint with timm.

    Parameters
    ----------
    name : str
        timm's name of the nearest model.
    options : dict
        Arguments of the model that differ from it.
    prefix : str
        Prefix of the network's tensors in the checkpoint.
    image_size : int
    preprocessing : dict
        Values of a Backbone that differ from those that timm has for the name.
    heads : Heads or None
        None for networks without attention.
    """

    name: str
    options: dict[str, Any]
    prefix: str
    image_size: int
    preprocessing: dict[str, Any] = field(default_factory=dict)
    heads: Heads | None = None


def infer(checkpoint: Checkpoint, prefix: str | None = None) -> Architecture | None:
    """Infer the architecture of a ResNet, ConvNeXt or vision transformer.

    Parameters
    ----------
    checkpoint : Checkpoint
    prefix : str, default=None
        Prefix of the network's tensors; None searches for a network of these kinds.

    Returns
    -------
    architecture : Architecture or None
        None if it cannot be inferred.
    """
    for marks, describe in _KINDS:
        place = prefix
        if place is None:
            place = find_network(checkpoint.weights, marks, checkpoint.path, whole=True)
        network = {} if place is None else without_prefix(place, checkpoint.weights)
        if network.keys() >= marks:
            found = describe(network, place, checkpoint)
            return found and replace(
                found, preprocessing=found.preprocessing | _given(checkpoint.preprocessing)
            )
    return None


def usual_preprocessing(interpolation):
    """Return the preprocessing usual in self-supervised training."""
    return {
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "crop_fraction": _USUAL_CROP,
        "interpolation": interpolation,
    }


def _describe_resnet(network, prefix, checkpoint):
    depths = tuple(_count(network, f"layer{stage}.") for stage in (1, 2, 3, 4))
    is_deep = "layer1.0.conv3.weight" in network
    name = _RESNETS.get((depths, is_deep))
    if name is None or checkpoint.config.get("downsample_in_bottleneck"):
        return None
    options = {}
    if is_deep and "layer1.0.conv2.weight" not in network:
        # Res2Net, ResNeSt and others have something else in the middle of a block.
        return None
    if is_deep:
        # ResNeXts have groups, wide ResNets more channels.
        channels, channels_of_group, *_ = network["layer1.0.conv2.weight"].shape
        groups = channels // channels_of_group
        options = {"cardinality": groups, "base_width": channels // groups}
    return Architecture(name, options, prefix, 224, usual_preprocessing("bilinear"))


def _describe_convnext(network, prefix, checkpoint):
    stem = network.get("stem.0.weight")
    if stem is None or stem.shape[2:] != (4, 4):
        return None
    stages = range(len({key.split(".")[1] for key in network if key.startswith("stages.")}))
    options = {
        "depths": tuple(_count(network, f"stages.{stage}.blocks.", 3) for stage in stages),
        "dims": tuple(len(network[f"stages.{stage}.blocks.0.conv_dw.weight"]) for stage in stages),
        "conv_mlp": network["stages.0.blocks.0.mlp.fc1.weight"].ndim == 4,
    }
    # The second version normalises responses instead of scaling the blocks.
    is_second = "stages.0.blocks.0.mlp.grn.weight" in network
    name = "convnextv2_tiny" if is_second else "convnext_tiny"
    return Architecture(name, options, prefix, 224, usual_preprocessing("bicubic"))


def _describe_vit(network, prefix, checkpoint):
    projection = network["patch_embed.proj.weight"]
    if projection.ndim != 4:
        # A transformer for videos or for something other than images.
        return None
    if "pos_embed" in network:
        return _describe_plain_vit(network, prefix, checkpoint.config)
    if "storage_tokens" in network:
        return _describe_dinov3(network, prefix, checkpoint.config)
    return None


def _describe_plain_vit(network, prefix, config):
    positions = network["pos_embed"]
    if positions.ndim != 3:
        return None
    side, has_class = math.isqrt(positions.shape[1]), "cls_token" in network
    extra = positions.shape[1] - side**2
    if extra > has_class:
        return None
    options = _blocks(network)
    options |= {
        "class_token": has_class,
        # Networks with registers have positions for patches only.
        "no_embed_class": has_class and extra == 0,
        "reg_tokens": network["reg_token"].shape[1] if "reg_token" in network else 0,
        "qk_norm": "blocks.0.attn.q_norm.weight" in network,
        # The mean of the tokens is normalised in networks that were fine-tuned with it.
        "global_pool": "avg" if "fc_norm.weight" in network or not has_class else "token",
        "fc_norm": "fc_norm.weight" in network,
    }
    hidden = len(network["blocks.0.mlp.fc1.weight"])
    if network["blocks.0.mlp.fc2.weight"].shape[1] == hidden // 2:
        options |= _packed_swiglu()
    name, preprocessing = "vit_base_patch16_224", usual_preprocessing("bicubic")
    if "norm_pre.weight" in network or "attn_pool.latent" in network:
        if "hidden_act" not in config:
            # OpenAI's CLIP has another activation than open_clip's with the same tensors.
            return None
        has_map = "attn_pool.latent" in network
        name = "vit_base_patch16_siglip_224" if has_map else "vit_base_patch16_clip_224"
        preprocessing = {"crop_fraction": 1.0}
        if has_map:
            options |= {"global_pool": "map"}
        elif "head.weight" in network:
            options |= {"num_classes": len(network["head.weight"])}
    heads = count_heads(network, prefix)
    if "num_attention_heads" in config:
        heads, settings = _of_transformers(config)
        options |= settings
        if config["model_type"] == "vit":
            # What its authors, and transformers unless told otherwise, do.
            half = (0.5, 0.5, 0.5)
            preprocessing = {"mean": half, "std": half, "crop_fraction": 1.0}
            preprocessing["interpolation"] = "bilinear"
    size = side * options["patch_size"]
    return Architecture(name, options, prefix, size, preprocessing, heads)


def _describe_dinov3(network, prefix, config):
    options = _blocks(network) | {
        "num_reg_tokens": network["storage_tokens"].shape[1],
        "swiglu_mlp": "blocks.0.mlp.w1.weight" in network,
        # As wide as in the file.
        "swiglu_align_to": 1,
        # As its authors do; timm takes the mean of the patches.
        "global_pool": "token",
    }
    heads = heads_of_dinov3(options["embed_dim"])
    if "num_attention_heads" in config:
        heads, settings = _of_transformers(config)
        if settings.pop("act_layer", "gelu") != "gelu" or config.get("key_bias"):
            return None
        options |= settings
        rope = config.get("rope_parameters") or config
        options["rope_temperature"] = rope.get("rope_theta", 100.0)
    name = "vit_small_patch16_dinov3_qkvb"
    return Architecture(name, options, prefix, config.get("image_size", 256), heads=heads)


def _blocks(network):
    """Options that timm's transformers share."""
    width, _, patch, _ = network["patch_embed.proj.weight"].shape
    inner = "w1" if "blocks.0.mlp.w1.weight" in network else "fc1"
    hidden = len(network[f"blocks.0.mlp.{inner}.weight"])
    return {
        "patch_size": patch,
        "embed_dim": width,
        "depth": _count(network, "blocks."),
        # timm rounds the product down.
        "mlp_ratio": (hidden + 0.5) / width,
        "qkv_bias": "blocks.0.attn.qkv.bias" in network,
        # Any number creates the layers; their values are in the file.
        "init_values": 1e-5 if "blocks.0.ls1.gamma" in network else None,
    }


def _packed_swiglu():
    from timm.layers import SwiGLUPacked

    return {"mlp_layer": SwiGLUPacked, "act_layer": nn.SiLU}


def _of_transformers(config):
    """Read the number of heads and the options from a config.json of transformers."""
    from timm.layers import LayerNorm

    heads = Heads((config["num_attention_heads"],), True, "config.json says so")
    options: dict[str, Any] = {}
    if "layer_norm_eps" in config:
        options["norm_layer"] = partial(LayerNorm, eps=config["layer_norm_eps"])
    if not config.get("use_swiglu_ffn") and not config.get("use_gated_mlp"):
        activation = config.get("hidden_act", "gelu")
        if activation not in _ACTIVATIONS:
            raise BackboneLoadError(
                f"config.json names the activation {activation!r}, which is not known here. Load "
                "the network with transformers, and pass a module that returns its features."
            )
        options["act_layer"] = _ACTIVATIONS[activation]
    return heads, options


def _given(config):
    """Read the values of a Backbone from a preprocessor_config.json of transformers."""
    if not config:
        return {}
    values: dict[str, Any] = {"mean": (0.0,) * 3, "std": (1.0,) * 3, "crop_fraction": 1.0}
    if config.get("do_normalize", True):
        values |= {"mean": tuple(config["image_mean"]), "std": tuple(config["image_std"])}
    if config.get("resample") in _INTERPOLATIONS:
        values["interpolation"] = _INTERPOLATIONS[config["resample"]]
    if config.get("do_center_crop"):
        values["crop_fraction"] = min(1.0, _side(config["crop_size"]) / _side(config["size"]))
    return values


def _side(size):
    """Read a side from {"shortest_edge": ...}, {"height": ..., "width": ...} or a number."""
    return min(size.values()) if isinstance(size, dict) else size


def _count(network, prefix, position=1):
    """Count the numbered modules whose names begin with a prefix."""
    return len({key.split(".")[position] for key in network if key.startswith(prefix)})


_KINDS: list[tuple[set[str], Callable]] = [
    (_RESNET_MARKS, _describe_resnet),
    (_VIT_MARKS, _describe_vit),
    (_CONVNEXT_MARKS, _describe_convnext),
]
