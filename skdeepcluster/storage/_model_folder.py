"""Fitted estimators as folders of JSON and safetensors, which run no code when loaded."""

import json
from pathlib import Path

import numpy as np

from .._version import __version__
from ._atomic import check_folder, whole_folder

_FORMAT = 1
_CONFIG = "config.json"
_TENSORS = "tensors.safetensors"
# Files that file managers create in folders they have shown.
_SYSTEM_FILES = {".DS_Store", "Thumbs.db", "desktop.ini"}


def write_model(folder, config, tensors):
    """Write a model completely, or leave what was there before.

    Parameters
    ----------
    folder : path
        Created, or replaced if it holds a model already. A symbolic link is followed.
    config : dict
        Values that JSON can represent.
    tensors : dict of str to torch.Tensor

    Raises
    ------
    FileExistsError
        If the folder holds other files.
    OSError
        If it cannot be written.
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
    """Raise an OSError if a model cannot be written there, or would replace other files."""
    folder = Path(folder)
    check_folder(folder)
    if not folder.exists():
        return
    names = {path.name for path in folder.iterdir()} - _SYSTEM_FILES
    if names not in ({_CONFIG, _TENSORS}, set()):
        raise FileExistsError(f"{str(folder)!r} holds other files. Choose a new folder.")


def is_model(folder):
    """Whether a folder holds a saved estimator."""
    return (Path(folder) / _CONFIG).is_file()


def read_model(folder, kind):
    """Read a model that ``write_model`` wrote.

    Parameters
    ----------
    folder : path
    kind : str
        Name of the estimator's class.

    Returns
    -------
    config : dict
    tensors : dict of str to torch.Tensor

    Raises
    ------
    FileNotFoundError
        If there is no model in the folder.
    ValueError
        If it is damaged, of another format, or of another class.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = Path(folder)
    if not is_model(folder):
        raise FileNotFoundError(f"There is no saved {kind} in {str(folder)!r}: no {_CONFIG}.")
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / _TENSORS)
    # Invalid JSON and invalid UTF-8 are ValueErrors.
    except (ValueError, SafetensorError) as error:
        raise ValueError(f"{str(folder)!r} is damaged: {error}. Save it again.") from error
    if not isinstance(config, dict):
        raise ValueError(f"{str(folder)!r} is damaged: {_CONFIG} is not an object. Save it again.")
    if config.get("format") != _FORMAT:
        raise ValueError(
            f"{str(folder)!r} has format {config.get('format')}, but this version "
            f"({__version__}) reads {_FORMAT}. It was written by version {config.get('version')}."
        )
    # When there was only one estimator, folders did not say which one they hold.
    if config.get("kind", kind) != kind:
        raise ValueError(f"{str(folder)!r} is a saved {config['kind']}, not a {kind}.")
    return _Parts(config, folder / _CONFIG), _Parts(tensors, folder / _TENSORS)


class _Parts(dict):
    """The parts of a file of a model. Looking up one that is missing says that it is damaged."""

    def __init__(self, parts, path):
        super().__init__(parts)
        self._path = path

    def part(self, name):
        """Return a dict that is held, whose damage is reported in the same way."""
        return _Parts(self[name], self._path)

    def __missing__(self, name):
        raise ValueError(f"{str(self._path)!r} is damaged: it has no {name!r}. Save it again.")


def plain_params(estimator):
    """Return the parameters that JSON can represent: no modules, arrays or callables."""
    params = estimator.get_params(deep=False)
    params = {name: _as_plain(value) for name, value in params.items()}
    return {name: value for name, value in params.items() if _is_plain(value)}


def _as_plain(value):
    # Values of a parameter grid that is an array are NumPy scalars.
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
