"""Fitted estimators as folders of JSON and safetensors, which run no code when read."""

import json
from pathlib import Path

import numpy as np

from .._version import __version__
from ._atomic import check_folder, whole_folder

_FORMAT = 1
_CONFIG = "config.json"
_TENSORS = "tensors.safetensors"
# What file managers leave in folders that were looked at.
_OF_THE_SYSTEM = {".DS_Store", "Thumbs.db", "desktop.ini"}


def write_model(folder, config, tensors):
    """Write beside the folder first, so that it appears whole or not at all.

    Parameters
    ----------
    folder : path
        Made, or replaced if it holds a model already; a link leads to it.
    config : dict
        What JSON can hold.
    tensors : dict of str to torch.Tensor

    Raises
    ------
    FileExistsError
        If the folder holds other files.
    OSError
        If nothing can be written there.
    """
    from safetensors.torch import save_file

    check_model_folder(folder)
    config = {"format": _FORMAT, "version": __version__, **config}
    with whole_folder(folder) as partial:
        (partial / _CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
        save_file(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, partial / _TENSORS
        )


def check_model_folder(folder):
    """Raise an OSError if no model can be written there, or others' files would be replaced."""
    folder = Path(folder)
    check_folder(folder)
    if not folder.exists():
        return
    names = {path.name for path in folder.iterdir()} - _OF_THE_SYSTEM
    if names not in ({_CONFIG, _TENSORS}, set()):
        raise FileExistsError(f"{str(folder)!r} holds other files. Name a new folder.")


def is_model(folder):
    """Whether a folder holds a saved estimator."""
    return (Path(folder) / _CONFIG).is_file()


def read_model(folder, kind):
    """Read what ``write_model`` wrote.

    Parameters
    ----------
    folder : path
    kind : str
        Name of the estimator, for messages.

    Returns
    -------
    config : dict
    tensors : dict of str to torch.Tensor

    Raises
    ------
    FileNotFoundError
        If there is no model.
    ValueError
        If it is damaged, or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = Path(folder)
    if not is_model(folder):
        raise FileNotFoundError(f"{str(folder)!r} is no saved {kind}: no {_CONFIG} in it.")
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / _TENSORS)
    # What is no JSON, and what is no UTF-8, are ValueErrors.
    except (ValueError, SafetensorError) as error:
        raise ValueError(f"{str(folder)!r} is damaged: {error}. Save it anew.") from error
    if not isinstance(config, dict):
        raise ValueError(f"{str(folder)!r} is damaged: {_CONFIG} holds no object. Save it anew.")
    if config.get("format") != _FORMAT:
        raise ValueError(
            f"{str(folder)!r} has the format {config.get('format')}, and this version "
            f"({__version__}) reads {_FORMAT}. It was written by version {config.get('version')}."
        )
    # Folders that are older than the second estimator do not say which they hold.
    if config.get("kind", kind) != kind:
        raise ValueError(f"{str(folder)!r} is a saved {config['kind']}, no {kind}.")
    return _Parts(config, folder / _CONFIG), _Parts(tensors, folder / _TENSORS)


class _Parts(dict):
    """What a file of a model holds; damage is told by who looks for what is not there."""

    def __init__(self, parts, path):
        super().__init__(parts)
        self._path = path

    def __missing__(self, name):
        raise ValueError(f"{str(self._path)!r} is damaged: it has no {name!r}. Save it anew.")


def plain_params(estimator):
    """Return the parameters that JSON can hold; a module, an array or a callable is left out."""
    params = estimator.get_params(deep=False)
    params = {name: _as_plain(value) for name, value in params.items()}
    return {name: value for name, value in params.items() if _is_plain(value)}


def _as_plain(value):
    # A grid of parameters is often an array, and its values NumPy's.
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _as_plain(part) for key, part in value.items()}
    return value


def _is_plain(value):
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
