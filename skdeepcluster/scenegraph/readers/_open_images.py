"""Open Images."""

import csv
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from ._builder import GraphBuilder
from ._class_names import read_name_table
from ._files import naming, read_lines
from ._image_sizes import SizedImages
from ._records import GraphRecord
from ._skipped import Skipped

_COLUMNS = ("LabelName", "XMin", "XMax", "YMin", "YMax")
# What an attribute is of: "(made of)Leather".
_ASPECT = re.compile(r"^\(.*?\)")


def read_open_images(
    path: str | PathLike,
    *,
    class_names: str | PathLike | Sequence[str | PathLike],
    images: str | PathLike | Mapping[str, Any],
) -> list[GraphRecord]:
    """Read visual relationships of Open Images, such as oidv6-train-annotations-vrd.csv.

    Each row is a relation with the boxes of both ends; ends of the same class and box are one
    object. Rows of the relation "is" are attributes.

    Parameters
    ----------
    path : path
        May be compressed by gzip.
    class_names : path or list of paths
        Tables of identifiers and names: oidv6-class-descriptions.csv or
        class-descriptions-boxable.csv, and for attributes oidv6-attributes-description.csv.
    images : folder, or dict of str to (int, int)
        The images, whose sizes are not in the file; or the width and height of each by its
        identifier or name. Relations of other images are left out.

    Returns
    -------
    records : list of GraphRecord
        Without captions, for images with a relation; ``image_id`` is the path in the folder, or
        the key of the dict.

    Raises
    ------
    ValueError
        If a row is not in this format; the message names it.

    Warns
    -----
    UserWarning
        If something was left out: see :func:`skdeepcluster.scenegraph.read_visual_genome`.
    """
    tables = [class_names] if isinstance(class_names, str | PathLike) else class_names
    names = {key: name for table in tables for key, name in read_name_table(table).items()}
    sized, skipped = SizedImages(images), Skipped()
    builders: dict[str, GraphBuilder] = {}
    lines = (line.decode("utf-8-sig") for line in read_lines(path))
    with naming(f"{str(path)!r} is not in Open Images' format"):
        reader = csv.DictReader(lines)
        for row in reader:
            with naming(f"line {reader.line_num}"):
                image_id = sized.find(row["ImageID"])
                if image_id is None:
                    skipped.add("relations in other images")
                    continue
                if image_id not in builders:
                    builders[image_id] = GraphBuilder(skipped, "xxyy", sized.size(image_id))
                _add_row(builders[image_id], row, names)
    skipped.warn(path)
    return [GraphRecord(image_id, builder.graph()) for image_id, builder in builders.items()]


def _add_row(builder, row, names):
    (subject, *box), (target, *target_box) = (
        [row[f"{column}{end}"] for column in _COLUMNS] for end in (1, 2)
    )
    predicate = row["RelationshipLabel"]
    key = (subject, *box)
    if predicate == "is":
        attribute = _ASPECT.sub("", names.get(target, ""))
        builder.add_object([key], names.get(subject), box, attributes=[attribute])
        return
    target_key = (target, *target_box)
    builder.add_object([key], names.get(subject), box)
    builder.add_object([target_key], names.get(target), target_box)
    builder.add_relation(key, predicate.replace("_", " "), target_key)
