"""Names of the classes that files number."""

import csv
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ._files import naming, read_json, read_text


def class_names(source: Any) -> dict[Any, str]:
    """Read the names of classes.

    Parameters
    ----------
    source : dict, list of str, or path
        A dict of numbers to names; a list of names, numbered from 0; a JSON file with one of
        these or with the "categories" of COCO; a YAML file with "names", as those of YOLO are; a
        text file with a name per line.

    Returns
    -------
    names : dict of int to str
    """
    if not isinstance(source, str | PathLike):
        return _named(source, "class_names")
    suffixes = Path(source).suffixes
    if ".json" in suffixes:
        data = read_json(source)
    elif suffixes[-1:] in ([".yaml"], [".yml"]):
        data = _read_yaml(source)
    else:
        data = [line.strip() for line in read_text(source).splitlines() if line.strip()]
    return _named(data, repr(str(source)))


def _named(data, what):
    with naming(f"{what} has no names of classes"):
        if isinstance(data, Mapping) and "categories" in data:
            return {entry["id"]: str(entry["name"]) for entry in data["categories"]}
        if isinstance(data, Mapping) and "names" in data:
            data = data["names"]
        if isinstance(data, Mapping):
            return {int(number): str(name) for number, name in data.items()}
        if isinstance(data, str):
            raise ValueError(f"{data!r} is one name, not a list of them")
        return dict(enumerate(map(str, data)))


def _read_yaml(path):
    import yaml

    text = read_text(path)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{str(path)!r} is not readable YAML: {error}") from error


def read_name_table(path: str | PathLike) -> dict[str, str]:
    """Read a CSV file of identifiers and names, as Open Images has them."""
    with naming(f"{str(path)!r} is no table of identifiers and names"):
        return {row[0]: row[1] for row in csv.reader(read_text(path).splitlines()) if row}
