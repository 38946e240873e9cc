"""Captions: sentences, and the triples that they state."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ._elements import as_triple, short_repr
from ._graph import SceneGraph

Triple = tuple[str, str, str]


class Caption(NamedTuple):
    """A sentence, and what it says.

    Parameters
    ----------
    text : str
    triples : tuple of (str, str, str) or None
        What it states: (subject, predicate, object). None if it is not parsed yet.
    stated : str or None, default=None
        What it states in words, if it denies something else; None if it does not.
    denied_objects : tuple of str, default=()
        Objects that are not there, as the sentence says: "hat", "red car".
    denied_triples : tuple of (str, str, str), default=()
        Relations and attributes that it denies.
    """

    text: str
    triples: tuple[Triple, ...] | None
    stated: str | None = None
    denied_objects: tuple[str, ...] = ()
    denied_triples: tuple[Triple, ...] = ()

    @property
    def stated_text(self) -> str:
        """What the sentence states, in words."""
        return self.text if self.stated is None else self.stated


def caption_of(graph: SceneGraph, text: str | None = None) -> Caption:
    """Make a caption of the graph of a sentence.

    Parameters
    ----------
    graph : SceneGraph
    text : str, default=None
        The sentence; None writes one.

    Returns
    -------
    caption : Caption
    """
    related = {end for r in graph.relations if not r.negated for end in (r.subject, r.object)}
    # Objects without a relation are words of the sentence, too.
    unrelated = [
        entry.label
        for i, entry in enumerate(graph.objects)
        if i not in related and not entry.negated
    ]
    stated = ". ".join([*map(" ".join, graph.triples), *unrelated])
    objects, triples = _denials(graph)
    if not objects and not triples:
        return Caption(stated if text is None else text, graph.triples)
    if text is None:
        written = [f"no {label}" for label in objects]
        written += [f"not {' '.join(triple)}" for triple in triples]
        text = ". ".join([stated, *written] if stated else written)
    return Caption(text, graph.triples, stated, objects, triples)


def _denials(graph):
    """Return the phrases of the objects, and the triples, that a graph denies."""
    attributes: dict[int, list[int]] = {}
    for relation in graph.relations:
        if relation.predicate == "is":
            attributes.setdefault(relation.subject, []).append(relation.object)
    described = {i for several in attributes.values() for i in several}
    present = {entry.label for entry in graph.objects if not entry.negated}
    objects = [
        # "No red car" denies red cars only.
        " ".join([*(graph.objects[i].label for i in attributes.get(place, ())), entry.label])
        for place, entry in enumerate(graph.objects)
        # Of two hats, one may be there.
        if entry.negated and place not in described and entry.label not in present
    ]
    triples = [
        graph.triple(place)
        for place, relation in enumerate(graph.relations)
        if relation.negated
        and not (relation.predicate == "is" and graph.objects[relation.subject].negated)
    ]
    return tuple(dict.fromkeys(objects)), tuple(dict.fromkeys(triples))


def as_captions(y: Iterable[Any]) -> tuple[list[Caption], np.ndarray]:
    """Read captions, one or several per image.

    Parameters
    ----------
    y : sequence of captions or of sequences of captions
        A caption is a sentence, a dict with "text" and "triples", or a SceneGraph.

    Returns
    -------
    captions : list of Caption
        Those of all images, one after the other.
    owners : ndarray of shape (n_captions,), int64
        Position in ``y`` of each caption's image.

    Raises
    ------
    TypeError, ValueError
        If an entry is something else; the message names it.
    """
    if isinstance(y, str | Mapping | SceneGraph):
        raise TypeError(f"One caption was passed, not a list of them: {short_repr(y)}.")
    if not isinstance(y, Iterable):
        raise TypeError(f"y is a list of captions, or of lists of captions, not {short_repr(y)}.")
    captions: list[Caption] = []
    owners: list[int] = []
    for i, entry in enumerate(y):
        if isinstance(entry, str | Mapping | SceneGraph):
            captions.append(as_caption(entry, f"y[{i}]"))
            owners.append(i)
            continue
        try:
            entries = list(entry)
        except TypeError:
            message = f"y[{i}] is a caption or a list of captions, not {short_repr(entry)}."
            raise TypeError(message) from None
        if not entries:
            raise ValueError(f"y[{i}] is an empty list: an image needs a caption.")
        captions += [as_caption(part, f"y[{i}][{j}]") for j, part in enumerate(entries)]
        owners += [i] * len(entries)
    return captions, np.array(owners, dtype=np.int64)


def as_caption(entry: Any, name: str) -> Caption:
    """Check a caption; ``name`` is what messages call it."""
    if isinstance(entry, str):
        return Caption(entry, None)
    if isinstance(entry, SceneGraph):
        return caption_of(entry)
    if isinstance(entry, Mapping) and isinstance(entry.get("text"), str):
        triples = entry.get("triples")
        if triples is not None:
            if not isinstance(triples, Iterable):
                raise TypeError(f"The triples of {name} are a list, not {short_repr(triples)}.")
            triples = tuple(as_triple(t, f"triples[{i}] of {name}") for i, t in enumerate(triples))
        return Caption(entry["text"], triples)
    raise TypeError(
        f'{name} is a sentence, a SceneGraph or a dict with "text" and "triples", '
        f"not {short_repr(entry)}."
    )
