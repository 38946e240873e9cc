"""Names of a network's tensors in other libraries, renamed to those of timm.

Only names and shapes change here: queries, keys and values are stacked, tokens get the axes that
timm gives them. Every network of a checkpoint is renamed, before one of them is chosen.
"""

import math
import re
from collections.abc import Callable
from typing import NamedTuple

import torch


class Layout(NamedTuple):
    """How a library names the tensors of an architecture.

    Parameters
    ----------
    marks : tuple of str
        Names that only networks in this layout have. The prefix before the first one is that of
        the network.
    renames : dict of str to (str or callable)
        From regular expressions, which match the beginning of a name, to replacements as of
        re.sub; the first that matches counts. Parts of one tensor have the same name, with #0,
        #1, ... after it in the order of stacking.
    """

    marks: tuple[str, ...]
    renames: dict[str, str | Callable[[re.Match], str]]


def rename_networks(weights, layouts):
    """Rename the tensors of every network that is in one of the layouts.

    Parameters
    ----------
    weights : dict of str to Tensor
        A checkpoint, with dotted names.
    layouts : sequence of Layout

    Returns
    -------
    renamed : dict of str to Tensor
        The checkpoint with timm's names after unchanged prefixes.
    prefixes : list of str
        Prefixes of the networks that were renamed.
    """
    prefixes = []
    for layout in layouts:
        first = layout.marks[0]
        for prefix in [key.removesuffix(first) for key in weights if key.endswith(first)]:
            whole_words = prefix == "" or prefix.endswith(".")
            if whole_words and all(prefix + mark in weights for mark in layout.marks):
                weights = _rename(weights, prefix, layout)
                prefixes.append(prefix)
    return weights, prefixes


def _rename(weights, prefix, layout):
    renamed = {}
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in weights.items():
        name = key.removeprefix(prefix)
        new = _new_name(name, layout) if key.startswith(prefix) else None
        if new is None:
            renamed[key] = tensor
            continue
        whole, is_part, part = new.partition("#")
        if is_part:
            parts.setdefault(whole, {})[part] = tensor
        else:
            renamed.update(_in_timms_shape(prefix, new, tensor))
    for whole, tensors in parts.items():
        renamed[prefix + whole] = _stack(tensors)
    return renamed


def _new_name(name, layout):
    for pattern, replacement in layout.renames.items():
        match = re.match(pattern, name)
        if match:
            new = replacement(match) if callable(replacement) else match.expand(replacement)
            return new + name[match.end() :]
    return None


def _stack(parts):
    """Stack queries, keys and values; DINOv3 has no bias of keys, which would be zero."""
    if parts.keys() == {"0", "2"}:
        parts = {**parts, "1": torch.zeros_like(parts["0"])}
    return torch.cat([parts[part] for part in sorted(parts)])


def _in_timms_shape(prefix, name, tensor):
    if name == "cls_token":
        tensor = tensor.reshape(1, 1, -1)
    elif name == "pos_embed" and tensor.ndim == 2:
        tensor = tensor[None]
    elif ".grn." in name:
        tensor = tensor.flatten()
    elif name.startswith("attn_pool.qkv."):
        # The probe of SigLIP's pooling has queries of its own in timm.
        width, kind = len(tensor) // 3, name.rpartition(".")[2]
        return {
            f"{prefix}attn_pool.q.{kind}": tensor[:width],
            f"{prefix}attn_pool.kv.{kind}": tensor[width:],
        }
    return {prefix + name: tensor}


def absorb_registers(weights):
    """Rename the registers of DINOv2, which have no positions, as those of timm's networks.

    The position of the class token is added to it, since timm's positions are those of patches.
    """
    for key in [key for key in weights if key.endswith("register_tokens")]:
        prefix = key.removesuffix("register_tokens")
        names = [f"{prefix}cls_token", f"{prefix}pos_embed"]
        if not all(name in weights and weights[name].ndim == 3 for name in names):
            continue
        token, positions = (weights[name] for name in names)
        if math.isqrt(positions.shape[1]) ** 2 == positions.shape[1]:
            continue
        weights = {name: tensor for name, tensor in weights.items() if name != key} | {
            f"{prefix}reg_token": weights[key],
            names[0]: token + positions[:, :1],
            names[1]: positions[:, 1:],
        }
    return weights


