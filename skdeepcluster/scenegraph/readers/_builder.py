"""A graph in the making, whose objects are named by the identifiers of a file."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..graph import SceneGraph, SceneObject, to_corners
from ._skipped import Skipped


class GraphBuilder:
    """Makes the graph of one image, and leaves out what cannot be part of it.

    Words are in lower case, as in the sentences they are compared with. An attribute becomes an
    object, to which others are related by "is", as in the graphs of sentences.

    Parameters
    ----------
    skipped : Skipped
        Counts objects without a name, boxes that are none, and relations without a predicate or
        one of their ends.
    box_format : str, default="xyxy"
        That of the boxes: see :class:`skdeepcluster.SceneGraph`.
    image_size : (int, int), default=None
        Width and height in pixels, if boxes are in shares of them.
    """

    def __init__(
        self,
        skipped: Skipped,
        box_format: str = "xyxy",
        image_size: Sequence[float] | None = None,
    ) -> None:
        self._skipped = skipped
        self._box_format, self._image_size = box_format, image_size
        self._objects: list[SceneObject] = []
        self._indices: dict[Hashable, int] = {}
        self._attributes: dict[str, int] = {}
        self._relations: dict[tuple[int, str, int], None] = {}

    def add_object(
        self,
        identifiers: Sequence[Hashable],
        names: Any,
        box: Any = None,
        score: float | None = None,
        attributes: Any = None,
    ) -> None:
        """Add an object, unless one of its identifiers has been added before.

        Parameters
        ----------
        identifiers : sequence
            All that relations may call it.
        names : str or list
            The first that is not empty is the label.
        box : sequence of 4 float, default=None
        score : float, default=None
        attributes : str or list, default=None
            Added even if the object is known; equal ones of several objects are one object.
        """
        known = [self._indices[key] for key in identifiers if key in self._indices]
        if not known:
            label = next(filter(None, map(as_word, _listed(names))), "")
            if not label:
                self._skipped.add("objects without a name")
                return
            known.append(len(self._objects))
            self._objects.append(SceneObject(label, self._corners(box), score))
        for key in identifiers:
            self._indices.setdefault(key, known[0])
        for word in map(as_word, _listed(attributes)):
            if not word:
                self._skipped.add("attributes without a name")
                continue
            if word not in self._attributes:
                self._attributes[word] = len(self._objects)
                self._objects.append(SceneObject(word))
            self._relations[known[0], "is", self._attributes[word]] = None

    def add_relation(self, subject: Hashable, predicate: Any, target: Hashable) -> None:
        """Relate two objects, given by any of their identifiers; each relation counts once."""
        word = as_word(predicate)
        if not word:
            self._skipped.add("relations without a predicate")
        elif subject not in self._indices or target not in self._indices:
            self._skipped.add("relations to an object that is missing")
        else:
            self._relations[self._indices[subject], word, self._indices[target]] = None

    def graph(self) -> SceneGraph:
        """Return the graph of all that was added."""
        return SceneGraph(self._objects, self._relations)

    def _corners(self, box):
        if box is None:
            return None
        try:
            numbers = np.array([float(number) for number in box])
            if numbers.shape == (4,) and np.isfinite(numbers).all():
                return tuple(to_corners(numbers, self._box_format, self._image_size).tolist())
        except (ValueError, TypeError, OverflowError):
            pass
        self._skipped.add("boxes of a negative size or without four numbers")
        return None


def _listed(value):
    """Return a list, where one text is not a list of its letters."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def as_word(value: Any) -> str:
    """Return a word or phrase in lower case and with single spaces; "" for what is no text."""
    return " ".join(value.lower().split()) if isinstance(value, str) else ""
