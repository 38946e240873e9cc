"""Captions as the retriever takes them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ..graph._entries import as_triple, shown
from ..graph._graph import SceneGraph
from ._parsing import parse


class Caption(NamedTuple):
    """A sentence, and what it says as (subject, predicate, object); None if not parsed yet."""

    text: str
    triples: tuple | None


def as_captions(y):
    """Read captions, one or several an image.

    Parameters
    ----------
    y : sequence of captions or of sequences of captions
        A caption is a sentence, a dict with "text" and "triples", or a SceneGraph.

    Returns
    -------
    captions : list of Caption
        Of all images, one after the other.
    owners : ndarray of shape (n_captions,), int64
        Position in ``y`` of each.

    Raises
    ------
    TypeError, ValueError
        If an entry is something else; the message names it.
    """
    if isinstance(y, str | Mapping | SceneGraph):
        raise TypeError(f"One caption was passed, not a list of them: {shown(y)}.")
    if not isinstance(y, Iterable):
        raise TypeError(f"y is a list of captions, or of lists of captions, not {shown(y)}.")
    captions, owners = [], []
    for i, entry in enumerate(y):
        if isinstance(entry, str | Mapping | SceneGraph):
            captions.append(_as_caption(entry, f"y[{i}]"))
            owners.append(i)
            continue
        try:
            several = list(entry)
        except TypeError:
            message = f"y[{i}] is a caption or a list of captions, not {shown(entry)}."
            raise TypeError(message) from None
        if not several:
            raise ValueError(f"y[{i}] is an empty list: an image needs a caption.")
        captions += [_as_caption(part, f"y[{i}][{j}]") for j, part in enumerate(several)]
        owners += [i] * len(several)
    return captions, np.array(owners, dtype=np.int64)


def _as_caption(entry, name):
    if isinstance(entry, str):
        return Caption(entry, None)
    if isinstance(entry, SceneGraph):
        # The objects that no relation names are words of the sentence, too.
        related = {place for pair in entry.pairs.tolist() for place in pair}
        alone = [label for i, label in enumerate(entry.labels) if i not in related]
        return Caption(". ".join([*map(" ".join, entry.triples), *alone]), entry.triples)
    if isinstance(entry, Mapping) and isinstance(entry.get("text"), str):
        triples = entry.get("triples")
        if triples is not None:
            if not isinstance(triples, Iterable):
                raise TypeError(f"The triples of {name} are a list, not {shown(triples)}.")
            triples = tuple(as_triple(t, f"triples[{i}] of {name}") for i, t in enumerate(triples))
        return Caption(entry["text"], triples)
    raise TypeError(
        f'{name} is a sentence, a SceneGraph or a dict with "text" and "triples", '
        f"not {shown(entry)}."
    )


def with_triples(captions, parser):
    """Parse the captions that are not parsed yet.

    Parameters
    ----------
    captions : list of Caption
    parser : transformer from sentences to SceneGraph objects

    Returns
    -------
    captions : list of Caption
    """
    texts = [caption.text for caption in captions if caption.triples is None]
    graphs = iter(parse(parser, texts) if texts else ())
    return [
        caption if caption.triples is not None else Caption(caption.text, next(graphs).triples)
        for caption in captions
    ]
