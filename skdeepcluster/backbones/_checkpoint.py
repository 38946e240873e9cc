"""Weights from files, in particular checkpoints of self-supervised training."""

import argparse
import collections
import contextlib
import pickle
import re
import sys
from pathlib import Path

import torch

from ..storage import without_prefix
from ._backbone import BackboneLoadError

# A checkpoint of self-supervised training often holds two copies of the network. As in the
# methods' own evaluations, the teacher of DINO and averages of the weights are preferred to
# others, and the query encoder of MoCo to the key or momentum encoder.
_FIRST_CHOICE = re.compile(r"teacher|(^|[._])ema")
_LAST_CHOICE = re.compile(r"student|momentum|target|encoder_k")
# Sequential(*resnet.children()), as in the tutorials of lightly, numbers the modules.
_RESNET_CHILDREN = {
    "0": "conv1",
    "1": "bn1",
    "4": "layer1",
    "5": "layer2",
    "6": "layer3",
    "7": "layer4",
}
_LAST_OF_CHILDREN = "7.0.conv1.weight"


def read_weights(path):
    """Read the tensors of a file, with dotted names; no code in the file is run.

    Parameters
    ----------
    path : str or Path
        A ``.safetensors`` file, or one written by ``torch.save``.

    Returns
    -------
    weights : dict of str to Tensor

    Raises
    ------
    BackboneLoadError
        If there is no such file, it is damaged, or it holds more than tensors and plain values.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise BackboneLoadError(f"There is no file of weights {str(path)!r}.")
    weights = _flatten(_read(path), "")
    if not weights:
        raise BackboneLoadError(f"{str(path)!r} holds no tensors with names.")
    return _name_children(weights)


def _read(path):
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Options of the training script, which DINO and MAE save too, run no code.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        refused = re.search(r"GLOBAL (\S+)", str(error))
        culprit = f" (it asks for {refused[1]})" if refused else ""
        raise BackboneLoadError(
            f"{str(path)!r} holds more than tensors{culprit} and is not read, since that would "
            "run code in it. If you trust its source, load it with torch and save its state dict "
            "with safetensors."
        ) from error
    except Exception as error:
        # The kind of error depends on where the file is damaged.
        raise BackboneLoadError(
            f"{str(path)!r} is damaged or not a weights file: {str(error)[:200]} "
            f"({type(error).__name__})."
        ) from error


def _flatten(content, path):
    """Flatten nested dicts ("state_dict", "teacher", ...) to one with dotted names."""
    if isinstance(content, torch.Tensor):
        return {path: content}
    weights: dict = {}
    if isinstance(content, dict):
        for key, value in content.items():
            weights.update(_flatten(value, f"{path}.{key}" if path else str(key)))
    return weights


def _name_children(weights):
    """Rename the numbered modules of a ResNet."""
    for key in weights:
        prefix = key.removesuffix(_LAST_OF_CHILDREN)
        if prefix != key and f"{prefix}0.weight" in weights:
            break
    else:
        return weights

    def name(key):
        number, dot, rest = key.removeprefix(prefix).partition(".")
        if not key.startswith(prefix) or number not in _RESNET_CHILDREN:
            return key
        return f"{prefix}{_RESNET_CHILDREN[number]}{dot}{rest}"

    return {name(key): tensor for key, tensor in weights.items()}


def find_network(weights, wanted, path):
    """Find the network in a checkpoint.

    Parameters
    ----------
    weights : dict of str to Tensor
    wanted : set of str
        Names of the network's tensors.
    path : str or Path
        Path of the file, for messages.

    Returns
    -------
    prefix : str or None
        Prefix of the names, such as "state_dict.module.encoder_q."; None if none of them is
        found.
    """
    hits: collections.Counter = collections.Counter()
    for key in weights:
        parts = key.split(".")
        for start in range(len(parts)):
            if ".".join(parts[start:]) in wanted:
                hits["".join(f"{part}." for part in parts[:start])] += 1
    if not hits:
        return None
    complete = [prefix for prefix, count in hits.items() if count == max(hits.values())]
    best = min(map(_rank, complete))
    chosen = [prefix for prefix in complete if _rank(prefix) == best]
    if len(chosen) > 1:
        raise BackboneLoadError(
            f"{str(path)!r} holds several networks: {', '.join(sorted(chosen))}. Save the state "
            "dict of one of them."
        )
    return chosen[0]


def _rank(prefix):
    return 0 if _FIRST_CHOICE.search(prefix) else 2 if _LAST_CHOICE.search(prefix) else 1


def load_weights(network, weights, path):
    """Load weights into a network; projection heads and the like are ignored.

    Raises
    ------
    BackboneLoadError
        If a tensor of the network is missing, which would stay random, or has another shape.
    """
    own = network.state_dict()
    wanted = {name for name in own if not name.endswith("num_batches_tracked")}
    prefix = find_network(weights, wanted, path)
    found = without_prefix(prefix, weights) if prefix is not None else {}
    unfit = _unfit(own, wanted, found)
    # Other names of the same tensors, and position embeddings of another size, are timm's job.
    convert = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if unfit and found and convert is not None:
        # It fails on unknown checkpoints; the tensors that do not fit are listed below.
        with contextlib.suppress(IndexError, KeyError, RuntimeError, ValueError):
            found = convert(found, network)
        unfit = _unfit(own, wanted, found)
    if unfit:
        raise BackboneLoadError(
            f"{str(path)!r} does not fit {type(network).__name__}: {len(unfit)} of {len(wanted)} "
            f"tensors differ, such as {'; '.join(unfit[:3])}. The file has "
            f"{', '.join(list(weights)[:3])}, ..."
        )
    network.load_state_dict({name: found[name] for name in own if name in found}, strict=False)


def _unfit(own, wanted, found):
    """List the tensors that are missing or have another shape."""
    return [
        f"{name} (missing)"
        if name not in found
        else f"{name} ({tuple(found[name].shape)} instead of {tuple(own[name].shape)})"
        for name in own
        if name in wanted and (name not in found or found[name].shape != own[name].shape)
    ]
