"""Captions: sentences, and the triples that they state."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ._elements import as_triple, short_repr
from ._graph import SceneGraph


class Caption(NamedTuple):
    """A sentence and its (subject, predicate, object) triples; None if not parsed yet."""

    text: str
    triples: tuple[tuple[str, str, str], ...] | None


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
        # Objects without a relation are words of the sentence, too.
        related = {position for pair in entry.pairs.tolist() for position in pair}
        unrelated = [label for i, label in enumerate(entry.labels) if i not in related]
        return Caption(". ".join([*map(" ".join, entry.triples), *unrelated]), entry.triples)
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
