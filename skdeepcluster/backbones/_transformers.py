"""Checkpoints of transformers: names of their tensors, and the settings in config.json."""

import functools
import json
import re

from ._layouts import Layout, rename_networks

# The names in its files and those of its modules in memory, which torch.save writes, differ since
# version 5.
_BLOCK = r"(?:model\.)?(?:encoder\.)?layers?\.(\d+)\."
_PARTS = {
    _BLOCK + r"attention\.(?:attention\.query|q_proj)\.(\w+)$": r"blocks.\1.attn.qkv.\2#0",
    _BLOCK + r"attention\.(?:attention\.key|k_proj)\.(\w+)$": r"blocks.\1.attn.qkv.\2#1",
    _BLOCK + r"attention\.(?:attention\.value|v_proj)\.(\w+)$": r"blocks.\1.attn.qkv.\2#2",
    _BLOCK + r"attention\.(?:output\.dense|o_proj)\.": r"blocks.\1.attn.proj.",
    _BLOCK + r"(?:layernorm_before|norm1)\.": r"blocks.\1.norm1.",
    _BLOCK + r"(?:layernorm_after|norm2)\.": r"blocks.\1.norm2.",
    _BLOCK + r"layer_scale([12])\.lambda1$": r"blocks.\1.ls\2.gamma",
}
_VIT = Layout(
    ("embeddings.patch_embeddings.projection.weight", "embeddings.position_embeddings"),
    {
        r"embeddings\.patch_embeddings\.projection\.": "patch_embed.proj.",
        r"embeddings\.position_embeddings$": "pos_embed",
        r"embeddings\.distillation_token$": "dist_token",
        r"embeddings\.(cls_token|mask_token|register_tokens)$": r"\1",
        **_PARTS,
        _BLOCK + r"(?:intermediate\.dense|mlp\.fc1|mlp\.weights_in)\.": r"blocks.\1.mlp.fc1.",
        _BLOCK + r"mlp\.gate_proj\.(\w+)$": r"blocks.\1.mlp.fc1.\2#0",
        _BLOCK + r"mlp\.up_proj\.(\w+)$": r"blocks.\1.mlp.fc1.\2#1",
        _BLOCK
        + r"(?:output\.dense|mlp\.fc2|mlp\.weights_out|mlp\.down_proj)\.": r"blocks.\1.mlp.fc2.",
        r"layernorm\.": "norm.",
    },
)
# Renamed to the names of DINOv3's authors, which timm knows.
_DINOV3 = Layout(
    ("embeddings.patch_embeddings.weight", "embeddings.register_tokens"),
    {
        r"embeddings\.patch_embeddings\.": "patch_embed.proj.",
        r"embeddings\.register_tokens$": "storage_tokens",
        r"embeddings\.(cls_token|mask_token)$": r"\1",
        **_PARTS,
        _BLOCK + r"mlp\.": r"blocks.\1.mlp.",
    },
)
_GATED_DINOV3 = Layout(
    ("storage_tokens", "blocks.0.mlp.gate_proj.weight"),
    {
        r"(blocks\.\d+\.mlp)\.gate_proj\.": r"\1.w1.",
        r"(blocks\.\d+\.mlp)\.up_proj\.": r"\1.w2.",
        r"(blocks\.\d+\.mlp)\.down_proj\.": r"\1.w3.",
    },
)
_PLAIN_DINOV3 = Layout(
    ("storage_tokens", "blocks.0.mlp.up_proj.weight"),
    {
        r"(blocks\.\d+\.mlp)\.up_proj\.": r"\1.fc1.",
        r"(blocks\.\d+\.mlp)\.down_proj\.": r"\1.fc2.",
    },
)
_STAGE = r"(?:model\.)?stages\.(\d+)\."
_DINOV3_CONVNEXT = Layout(
    ("stages.0.downsample_layers.0.weight", "stages.0.layers.0.depthwise_conv.weight"),
    {
        _STAGE.replace(r"(\d+)", "0") + r"downsample_layers\.": "stem.",
        _STAGE + r"downsample_layers\.": r"stages.\1.downsample.",
        _STAGE + r"layers\.(\d+)\.depthwise_conv\.": r"stages.\1.blocks.\2.conv_dw.",
        _STAGE + r"layers\.(\d+)\.layer_norm\.": r"stages.\1.blocks.\2.norm.",
        _STAGE + r"layers\.(\d+)\.pointwise_conv([12])\.": r"stages.\1.blocks.\2.mlp.fc\3.",
        _STAGE + r"layers\.(\d+)\.gamma$": r"stages.\1.blocks.\2.gamma",
        r"layer_norm\.": "head.norm.",
    },
)
# In memory, the stages lie one module deeper than the last normalisation.
_DINOV3_CONVNEXT_IN_MEMORY = Layout(
    tuple(f"model.{mark}" for mark in _DINOV3_CONVNEXT.marks), _DINOV3_CONVNEXT.renames
)
_LAYER = r"encoder\.stages\.(\d+)\.layers\.(\d+)\."
_CONVNEXT = Layout(
    ("embeddings.patch_embeddings.weight", "encoder.stages.0.layers.0.dwconv.weight"),
    {
        r"embeddings\.patch_embeddings\.": "stem.0.",
        r"embeddings\.layernorm\.": "stem.1.",
        r"encoder\.stages\.(\d+)\.downsampling_layer\.": r"stages.\1.downsample.",
        _LAYER + r"dwconv\.": r"stages.\1.blocks.\2.conv_dw.",
        _LAYER + r"layernorm\.": r"stages.\1.blocks.\2.norm.",
        _LAYER + r"pwconv([12])\.": r"stages.\1.blocks.\2.mlp.fc\3.",
        _LAYER + r"layer_scale_parameter$": r"stages.\1.blocks.\2.gamma",
        _LAYER + r"grn\.": r"stages.\1.blocks.\2.mlp.grn.",
        r"layernorm\.": "head.norm.",
    },
)
_CLIP_BLOCK = r"encoder\.layers\.(\d+)\."
_CLIP_BLOCKS = {
    _CLIP_BLOCK + r"self_attn\.q_proj\.(\w+)$": r"blocks.\1.attn.qkv.\2#0",
    _CLIP_BLOCK + r"self_attn\.k_proj\.(\w+)$": r"blocks.\1.attn.qkv.\2#1",
    _CLIP_BLOCK + r"self_attn\.v_proj\.(\w+)$": r"blocks.\1.attn.qkv.\2#2",
    _CLIP_BLOCK + r"self_attn\.out_proj\.": r"blocks.\1.attn.proj.",
    _CLIP_BLOCK + r"layer_norm([12])\.": r"blocks.\1.norm\2.",
    _CLIP_BLOCK + r"mlp\.fc([12])\.": r"blocks.\1.mlp.fc\2.",
    r"embeddings\.patch_embedding\.": "patch_embed.proj.",
    r"embeddings\.position_embedding\.weight$": "pos_embed",
    r"post_layernorm\.": "norm.",
}
_CLIP = Layout(
    ("embeddings.class_embedding", "pre_layrnorm.weight"),
    {
        r"embeddings\.class_embedding$": "cls_token",
        r"pre_layrnorm\.": "norm_pre.",
        **_CLIP_BLOCKS,
    },
)
_SIGLIP = Layout(
    ("embeddings.patch_embedding.weight", "head.probe"),
    {
        r"head\.probe$": "attn_pool.latent",
        r"head\.attention\.in_proj_": "attn_pool.qkv.",
        r"head\.attention\.out_proj\.": "attn_pool.proj.",
        r"head\.layernorm\.": "attn_pool.norm.",
        r"head\.mlp\.": "attn_pool.mlp.",
        **_CLIP_BLOCKS,
    },
)