# A ResNet as Sequential(*resnet.children()), as in the tutorials of lightly.
NUMBERED_RESNET = Layout(
    ("0.weight", "1.running_mean", "4.0.conv1.weight", "7.0.conv1.weight"),
    {
        r"0\.": "conv1.",
        r"1\.": "bn1.",
        r"4\.": "layer1.",
        r"5\.": "layer2.",
        r"6\.": "layer3.",
        r"7\.": "layer4.",
    },
)
# DINOv2 stores the blocks of a network that was trained with FSDP in chunks.
CHUNKED_BLOCKS = Layout(
    ("patch_embed.proj.weight", "blocks.0.0.attn.qkv.weight"),
    {r"blocks\.\d+\.(\d+)\.": r"blocks.\1."},
)
# The packed SwiGLU layers of DINOv2's giant network.
PACKED_SWIGLU = Layout(
    ("patch_embed.proj.weight", "blocks.0.mlp.w12.weight"),
    {r"blocks\.(\d+)\.mlp\.w12\.": r"blocks.\1.mlp.fc1.", r"(blocks\.\d+\.mlp)\.w3\.": r"\1.fc2."},
)
_TV_BLOCK = r"encoder\.layers\.encoder_layer_(\d+)\."
TORCHVISION_VIT = Layout(
    ("conv_proj.weight", "encoder.pos_embedding", "encoder.layers.encoder_layer_0.ln_1.weight"),
    {
        r"class_token$": "cls_token",
        r"conv_proj\.": "patch_embed.proj.",
        r"encoder\.pos_embedding$": "pos_embed",
        _TV_BLOCK + r"ln_([12])\.": r"blocks.\1.norm\2.",
        _TV_BLOCK + r"self_attention\.in_proj_": r"blocks.\1.attn.qkv.",
        _TV_BLOCK + r"self_attention\.out_proj\.": r"blocks.\1.attn.proj.",
        # torchvision 0.12 called the layers of the perceptron linear_1 and linear_2.
        _TV_BLOCK + r"mlp\.(?:0|linear_1)\.": r"blocks.\1.mlp.fc1.",
        _TV_BLOCK + r"mlp\.(?:3|linear_2)\.": r"blocks.\1.mlp.fc2.",
        r"encoder\.ln\.": "norm.",
    },
)
MMPRETRAIN_VIT = Layout(
    ("patch_embed.projection.weight", "layers.0.ln1.weight", "layers.0.attn.qkv.weight"),
    {
        r"patch_embed\.projection\.": "patch_embed.proj.",
        r"layers\.(\d+)\.ln([12])\.": r"blocks.\1.norm\2.",
        r"layers\.(\d+)\.ffn\.layers\.0\.0\.": r"blocks.\1.mlp.fc1.",
        r"layers\.(\d+)\.ffn\.layers\.1\.": r"blocks.\1.mlp.fc2.",
        r"layers\.(\d+)\.attn\.gamma1\.weight$": r"blocks.\1.ls1.gamma",
        r"layers\.(\d+)\.ffn\.gamma2\.weight$": r"blocks.\1.ls2.gamma",
        r"layers\.(\d+)\.attn\.": r"blocks.\1.attn.",
        r"ln1\.": "norm.",
        r"ln2\.": "fc_norm.",
        r"pre_norm\.": "norm_pre.",
    },
)
FACEBOOK_CONVNEXT = Layout(
    ("downsample_layers.0.0.weight", "stages.0.0.dwconv.weight"),
    {
        r"downsample_layers\.0\.": "stem.",
        r"downsample_layers\.(\d+)\.(\d+)\.": r"stages.\1.downsample.\2.",
        r"stages\.(\d+)\.(\d+)\.dwconv\.": r"stages.\1.blocks.\2.conv_dw.",
        r"stages\.(\d+)\.(\d+)\.pwconv([12])\.": r"stages.\1.blocks.\2.mlp.fc\3.",
        r"stages\.(\d+)\.(\d+)\.grn\.beta$": r"stages.\1.blocks.\2.mlp.grn.bias",
        r"stages\.(\d+)\.(\d+)\.grn\.gamma$": r"stages.\1.blocks.\2.mlp.grn.weight",
        r"stages\.(\d+)\.(\d+)\.": r"stages.\1.blocks.\2.",
        r"norm\.": "head.norm.",
        r"head\.": "head.fc.",
    },
)
LAYOUTS = (
    NUMBERED_RESNET,
    CHUNKED_BLOCKS,
    PACKED_SWIGLU,
    TORCHVISION_VIT,
    MMPRETRAIN_VIT,
    FACEBOOK_CONVNEXT,
)
