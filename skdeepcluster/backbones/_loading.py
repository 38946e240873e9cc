"""Tensors of a checkpoint, filled into a network: all of its own, and nothing of the trunk left."""

import contextlib
import io
import itertools
import logging
import re
import sys

import torch

from ..storage import without_prefix
from ._backbone import BackboneLoadError
from ._choice import find_network

# Buffers that follow from the settings or count something, and what only training uses.
_NOT_WEIGHTS = re.compile(
    r"(.*\.)?(num_batches_tracked|relative_position_index|relative_coords_table|attn_mask|bias_mask"
    r"|position_ids|attention_bias_idxs|periods|inv_freq|total_ops|total_params|mask_token"
    r"|local_cls_norm\.\w+)$"
)
# Parts that features pass through in some network.
_TRUNK = re.compile(
    r"layer|block|stage|downsample|stem|encoder\.|embeddings\.|embedder\.|patch_embed|conv\d"
    r"|(fc_|pre_)?norm(_pre)?\d*\.|(cls|dist|reg|register|storage)_tokens?$|(abs_)?pos_embed"
    r"|rel(ative)?_pos|attn_pool"
)
_CLASSIFIER = re.compile(r"(fc|heads?|head_dist|classifier|last_linear)\.(?!norm)")


def load_weights(network, weights, path):
    """Find the network in a checkpoint and load it; projection heads and the like are left out.

    Returns
    -------
    prefix : str
        Prefix of the network's tensors.

    Raises
    ------
    BackboneLoadError
        If a tensor of the network is missing, which would stay random, or has another shape; or
        if a tensor of the trunk has no place in the network.
    """
    prefix = find_network(weights, _wanted(network), path)
    if prefix is None:
        # Other names, which timm may know. What all have in common is not part of them.
        modules = zip(*(key.split(".")[:-1] for key in weights), strict=False)
        common = itertools.takewhile(lambda names: len(set(names)) == 1, modules)
        prefix = "".join(f"{names[0]}." for names in common)
    fill(network, without_prefix(prefix, weights), path)
    return prefix


def fill(network, found, path):
    """Load the tensors of a network, named as in timm or by the authors of the architecture.

    Raises
    ------
    BackboneLoadError
        As :func:`load_weights`.
    """
    own, wanted = network.state_dict(), _wanted(network)
    filled, left = found, found.keys() - own.keys()
    unfit = _unfit(own, wanted, filled)
    # Other names of the same tensors, and position embeddings of another size, are timm's job.
    convert = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if unfit and convert is not None:
        converted = _convert(convert, found, network)
        if converted is not None:
            filled, left = converted, found.keys() - _used(convert, found, network)
            unfit = _unfit(own, wanted, filled)
    if unfit:
        raise BackboneLoadError(
            f"{str(path)!r} does not fit {type(network).__name__}: {len(unfit)} of {len(wanted)} "
            f"tensors differ, such as {'; '.join(unfit[:3])}. The file has "
            f"{', '.join(list(found)[:3])}, ...{_pooling_hint(own, found)}"
        )
    roots = {name.partition(".")[0] for name in own}
    lost = [
        name
        for name, tensor in found.items()
        if name in left and _belongs_to_trunk(name, roots) and not _adds_nothing(name, tensor)
    ]
    if lost:
        raise BackboneLoadError(
            f"{type(network).__name__} has no place for {len(lost)} tensors of {str(path)!r}, such "
            f"as {', '.join(lost[:3])}; without them its features would be wrong. "
            f"{_cure(network, lost, path)}"
        )
    if left:
        others = sorted({name.partition(".")[0] for name in left})
        logging.getLogger(__name__).info("%s: left out are %s", path, ", ".join(others))
    network.load_state_dict({name: filled[name] for name in own if name in filled}, strict=False)


def _wanted(network):
    return {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}


def _unfit(own, wanted, found):
    """List the tensors that are missing or have another shape."""
    return [
        f"{name} (missing)"
        if name not in found
        else f"{name} ({tuple(found[name].shape)} instead of {tuple(own[name].shape)})"
        for name in own
        if name in wanted and (name not in found or found[name].shape != own[name].shape)
    ]


def _pooling_hint(own, found):
    if "fc_norm.weight" in found and "fc_norm.weight" not in own:
        return " It normalises the mean of the patches: add ',global_pool=avg' to the name."
    return ""


def _convert(convert, found, network):
    """Convert names and shapes by a function of timm; None if it does not know the checkpoint."""
    # It prints what it leaves out.
    unknown = contextlib.suppress(AttributeError, IndexError, KeyError, RuntimeError, ValueError)
    with unknown, contextlib.redirect_stdout(io.StringIO()):
        return convert(dict(found), network)
    return None


def _used(convert, found, network):
    """Names of the tensors from which a conversion computes any that the network has.

    The conversion is run again, and its results are followed back to the tensors by the graph
    that torch keeps for gradients.
    """
    leaves = {name: tensor.detach().float().requires_grad_() for name, tensor in found.items()}
    names = {id(leaf): name for name, leaf in leaves.items()}
    with torch.enable_grad():
        results = _convert(convert, leaves, network)
    if results is None:
        # It changes tensors in place, which leaves cannot be: nothing is known.
        return found.keys()
    used, seen = set(), set()
    waiting = []
    for name in results.keys() & network.state_dict().keys():
        result = results[name]
        used.add(names.get(id(result)))
        waiting.append(result.grad_fn)
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        used.add(names.get(id(getattr(node, "variable", None))))
        waiting.extend(after for after, _ in node.next_functions)
    return used


def _belongs_to_trunk(name, roots):
    if _NOT_WEIGHTS.match(name) or _CLASSIFIER.match(name):
        return False
    return name.partition(".")[0] in roots or _TRUNK.match(name) is not None


def _adds_nothing(name, tensor):
    """Whether a tensor is a bias of zeros, as in some networks of DINOv3, or empty."""
    return (name.endswith("bias") and not tensor.any()) or tensor.numel() == 0


def _cure(network, lost, path):
    import timm

    model = (getattr(network, "pretrained_cfg", None) or {}).get("architecture", "")
    with_bias = f"{model}_qkvb"
    if all(name.endswith("qkv.bias") for name in lost) and timm.is_model(with_bias):
        return f"Use 'timm:{with_bias}/{path}', which has them."
    return f"Name the model that has them ('timm:<model>/{path}'), or pass the network as a module."