def _in_resnet(match, kind):
    """Count stages and layers from 1, as torchvision does."""
    return f"layer{int(match[1]) + 1}.{match[2]}.{kind}{int(match[3]) + 1}."


def _shortcut(match):
    part = {"convolution": 0, "normalization": 1}[match[3]]
    return f"layer{int(match[1]) + 1}.{match[2]}.downsample.{part}."


_RESNET = Layout(
    (
        "embedder.embedder.convolution.weight",
        "encoder.stages.0.layers.0.layer.0.convolution.weight",
    ),
    {
        r"embedder\.embedder\.convolution\.": "conv1.",
        r"embedder\.embedder\.normalization\.": "bn1.",
        _LAYER + r"layer\.(\d+)\.convolution\.": functools.partial(_in_resnet, kind="conv"),
        _LAYER + r"layer\.(\d+)\.normalization\.": functools.partial(_in_resnet, kind="bn"),
        _LAYER + r"shortcut\.(convolution|normalization)\.": _shortcut,
    },
)

_LAYOUTS = (
    _VIT,
    _DINOV3,
    _GATED_DINOV3,
    _PLAIN_DINOV3,
    _DINOV3_CONVNEXT_IN_MEMORY,
    _DINOV3_CONVNEXT,
    _CONVNEXT,
    _CLIP,
    _SIGLIP,
    _RESNET,
)


# What networks that are not known here begin with, too.
_NAMES = re.compile(r"(^|\.)(embeddings\.patch_embeddings?|embedder\.embedder)\.")


def is_transformers_name(name):
    """Whether a tensor has a name that transformers gives it."""
    return _NAMES.search(name) is not None


def rename_transformers(weights):
    """Rename the tensors of every network of transformers in a checkpoint.

    Returns
    -------
    renamed : dict of str to Tensor
    prefixes : list of str
        Prefixes of the networks that were renamed.
    """
    weights, prefixes = rename_networks(weights, _LAYOUTS)
    for prefix in prefixes:
        # The projection of CLIP's image features lies beside the tower.
        projection = prefix.removesuffix("vision_model.") + "visual_projection.weight"
        if f"{prefix}norm_pre.weight" in weights and projection in weights:
            head = weights.pop(projection)
            weights |= {
                f"{prefix}head.weight": head,
                f"{prefix}head.bias": head.new_zeros(len(head)),
            }
    return weights, prefixes


# What older versions leave out of config.json where it is the default.
_CLIP_DEFAULTS = {"num_attention_heads": 12, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
_SIGLIP_DEFAULTS = {
    "num_attention_heads": 12,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
_DEFAULTS = {
    "clip": _CLIP_DEFAULTS,
    "clip_vision_model": _CLIP_DEFAULTS,
    "siglip": _SIGLIP_DEFAULTS,
    "siglip_vision_model": _SIGLIP_DEFAULTS,
}


def read_settings(folder):
    """Read the settings of the image tower from config.json; empty if there is none."""
    config = read_json(folder / "config.json", "model_type")
    # That of models for images and texts has a part for each.
    config |= config.get("vision_config", {})
    return _DEFAULTS.get(config.get("model_type", ""), {}) | config


def read_json(path, key):
    """Read a JSON object that has a key; empty if there is no such file."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and key in content else {}
