"""Reading the tensors of weights files and checkpoints."""

import argparse
import pickle
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ._backbone import BackboneLoadError
from ._layouts import LAYOUTS, absorb_registers, rename_networks
from ._transformers import is_transformers_name, read_json, read_settings, rename_transformers

# What training scripts save beside the tensors, and runs no code: their options, and numbers
# and arrays of NumPy.
_SCALAR = np.float64(0).__reduce__()[0]
_ARRAY = np.zeros(1).__reduce__()[0]
_HARMLESS: list = [
    argparse.Namespace,
    np.dtype,
    np.ndarray,
    # Their names before and since NumPy 2.
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    (_ARRAY, "numpy.core.multiarray._reconstruct"),
    (_ARRAY, "numpy._core.multiarray._reconstruct"),
    *{type(np.dtype(kind)) for kind in "?bBhHiIlLqQefd"},
]
# Names that wrap a module in distributed or compiled training, with the rest of the path as it was.
_WRAPPERS = re.compile(
    r"(^|\.)(_orig_mod|_fsdp_wrapped_module|_fpw_module|_checkpoint_wrapped_module"
    r"|_forward_module|_ddp_module)(?=\.)"
)
# How transformers and timm call the weights in a folder of a model.
WEIGHTS_OF_FOLDERS = ("model.safetensors", "pytorch_model.bin")
_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.)")


@dataclass
class Checkpoint:
    """The tensors of a file.

    Parameters
    ----------
    path : str
    weights : dict of str to Tensor
        With dotted names; those of networks of other libraries are renamed as in timm.
    config : dict
        The settings of transformers in "config.json" beside the file, empty if there is none.
    preprocessing : dict
        Those in "preprocessor_config.json".
    is_of_transformers : bool
        By the names of the tensors, or the settings beside the file.
    lacks_settings : bool
        Whether it holds a network of transformers that is known here, and "config.json" is
        missing.
    """

    path: str
    weights: dict[str, torch.Tensor]
    config: dict
    preprocessing: dict
    is_of_transformers: bool
    lacks_settings: bool


def read_weights(path, rename=True):
    """Read the tensors of a file, with dotted names; no code in the file is run.

    Parameters
    ----------
    path : str or Path
        A ``.safetensors`` file, one written by ``torch.save``, or the ``.index.json`` of one that
        is in several parts.
    rename : bool, default=True
        Whether the tensors of networks of other libraries get timm's names.

    Returns
    -------
    weights : dict of str to Tensor

    Raises
    ------
    BackboneLoadError
        If there is no such file, it is damaged, or it holds more than tensors and plain values.
    """
    return read_checkpoint(path).weights if rename else _read_parts(path)


def find_weights(folder):
    """Find the file of weights in a folder of a model, as transformers and timm write it.

    Returns
    -------
    path : Path or None
    """
    indices = (f"{name}.index.json" for name in WEIGHTS_OF_FOLDERS)
    paths = (folder / name for name in (*WEIGHTS_OF_FOLDERS, *indices))
    return next((path for path in paths if path.is_file()), None)


def read_checkpoint(path) -> Checkpoint:
    """Read a file as :func:`read_weights` does, and the settings of transformers beside it."""
    path = Path(path).expanduser()
    weights = _read_parts(path)
    weights, prefixes = rename_transformers(weights)
    weights, _ = rename_networks(weights, LAYOUTS)
    config = read_settings(path.parent)
    preprocessing = read_json(path.with_name("preprocessor_config.json"), "image_mean")
    is_of_transformers = bool(prefixes or config or any(map(is_transformers_name, weights)))
    lacks_settings = bool(prefixes) and not config
    if not prefixes:
        config, preprocessing = {}, {}
    return Checkpoint(
        str(path),
        absorb_registers(weights),
        config,
        preprocessing,
        is_of_transformers,
        lacks_settings,
    )


def _read_parts(path):
    path = Path(path).expanduser()
    if not path.is_file():
        raise BackboneLoadError(f"There is no file of weights {str(path)!r}.")
    weights = {}
    for part in _parts(path):
        weights.update(_flatten(_read(part), ""))
    if not weights:
        raise BackboneLoadError(f"{str(path)!r} holds no tensors with names.")
    quantised = next((name for name, tensor in weights.items() if tensor.is_quantized), None)
    if quantised is not None:
        raise BackboneLoadError(
            f"{str(path)!r} holds quantised tensors (such as {quantised!r}), with which networks "
            "are not run here. Pass the weights from before they were quantised."
        )
    return {_WRAPPERS.sub("", key).removeprefix("."): value for key, value in weights.items()}


def _parts(path):
    """List the files of weights that are in several, of which one or the index is given."""
    shard = _SHARD.search(path.name)
    if shard:
        index = path.with_name(f"{_SHARD.sub('', path.name)}.index.json")
        if not index.is_file():
            raise BackboneLoadError(
                f"{str(path)!r} is one of several parts; {index.name!r}, which lists the others, "
                "is not beside it. Put all files of the download into one folder."
            )
        path = index
    if path.suffix != ".json":
        return [path]
    parts = read_json(path, "weight_map").get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise BackboneLoadError(f"{str(path)!r} is no index of weights. Pass the weights file.")
    # Only names: an index from somebody else does not choose files elsewhere.
    files = [path.with_name(Path(str(name)).name) for name in sorted(set(parts.values()))]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise BackboneLoadError(
            f"{str(path)!r} lists parts that are not beside it: {', '.join(missing)}."
        )
    return files


def _read(path):
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals(_HARMLESS), warnings.catch_warnings():
            # TorchScript is refused below.
            warnings.filterwarnings("ignore", "'torch.load' received a zip file that looks like")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BackboneLoadError(_refusal(path, str(error))) from error
    except Exception as error:
        if "TorchScript" in str(error):
            raise BackboneLoadError(_torchscript(path)) from error
        # The kind of error depends on where the file is damaged.
        raise BackboneLoadError(
            f"{str(path)!r} is damaged or not a weights file: {str(error)[:200]} "
            f"({type(error).__name__})."
        ) from error


def _refusal(path, error):
    if "TorchScript" in error:
        return _torchscript(path)
    refused = re.search(r"GLOBAL (\S+)", error)
    culprit = f" (it asks for {refused[1]})" if refused else ""
    message = f"{str(path)!r} holds more than tensors{culprit} and is not read, since that would "
    exported = path.parent.parent / "exported_models" / "exported_last.pt"
    if path.suffix == ".ckpt" and exported.is_file():
        # Checkpoints of lightly-train hold the network as an object.
        return f"{message}run code in it. The weights alone are in {str(exported)!r}."
    return (
        f"{message}run code in it. If you trust its source, load it with torch and save its state "
        "dict with safetensors. (lightly-train writes the weights alone to "
        "exported_models/exported_last.pt.)"
    )


def _torchscript(path):
    return (
        f"{str(path)!r} is a TorchScript archive, which holds code and is not run. If you trust "
        f"its source, pass the module as the backbone: torch.jit.load({str(path)!r})."
    )


def _flatten(content, path):
    """Flatten nested dicts ("state_dict", "teacher", ...) to one with dotted names."""
    if isinstance(content, torch.Tensor):
        return {path: content}
    weights: dict = {}
    if isinstance(content, dict):
        for key, value in content.items():
            weights.update(_flatten(value, f"{path}.{key}" if path else str(key)))
    return weights
