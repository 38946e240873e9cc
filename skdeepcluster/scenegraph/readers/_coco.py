"""Objects as COCO has them: annotations, and results of detectors."""

from collections import defaultdict
from os import PathLike
from typing import Any

from ._class_names import class_names as names_of
from ._detections import Detection, DetectionLimits, detected_graph
from ._files import naming, read_json
from ._records import GraphRecord
from ._skipped import Skipped


def read_coco(
    path: str | PathLike,
    *,
    annotations: str | PathLike | None = None,
    class_names: Any = None,
    min_score: float = 0.3,
    max_objects: int = 36,
    max_relations: int = 25,
) -> list[GraphRecord]:
    """Read objects in COCO's format, and relate them by the positions of their boxes.

    Relations are those of :class:`skdeepcluster.VisualGraphParser`: "on", "in", "left of" and
    others.

    Parameters
    ----------
    path : path
        An annotation file, such as instances_val2017.json; or the results of a detector, a list of
        "image_id", "category_id", "bbox" and "score". May be compressed by gzip.
    annotations : path, default=None
        For results, the annotation file that they belong to, with "images" and "categories".
    class_names : dict of int to str, list of str, or path, default=None
        For results without such a file, the names of the categories. A list is numbered from 0;
        a file is one of YOLO's, or has a name per line.
    min_score : float, default=0.3
        Objects with a lower score are left out.
    max_objects : int, default=36
        The most confident are kept.
    max_relations : int, default=25
        The most related pairs are kept.

    Returns
    -------
    records : list of GraphRecord
        Without captions. One for each image of the annotation file, even if nothing is in it;
        ``image_id`` is the name of its file, or its number where that is not known.

    Raises
    ------
    ValueError
        If an entry is not in this format, or names of the categories are missing.

    Warns
    -----
    UserWarning
        If something was left out: see :func:`skdeepcluster.scenegraph.read_visual_genome`.
    """
    limits = DetectionLimits(min_score, max_objects, max_relations)
    limits.check()
    data = read_json(path)
    head = read_json(annotations) if annotations is not None else data
    with naming(f"{str(path)!r} is not in COCO's format"):
        found = data["annotations"] if isinstance(data, dict) else data
        files, names = _files(head), _names(head, class_names)
    skipped = Skipped()
    of_image: dict[Any, list[Detection]] = defaultdict(list)
    for position, entry in enumerate(found):
        with naming(f"Entry {position} of {str(path)!r} is not in COCO's format"):
            image = entry["image_id"]
            if isinstance(head, dict) and image not in files:
                skipped.add("objects of an image that is not listed")
                continue
            files.setdefault(image, str(entry.get("file_name", image)))
            of_image[image].append(
                Detection(names.get(entry["category_id"]), entry.get("bbox"), entry.get("score"))
            )
    records = []
    for image, name in files.items():
        with naming(f"Image {image!r} of {str(path)!r} is not in COCO's format"):
            graph = detected_graph(of_image[image], limits, skipped, "xywh")
            records.append(GraphRecord(name, graph))
    skipped.warn(path)
    return records


def _files(head):
    """Return the files' names by the numbers of the images."""
    if not isinstance(head, dict):
        return {}
    return {image["id"]: str(image.get("file_name", image["id"])) for image in head["images"]}


def _names(head, given):
    if given is None and not isinstance(head, dict):
        raise ValueError(
            "it holds results alone: pass annotations=, the file with their images and "
            "categories, or class_names="
        )
    return names_of(head if given is None else given)
