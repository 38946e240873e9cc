"""Objects of an image or of a sentence, and the relations between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ._boxes import check_box_format, look_like_shares
from ._elements import SceneObject, SceneRelation, as_object, as_relation, as_triple, short_repr

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SceneGraph:
    """Objects and relations of one image or sentence; immutable.

    Objects and relations that a sentence denies are a part of its graph, with ``negated`` set. A
    relation is negated if one of its objects is.

    Parameters
    ----------
    objects : sequence of str, dict or SceneObject
        Labels, or objects with more than a label.
    relations : sequence of (int, str, int), dict or SceneRelation, default=()
        Subject, predicate and object; subject and object are indices into ``objects``.
    box_format : {"xyxy", "yxyx", "xxyy", "yyxx", "xywh", "cxcywh"}, default=None
        What the four numbers of a dict's "box" are: the sides in some order, left side, upper side,
        width and height (as in COCO files), or centre, width and height (as in those of YOLO).
        None is "xyxy", and refuses boxes that look like shares of the image.
    image_size : (int, int), default=None
        Width and height of the image in pixels, if boxes are in shares of them, from 0 to 1.

    Attributes
    ----------
    objects : tuple of SceneObject
    relations : tuple of SceneRelation
    labels : tuple of str
        Labels of the objects.
    predicates : tuple of str
        Predicates of the relations.
    triples : tuple of (str, str, str)
        The relations as words, without those that are negated.
    negated_triples : tuple of (str, str, str)
        The negated relations as words.
    pairs : ndarray of shape (n_relations, 2), int64
        Indices of the subject and the object of each relation.

    Raises
    ------
    ValueError, TypeError
        If an entry is invalid; the message names it.

    Examples
    --------
    >>> from skdeepcluster import SceneGraph
    >>> graph = SceneGraph(["dog", "snow"], [(0, "run through", 1)])
    >>> graph.triples
    (('dog', 'run through', 'snow'),)
    """

    __slots__ = ("objects", "relations")

    objects: tuple[SceneObject, ...]
    relations: tuple[SceneRelation, ...]

    def __init__(
        self,
        objects: Iterable[Any],
        relations: Iterable[Any] = (),
        *,
        box_format: str | None = None,
        image_size: Sequence[float] | None = None,
    ) -> None:
        _check_list(objects, "objects")
        check_box_format(box_format, image_size)
        objects = list(objects)
        checked = tuple(
            as_object(entry, f"objects[{i}]", box_format, image_size)
            for i, entry in enumerate(objects)
        )
        if box_format is None and image_size is None:
            _refuse_shares(objects, checked)
        set_once = object.__setattr__
        set_once(self, "objects", checked)
        set_once(
            self,
            "relations",
            tuple(
                _of_ends(as_relation(entry, len(checked), f"relations[{i}]"), checked)
                for i, entry in enumerate(relations)
            ),
        )

    @classmethod
    def from_triples(cls, triples: Iterable[Sequence[str]], objects: Iterable[str] = ()) -> Self:
        """Make a graph from triples of words, where equal words are one object.

        Parameters
        ----------
        triples : iterable of (str, str, str)
            Subject, predicate and object.
        objects : iterable of str, default=()
            Further objects, such as those without a relation.

        Returns
        -------
        graph : SceneGraph
        """
        _check_list(objects, "objects")
        checked = [as_triple(triple, f"triples[{i}]") for i, triple in enumerate(triples)]
        indices: dict[str, int] = {}
        for subject, _, target in checked:
            indices.setdefault(subject, len(indices))
            indices.setdefault(target, len(indices))
        for label in objects:
            indices.setdefault(label, len(indices))
        return cls(
            list(indices),
            [(indices[subject], verb, indices[target]) for subject, verb, target in checked],
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a graph from what ``to_dict`` returns; other keys are ignored.

        Parameters
        ----------
        data : dict
            ``"objects"``: a list of labels or of dicts with "label" and, if known, "box",
            "score", "feature" and "negated"; ``"relations"``, if there are any: a list of
            [subject, predicate, object] or of dicts with these keys, "feature" and "negated";
            ``"box_format"`` and ``"image_size"``, if boxes are not left, top, right and bottom in
            pixels.

        Returns
        -------
        graph : SceneGraph
        """
        if not isinstance(data, Mapping) or "objects" not in data:
            raise ValueError(f'A graph is a dict with the key "objects", not {short_repr(data)}.')
        return cls(
            data["objects"],
            data.get("relations") or (),
            box_format=data.get("box_format"),
            image_size=data.get("image_size"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as lists, dicts and numbers that JSON can hold.

        Returns
        -------
        data : dict
        """
        return {
            "objects": [_plain(entry) for entry in self.objects],
            "relations": [
                [entry.subject, entry.predicate, entry.object]
                if entry.feature is None and not entry.negated
                else _plain(entry)
                for entry in self.relations
            ],
        }

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the objects."""
        return tuple(entry.label for entry in self.objects)

    @property
    def predicates(self) -> tuple[str, ...]:
        """Predicates of the relations."""
        return tuple(entry.predicate for entry in self.relations)

    @property
    def pairs(self) -> np.ndarray:
        """Indices of the subject and the object of each relation, (n_relations, 2)."""
        pairs = [(entry.subject, entry.object) for entry in self.relations]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    @property
    def triples(self) -> tuple[tuple[str, str, str], ...]:
        """The relations as words, without those that are negated."""
        return tuple(self.triple(i) for i, r in enumerate(self.relations) if not r.negated)

    @property
    def negated_triples(self) -> tuple[tuple[str, str, str], ...]:
        """The negated relations as words."""
        return tuple(self.triple(i) for i, r in enumerate(self.relations) if r.negated)

    def triple(self, index: int) -> tuple[str, str, str]:
        """Return a relation as words, negated or not.

        Parameters
        ----------
        index : int
            Its position among ``relations``.

        Returns
        -------
        triple : tuple of (str, str, str)
        """
        entry = self.relations[index]
        return self.objects[entry.subject].label, entry.predicate, self.objects[entry.object].label

    def without_negated(self) -> SceneGraph:
        """Return the graph of what is there: without negated objects and relations.

        Returns
        -------
        graph : SceneGraph
            This one if nothing is negated.
        """
        if not any(r.negated for r in self.relations) and not any(o.negated for o in self.objects):
            return self
        kept = [i for i, entry in enumerate(self.objects) if not entry.negated]
        places = {old: new for new, old in enumerate(kept)}
        return type(self)(
            [self.objects[i] for i in kept],
            [
                replace(entry, subject=places[entry.subject], object=places[entry.object])
                for entry in self.relations
                if not entry.negated
            ],
        )

    def plot(
        self, image: Any = None, *, ax: Axes | None = None, n_relations: int | None = None
    ) -> Axes:
        """Draw boxes and arrows on the image, or, without boxes, nodes in a circle.

        Parameters
        ----------
        image : image, default=None
            An array, a Pillow image or a path.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        n_relations : int, default=None
            How many relations to draw, the first ones; None draws all.

        Returns
        -------
        ax : matplotlib Axes
        """
        from ._plot import plot_graph

        return plot_graph(self, image, ax, n_relations)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("A SceneGraph does not change. Make a new one.")

    def __reduce__(self) -> tuple[type, tuple]:
        return type(self), (self.objects, self.relations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SceneGraph) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple:
        """Return the content of the graph in a form that can be compared and hashed."""
        return tuple(map(_hashable, self.objects)), tuple(map(_hashable, self.relations))

    def __len__(self) -> int:
        return len(self.objects)

    def __repr__(self) -> str:
        return f"<SceneGraph: {len(self.objects)} objects, {len(self.relations)} relations>"


def _of_ends(relation, objects):
    """Negate a relation if one of its objects is: what is not there is not related."""
    is_denied = objects[relation.subject].negated or objects[relation.object].negated
    return replace(relation, negated=True) if is_denied and not relation.negated else relation


def _check_list(entries, name):
    if isinstance(entries, str | Mapping):
        raise TypeError(
            f"{name} is a list, not {short_repr(entries)}. What to_dict returned is for "
            "SceneGraph.from_dict."
        )


def _refuse_shares(objects, checked):
    """Refuse boxes of dicts that are shares of the image; those of SceneObject are pixels."""
    boxes = [
        entry.box
        for given, entry in zip(objects, checked, strict=True)
        if entry.box is not None and not isinstance(given, SceneObject)
    ]
    if look_like_shares(boxes):
        raise ValueError(
            f"The boxes of the objects, such as {list(boxes[0])}, look like shares of the image, "
            "and pixels are expected. Pass image_size=(width, height), and box_format= if they are "
            'not "xyxy"; box_format="xyxy" alone says that they are pixels.'
        )


def _hashable(entry):
    fields = (getattr(entry, key) for key in entry.__dataclass_fields__)
    return tuple(value.tobytes() if isinstance(value, np.ndarray) else value for value in fields)


def _plain(entry):
    """Return the fields that are not None or False, as JSON can hold them."""
    fields = {key: getattr(entry, key) for key in entry.__dataclass_fields__}
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else _listed(value)
        for key, value in fields.items()
        if value is not None and value is not False
    }


def _listed(value):
    return list(value) if isinstance(value, tuple) else value
