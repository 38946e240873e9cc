"""Files of corrections, as the report page saves them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..storage import schema

FORMAT = "skdeepcluster corrections"
VERSION = 1


@dataclass(frozen=True)
class Corrections:
    """What is wrong with a clustering, and how it should be.

    Clusters are called by their labels, those from ``n_clusters_`` on are new; images by their
    paths, or whatever the report page calls them.

    Parameters
    ----------
    names : dict of int to str or None
        New names of clusters; None takes a name back.
    merged : list of list of int
        Clusters that become one, which keeps the label, and the name, of the first.
    split : dict of int to int
        Clusters that become several, and how many. The largest part keeps label and name.
    moved : dict of str to int
        Images and the clusters that they belong to, which may be those that they are in.
    not_in : dict of str to list of int
        Images and clusters that they do not belong to.
    together : list of list of str
        Images that belong together, in whatever cluster.
    result : str, default=None
        Digest of the result that they are of; None if that is not known.
    """

    names: Mapping[int, str | None] = field(default_factory=dict)
    merged: list[list[int]] = field(default_factory=list)
    split: Mapping[int, int] = field(default_factory=dict)
    moved: Mapping[str, int] = field(default_factory=dict)
    not_in: Mapping[str, list[int]] = field(default_factory=dict)
    together: list[list[str]] = field(default_factory=list)
    result: str | None = None


def _label_as_key(key, name):
    schema.require(key.isascii() and key.isdecimal() and len(key) < 10, f"{name} is no label")
    schema.require(key == str(int(key)), f"{name} is no label: {key!r}")


_LABEL = schema.whole(0)


def _several_of(rule):
    several = schema.list_of(rule, distinct=True)

    def check(value, name):
        several(value, name)
        schema.require(len(value) > 1, f"{name} has fewer than two items")

    return check


_FIELDS = schema.record(
    {
        "format": schema.one_of(FORMAT),
        "version": schema.whole(1, VERSION),
        "result": schema.text,
        "n_images": schema.whole(1),
        "n_clusters": schema.whole(1),
        "names": schema.mapping_of(schema.maybe(schema.text), keys=_label_as_key),
        "merged": schema.list_of(_several_of(_LABEL)),
        "split": schema.mapping_of(schema.whole(2), keys=_label_as_key),
        "moved": schema.mapping_of(_LABEL, keys=schema.path),
        "not_in": schema.mapping_of(schema.list_of(_LABEL, distinct=True), keys=schema.path),
        "together": schema.list_of(_several_of(schema.path)),
    }
)


def read_corrections(path: str | os.PathLike[str]) -> Corrections:
    """Read a file of corrections that the report page has saved.

    Parameters
    ----------
    path : path

    Returns
    -------
    corrections : Corrections

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no such file, or anything in it is not what it must be.
    """
    path = Path(path).expanduser()
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_twins)
        _check_version(content)
        _FIELDS(content, "")
    # Of which Damaged and JSONDecodeError are kinds; a deep nest exhausts the stack.
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{str(path)!r} is no file of corrections: {error}. The report page saves such files."
        ) from error
    return Corrections(
        names=_by_label(content["names"]),
        merged=content["merged"],
        split=_by_label(content["split"]),
        moved=content["moved"],
        not_in=content["not_in"],
        together=content["together"],
        result=content["result"],
    )


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, of which no key may be there twice: only one of them would count."""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise schema.Damaged(f"{twin!r} is in it twice")
    return made


def _check_version(content):
    if isinstance(content, dict) and content.get("format") == FORMAT:
        version = content.get("version")
        is_newer = isinstance(version, int) and version > VERSION
        schema.require(
            not is_newer,
            f"it has version {version}, of a newer skdeepcluster; this one knows {VERSION}",
        )


def _by_label(mapping):
    return {int(label): value for label, value in mapping.items()}
