"""Graphs of detected objects."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import SceneGraph, box_predicates, related_pairs
from ._builder import GraphBuilder
from ._skipped import Skipped


class Detection(NamedTuple):
    """An object of a class, in a box; ``score`` is None for what people have annotated."""

    name: Any
    box: Any
    score: float | None

    @property
    def confidence(self) -> float:
        """The score, 1 without one."""
        return 1.0 if self.score is None else self.score


class DetectionLimits(NamedTuple):
    """How much of what was detected is kept, as by :class:`skdeepcluster.VisualGraphParser`."""

    min_score: float
    max_objects: int
    max_relations: int

    def check(self) -> None:
        """Raise a ValueError if a number is out of its range."""
        if not 0 <= self.min_score <= 1:
            raise ValueError(f"min_score is from 0 to 1, not {self.min_score!r}.")
        for name in ("max_objects", "max_relations"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is 0 or more, not {getattr(self, name)!r}.")


def detected_graph(
    detections: Iterable[Detection],
    limits: DetectionLimits,
    skipped: Skipped,
    box_format: str,
    image_size: Sequence[float] | None = None,
) -> SceneGraph:
    """Make a graph of the most confident detections, related by the positions of their boxes."""
    confident = [each for each in detections if each.confidence >= limits.min_score]
    confident.sort(key=lambda each: -each.confidence)
    builder = GraphBuilder(skipped, box_format, image_size)
    for number, (name, box, score) in enumerate(confident[: limits.max_objects]):
        builder.add_object([number], name, box, score)
    objects = builder.graph().objects
    return SceneGraph(objects, _relations(objects, limits.max_relations))


def _relations(objects, max_relations):
    placed = [i for i, entry in enumerate(objects) if entry.box is not None and _area(entry.box)]
    if len(placed) < 2:
        return []
    boxes = np.array([objects[i].box for i in placed])
    scores = np.array([1.0 if objects[i].score is None else objects[i].score for i in placed])
    pairs = related_pairs(boxes, scores, max_relations)
    return [
        (placed[subject], predicate, placed[target])
        for (subject, target), predicate in zip(
            pairs.tolist(), box_predicates(boxes, pairs), strict=True
        )
    ]


def _area(box):
    left, top, right, bottom = box
    return (right - left) * (bottom - top)
