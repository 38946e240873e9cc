"""The format of this package: a graph with its captions per line."""

import json
from collections.abc import Mapping
from os import PathLike

from ..graph import SceneGraph, as_caption
from ._files import naming, read_lines
from ._records import GraphRecord


def read_graph_lines(path: str | PathLike) -> list[GraphRecord]:
    """Read a file with one JSON object per line, compressed by gzip or not.

    Each object has the keys of :meth:`skdeepcluster.SceneGraph.from_dict`, and may have "image_id"
    and "captions": a sentence, a dict with "text" and, if known, "triples", or a list of these.
    A null is no caption.

    Parameters
    ----------
    path : path

    Returns
    -------
    records : list of GraphRecord

    Raises
    ------
    ValueError
        If a line is not a graph; the message names it.
    """
    records = []
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            with naming(f"Line {number} of {str(path)!r}"):
                records.append(_record(json.loads(line), number))
    return records


def _record(data, number):
    graph = SceneGraph.from_dict(data)
    entries = data.get("captions")
    if entries is None or isinstance(entries, str | Mapping):
        entries = [entries]
    captions = [
        as_caption(entry, f"captions[{i}]") for i, entry in enumerate(entries) if entry is not None
    ]
    return GraphRecord(
        str(data.get("image_id", number - 1)),
        graph,
        tuple(caption.text for caption in captions),
        tuple(caption.triples or () for caption in captions),
    )
