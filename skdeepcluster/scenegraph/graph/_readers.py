"""Readers of files of scene graphs."""

import gzip
import json
import zlib
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from ._graph import SceneGraph

# Raised for entries of an unexpected kind, which include numbers too large for a float and lists
# that are nested too deeply.
_WRONG_ENTRY = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


class GraphRecord(NamedTuple):
    """The graph and the captions of an image, as read from a file.

    Parameters
    ----------
    image_id : str
    graph : SceneGraph
    captions : tuple of str
    caption_triples : tuple
        For each caption a tuple of (subject, predicate, object), all of them words.
    """

    image_id: str
    graph: SceneGraph
    captions: tuple[str, ...]
    caption_triples: tuple[tuple, ...]


def read_graph_lines(path: str | PathLike) -> list[GraphRecord]:
    """Read a file with one JSON object per line, compressed by gzip or not.

    Each object has the keys of :meth:`skdeepcluster.SceneGraph.from_dict`, and may have "image_id"
    and "captions": a list of sentences, or of dicts with "text" and "triples".

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
    for number, line in enumerate(_read_lines(path), 1):
        if line.strip():
            try:
                records.append(_record(json.loads(line), number))
            except _WRONG_ENTRY as error:
                raise ValueError(f"Line {number} of {str(path)!r}: {error}") from error
    return records


def _read_lines(path):
    """Yield the lines of a file, compressed by gzip or not, as bytes."""
    opened = gzip.open if Path(path).suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            yield from file
    except _DAMAGED_GZIP as error:
        raise ValueError(f"{str(path)!r} cannot be decompressed: {error}") from error


def _record(data, number):
    graph = SceneGraph.from_dict(data)
    captions = [
        {"text": caption} if isinstance(caption, str) else caption
        for caption in data.get("captions", ())
    ]
    return GraphRecord(
        str(data.get("image_id", number - 1)),
        graph,
        tuple(caption["text"] for caption in captions),
        tuple(tuple(map(tuple, caption.get("triples", ()))) for caption in captions),
    )


def read_visual_genome(path: str | PathLike) -> list[GraphRecord]:
    """Read ``scene_graphs.json`` of Visual Genome, or a file in its format.

    The file holds a list of dicts with "image_id", "objects" ("object_id", "names", "x", "y",
    "w", "h") and "relationships" ("subject_id", "predicate", "object_id"). Of several names the
    first is taken; relations without a predicate are dropped.

    Parameters
    ----------
    path : path

    Returns
    -------
    records : list of GraphRecord
        Without captions.

    Raises
    ------
    ValueError
        If an entry is not in this format; the message names it.
    """
    content = b"".join(_read_lines(path))
    try:
        images = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{str(path)!r} is not readable JSON: {error}") from error
    if not isinstance(images, list):
        raise ValueError(f"{str(path)!r} is not in Visual Genome's format: it holds no list.")
    records = []
    for position, image in enumerate(images):
        try:
            records.append(
                GraphRecord(str(image.get("image_id", position)), _vg_graph(image), (), ())
            )
        except _WRONG_ENTRY as error:
            raise ValueError(
                f"Entry {position} of {str(path)!r} is not in Visual Genome's format: {error!r}"
            ) from error
    return records


def _vg_graph(image):
    indices: dict[Any, int] = {}
    objects: list[dict] = []
    for entry in image["objects"]:
        # Merged entries of one object share an id.
        if entry["object_id"] not in indices:
            indices[entry["object_id"]] = len(objects)
            names = entry.get("names") or [entry["name"]]
            x, y, width, height = (entry[key] for key in "xywh")
            objects.append({"label": names[0], "box": (x, y, x + width, y + height)})
    relations = [
        (indices[entry["subject_id"]], entry["predicate"].lower(), indices[entry["object_id"]])
        for entry in image.get("relationships", ())
        if entry["predicate"].strip()
    ]
    return SceneGraph(objects, relations)
