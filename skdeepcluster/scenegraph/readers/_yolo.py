"""Objects as YOLO has them: a text file of labels or results for each image."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ._class_names import class_names as names_of
from ._detections import Detection, DetectionLimits, detected_graph
from ._files import naming, read_text
from ._image_sizes import SizedImages, without_suffix
from ._records import GraphRecord
from ._skipped import Skipped

# Labelling programs write it beside the labels.
_CLASSES = "classes"


def read_yolo(
    folder: str | PathLike,
    *,
    class_names: Any,
    images: str | PathLike | Mapping[str, Any],
    min_score: float = 0.3,
    max_objects: int = 36,
    max_relations: int = 25,
) -> list[GraphRecord]:
    """Read objects in YOLO's format, and relate them by the positions of their boxes.

    A line is a class, the centre, width and height of a box in shares of the image, and for results
    of a detector the score; or a class and the corners of a polygon, whose box is taken. Relations
    are those of :class:`skdeepcluster.VisualGraphParser`: "on", "in", "left of" and others.

    Parameters
    ----------
    folder : path
        With a text file for each image, named like it.
    class_names : path, dict of int to str, or list of str
        data.yaml, or a file with a name per line; or the names themselves.
    images : folder, or dict of str to (int, int)
        The images, in folders like those of the labels; or the width and height of each by its
        name.
    min_score : float, default=0.3
        Objects with a lower score are left out.
    max_objects : int, default=36
        The most confident are kept.
    max_relations : int, default=25
        The most related pairs are kept.

    Returns
    -------
    records : list of GraphRecord
        Without captions. One for each image, even if it has no file of labels, in which nothing
        was found then; ``image_id`` is the path in the folder, or the key of the dict.

    Raises
    ------
    ValueError
        If a line is not in this format; the message names it.

    Warns
    -----
    UserWarning
        If something was left out: see :func:`skdeepcluster.scenegraph.read_visual_genome`.
    """
    limits = DetectionLimits(min_score, max_objects, max_relations)
    limits.check()
    if not Path(folder).is_dir():
        raise NotADirectoryError(f"There is no folder {str(folder)!r} with files of labels.")
    names, sized, skipped = names_of(class_names), SizedImages(images), Skipped()
    labels = {
        without_suffix(path.relative_to(folder).as_posix()): path
        for path in sorted(Path(folder).rglob("*.txt"))
        if path.stem != _CLASSES
    }
    records = []
    for image in sized.names:
        path = labels.pop(without_suffix(image), None)
        detections = [] if path is None else _detections(path, names)
        size = sized.size(image) if detections else None
        with naming(f"{str(path)!r} is not in YOLO's format"):
            graph = detected_graph(detections, limits, skipped, "cxcywh", size)
        records.append(GraphRecord(image, graph))
    for _ in labels:
        skipped.add("files of labels without an image")
    skipped.warn(folder)
    return records


def _detections(path, names):
    detections = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            with naming(f"Line {number} of {str(path)!r} is not in YOLO's format"):
                numbers = [float(part) for part in line.split()]
                detections.append(_detection(numbers, names))
    return detections


def _detection(numbers, names):
    kind, *numbers = numbers
    if len(numbers) < 4:
        raise ValueError(f"there are {len(numbers)} numbers behind the class, and four in a box")
    # Centre, width, height and corners of polygons come in pairs.
    score = numbers.pop() if len(numbers) % 2 else None
    if len(numbers) > 4:
        corners = np.reshape(numbers, (-1, 2))
        low, high = corners.min(axis=0), corners.max(axis=0)
        numbers = [*(low + high) / 2, *(high - low)]
    return Detection(names.get(int(kind)), numbers, score)
