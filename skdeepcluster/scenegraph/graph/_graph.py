"""Objects and the relations between them, of an image or of a sentence."""

from collections.abc import Mapping

import numpy as np

from ._entries import SceneObject, SceneRelation, as_object, as_relation, as_triple, shown


class SceneGraph:
    """Objects and relations of one image or sentence; it does not change.

    Parameters
    ----------
    objects : sequence of str, dict or SceneObject
        Labels, or objects with more than a label.
    relations : sequence of (int, str, int), dict or SceneRelation, default=()
        Subject, predicate and object; subject and object are positions in ``objects``.

    Attributes
    ----------
    objects : tuple of SceneObject
    relations : tuple of SceneRelation
    labels : tuple of str
        Of the objects.
    predicates : tuple of str
        Of the relations.
    triples : tuple of (str, str, str)
        The relations as words.
    pairs : ndarray of shape (n_relations, 2), int64
        Positions of subject and object of each relation.

    Raises
    ------
    ValueError, TypeError
        If an entry is not what it should be; the message names it.

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

    def __init__(self, objects, relations=()):
        _check_list(objects, "objects")
        checked = tuple(as_object(entry, f"objects[{i}]") for i, entry in enumerate(objects))
        set_once = object.__setattr__
        set_once(self, "objects", checked)
        set_once(
            self,
            "relations",
            tuple(
                as_relation(entry, len(checked), f"relations[{i}]")
                for i, entry in enumerate(relations)
            ),
        )

    @classmethod
    def from_triples(cls, triples, objects=()):
        """Make a graph of words, where equal words are one object.

        Parameters
        ----------
        triples : iterable of (str, str, str)
            Subject, predicate and object.
        objects : iterable of str, default=()
            Further objects, for those without a relation.

        Returns
        -------
        graph : SceneGraph
        """
        _check_list(objects, "objects")
        triples = [as_triple(triple, f"triples[{i}]") for i, triple in enumerate(triples)]
        places: dict[str, int] = {}
        for subject, _, target in triples:
            places.setdefault(subject, len(places))
            places.setdefault(target, len(places))
        for label in objects:
            places.setdefault(label, len(places))
        return cls(
            list(places),
            [(places[subject], verb, places[target]) for subject, verb, target in triples],
        )

    @classmethod
    def from_dict(cls, data):
        """Make a graph of what ``to_dict`` returns; other keys are ignored.

        Parameters
        ----------
        data : dict
            ``"objects"``: a list of labels or of dicts with "label" and, if known, "box",
            "score" and "feature"; ``"relations"``, if there are any: a list of
            [subject, predicate, object] or of dicts with these keys and "feature".

        Returns
        -------
        graph : SceneGraph
        """
        if not isinstance(data, Mapping) or "objects" not in data:
            raise ValueError(f'A graph is a dict with the key "objects", not {shown(data)}.')
        return cls(data["objects"], data.get("relations") or ())

    def to_dict(self):
        """Return the graph as lists, dicts and numbers that JSON can hold.

        Returns
        -------
        data : dict
        """
        return {
            "objects": [_plain(entry) for entry in self.objects],
            "relations": [
                [entry.subject, entry.predicate, entry.object]
                if entry.feature is None
                else _plain(entry)
                for entry in self.relations
            ],
        }

    @property
    def labels(self):
        """Labels of the objects."""
        return tuple(entry.label for entry in self.objects)

    @property
    def predicates(self):
        """Predicates of the relations."""
        return tuple(entry.predicate for entry in self.relations)

    @property
    def pairs(self):
        """Positions of subject and object of each relation, (n_relations, 2)."""
        pairs = [(entry.subject, entry.object) for entry in self.relations]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    @property
    def triples(self):
        """The relations as words."""
        return tuple(
            (self.objects[r.subject].label, r.predicate, self.objects[r.object].label)
            for r in self.relations
        )

    def plot(self, image=None, *, ax=None, n_relations=None):
        """Draw boxes and arrows on the image, or nodes in a circle without boxes.

        Parameters
        ----------
        image : image, default=None
            An array, a Pillow image or a path.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        n_relations : int, default=None
            Draw the first ones alone; None draws all.

        Returns
        -------
        ax : matplotlib Axes
        """
        from ._plot import plot_graph

        return plot_graph(self, image, ax, n_relations)

    def __setattr__(self, name, value):
        raise AttributeError("A SceneGraph does not change. Make a new one.")

    def __reduce__(self):
        return type(self), (self.objects, self.relations)

    def __eq__(self, other):
        return isinstance(other, SceneGraph) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def _key(self):
        """All that there is of the graph, as something that can be compared and hashed."""
        return tuple(map(_hashable, self.objects)), tuple(map(_hashable, self.relations))

    def __len__(self):
        return len(self.objects)

    def __repr__(self):
        return f"<SceneGraph: {len(self.objects)} objects, {len(self.relations)} relations>"


def _check_list(entries, name):
    if isinstance(entries, str | Mapping):
        raise TypeError(
            f"{name} is a list, not {shown(entries)}. What to_dict returned is for "
            "SceneGraph.from_dict."
        )


def _hashable(entry):
    fields = (getattr(entry, key) for key in entry.__dataclass_fields__)
    return tuple(value.tobytes() if isinstance(value, np.ndarray) else value for value in fields)


def _plain(entry):
    """Fields that are known, as JSON can hold them."""
    fields = {key: getattr(entry, key) for key in entry.__dataclass_fields__}
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else _listed(value)
        for key, value in fields.items()
        if value is not None
    }


def _listed(value):
    return list(value) if isinstance(value, tuple) else value
