"""Fitted estimators as folders of JSON and safetensors, which run no code when loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from reprlib import repr as short_repr
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._version import __version__
from . import schema
from ._atomic import check_folder, whole_folder
from ._tensor_files import TensorFile, write_tensors
from .schema import Damaged

if TYPE_CHECKING:
    import torch

_CONFIG = "config.json"
_TENSORS = "tensors.safetensors"
# Files that file managers create in folders they have shown.
_SYSTEM_FILES = {".DS_Store", "Thumbs.db", "desktop.ini"}
# Parameters of where an estimator may write are those of the one who loads it.
_NOT_SAVED = ("memory",)


class ModelFormat(NamedTuple):
    """What the folders of one class of estimators hold.

    ``number`` rises whenever the content does; folders of lower numbers are read, too. ``fields``
    is the rule of what the JSON holds besides "format", "version" and "kind".
    """

    kind: str
    number: int
    fields: schema.Rule


class StoredModel(NamedTuple):
    """A model in its folder, whose tensors are not read yet.

    ``config`` obeys the rules of the format; ``number`` is that of the folder's own format.
    """

    config: dict[str, Any]
    number: int
    tensors: TensorFile


def write_model(
    folder: str | PathLike[str],
    model_format: ModelFormat,
    config: dict[str, Any],
    tensors: Mapping[str, torch.Tensor],
) -> None:
    """Write a model completely, or leave what was there before.

    Parameters
    ----------
    folder : path
        Created, or replaced if it holds a model already. A symbolic link is followed.
    model_format : ModelFormat
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
    check_model_folder(folder)
    head = {"format": model_format.number, "version": __version__, "kind": model_format.kind}
    with whole_folder(folder) as partial:
        (partial / _CONFIG).write_text(json.dumps({**head, **config}, indent=1), encoding="utf-8")
        write_tensors(partial / _TENSORS, tensors)


def check_model_folder(folder: str | PathLike[str]) -> None:
    """Raise an OSError if a model cannot be written there, or would replace other files."""
    folder = Path(folder).expanduser()
    check_folder(folder)
    if not folder.exists():
        return
    names = {path.name for path in folder.iterdir()} - _SYSTEM_FILES
    if names and not (names == {_CONFIG, _TENSORS} and _is_ours(folder)):
        raise FileExistsError(f"{str(folder)!r} holds other files. Choose a new folder.")


def _is_ours(folder):
    """Whether the files, whose names other libraries use as well, are those of a saved model."""
    try:
        config = _read_config(folder)
    except (Damaged, OSError):
        return False
    return config.keys() >= {"format", "version", "params", "fitted"}


def is_model(folder: str | PathLike[str]) -> bool:
    """Whether a folder holds a saved estimator."""
    return (Path(folder).expanduser() / _CONFIG).is_file()


@contextmanager
def open_model(folder: str | PathLike[str], model_format: ModelFormat) -> Iterator[StoredModel]:
    """Open a model that ``write_model`` wrote, and check its JSON.

    Parameters
    ----------
    folder : path
    model_format : ModelFormat

    Yields
    ------
    stored : StoredModel
        Whatever is found to be damaged while it is open is reported with the folder's name.

    Raises
    ------
    FileNotFoundError
        If there is no model in the folder.
    ValueError
        If it is damaged, of a newer format, or of another class. The message names the folder and
        the version that wrote it.
    """
    folder = Path(folder).expanduser()
    if not is_model(folder):
        raise FileNotFoundError(
            f"There is no saved {model_format.kind} in {str(folder)!r}: no {_CONFIG}."
        )
    version = None
    try:
        config = _read_config(folder)
        version = config.pop("version", None)
        number = _check_head(folder, config, version, model_format)
        model_format.fields(config, "")
        with TensorFile(folder / _TENSORS) as tensors:
            yield StoredModel(config, number, tensors)
    except Damaged as error:
        other = "" if version is None else f" ({short_repr(version)})"
        or_of_other = f", or not of this version, {__version__}, but of another{other}"
        raise ValueError(
            f"{str(folder)!r} is damaged{or_of_other * (version != __version__)}: {error}. Save it "
            "again."
        ) from error


def _read_config(folder):
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    # Invalid JSON and invalid UTF-8 are ValueErrors.
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{_CONFIG} cannot be read ({error})") from error
    schema.require(isinstance(config, dict), f"{_CONFIG} is not an object")
    return config


def _check_head(folder, config, version, model_format):
    """Take the format and the class out of the JSON; return the former."""
    schema.require("format" in config, "it has no 'format'")
    number = config.pop("format")
    schema.whole(1)(number, "format")
    if number > model_format.number:
        raise ValueError(
            f"{str(folder)!r} has format {number}, and this version ({__version__}) reads up to "
            f"{model_format.number}. It was written by version {short_repr(version)}: update "
            "skdeepcluster."
        )
    # When there was only one estimator, folders did not say which one they hold.
    kind = config.pop("kind", model_format.kind)
    if kind != model_format.kind:
        raise ValueError(
            f"{str(folder)!r} is a saved {short_repr(kind).strip(chr(39))}, not a "
            f"{model_format.kind}."
        )
    return number


def plain_params(estimator: Any) -> dict[str, Any]:
    """Return the parameters that JSON can represent: no modules, arrays or callables.

    Without those that say where to write files.

    Raises
    ------
    ValueError
        If one is invalid.
    """
    estimator._validate_params()
    params = estimator.get_params(deep=False)
    params = {name: _as_plain(value) for name, value in params.items()}
    return {
        name: value for name, value in params.items() if name not in _NOT_SAVED and _is_plain(value)
    }


def with_params(make: Callable[..., Any], params: dict[str, Any]) -> Any:
    """Make an estimator with parameters that were saved, which must be valid.

    Parameters
    ----------
    make : class
        Of the estimator.
    params : dict
        Those that say where to write files are left out.

    Raises
    ------
    Damaged
        If one is unknown or invalid.
    """
    params = {name: value for name, value in params.items() if name not in _NOT_SAVED}
    known = make._get_param_names()  # type: ignore[attr-defined]
    for name in params:
        schema.require(name in known, f"there is no parameter {short_repr(name)} in this version")
    estimator = make(**params)
    try:
        estimator._validate_params()
    except (ValueError, TypeError, OverflowError) as error:
        raise Damaged(str(error).rstrip(".")) from error
    device = getattr(estimator, "device", "auto")
    if device != "auto":
        import torch

        try:
            torch.device(device)
        except RuntimeError as error:
            raise Damaged(f"params.device is no device: {error}") from error
    return estimator


def _as_plain(value):
    # Values of a parameter grid that is an array are NumPy scalars.
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _as_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_plain(part) for part in value]
    return value


def _is_plain(value):
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
