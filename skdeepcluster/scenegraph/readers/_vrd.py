"""VRD, visual relationship detection."""

from os import PathLike
from pathlib import Path

from ._builder import GraphBuilder
from ._class_names import class_names
from ._files import naming, read_entries
from ._records import GraphRecord
from ._skipped import Skipped


def read_vrd(
    path: str | PathLike,
    *,
    objects: str | PathLike | None = None,
    predicates: str | PathLike | None = None,
) -> list[GraphRecord]:
    """Read annotations_train.json or annotations_test.json of the dataset VRD.

    Relations come with both ends; ends of the same class and box are one object.

    Parameters
    ----------
    path : path
    objects, predicates : path, default=None
        Lists of the names of classes and of predicates; None takes objects.json and
        predicates.json in the folder of ``path``.

    Returns
    -------
    records : list of GraphRecord
        Without captions; ``image_id`` is the name of the image's file.

    Raises
    ------
    ValueError
        If an entry is not in this format; the message names it.

    Warns
    -----
    UserWarning
        If something was left out: see :func:`skdeepcluster.scenegraph.read_visual_genome`.
    """
    folder = Path(path).parent
    names = class_names(folder / "objects.json" if objects is None else objects)
    verbs = class_names(folder / "predicates.json" if predicates is None else predicates)
    skipped = Skipped()
    records = []
    for image_id, relations in read_entries(path):
        with naming(f"Image {image_id!r} of {str(path)!r} is not in VRD's format"):
            if not isinstance(image_id, str):
                raise ValueError("the file holds a list, not images by their names")
            builder = GraphBuilder(skipped, "yyxx")
            for relation in relations:
                ends = [_add_object(builder, relation[end], names) for end in ("subject", "object")]
                builder.add_relation(ends[0], verbs.get(relation["predicate"]), ends[1])
            records.append(GraphRecord(image_id, builder.graph()))
    skipped.warn(path)
    return records


def _add_object(builder, entry, names):
    """Add an object; return its identifier."""
    identifier = (entry["category"], *entry["bbox"])
    builder.add_object([identifier], names.get(entry["category"]), entry["bbox"])
    return identifier
