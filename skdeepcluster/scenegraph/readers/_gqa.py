"""GQA."""

from os import PathLike

from ._builder import GraphBuilder
from ._files import naming, read_entries
from ._records import GraphRecord
from ._skipped import Skipped


def read_gqa(path: str | PathLike) -> list[GraphRecord]:
    """Read train_sceneGraphs.json or val_sceneGraphs.json of GQA.

    Attributes become objects that are related by "is". Words are in lower case.

    Parameters
    ----------
    path : path
        May be compressed by gzip.

    Returns
    -------
    records : list of GraphRecord
        Without captions. The image is ``f"{record.image_id}.jpg"``.

    Raises
    ------
    ValueError
        If an entry is not in this format; the message names it.

    Warns
    -----
    UserWarning
        If something was left out: see :func:`skdeepcluster.scenegraph.read_visual_genome`.
    """
    skipped = Skipped()
    records = []
    for image_id, image in read_entries(path):
        with naming(f"Image {image_id} of {str(path)!r} is not in GQA's format"):
            records.append(GraphRecord(str(image_id), _graph(image, skipped)))
    skipped.warn(path)
    return records


def _graph(image, skipped):
    builder = GraphBuilder(skipped, "xywh")
    objects = image["objects"]
    for identifier, entry in objects.items():
        builder.add_object(
            [identifier],
            entry.get("name"),
            [entry.get(key) for key in "xywh"],
            attributes=entry.get("attributes"),
        )
    for identifier, entry in objects.items():
        for relation in entry.get("relations") or ():
            builder.add_relation(identifier, relation.get("name"), relation["object"])
    return builder.graph()
