"""Pictures and their graphs as the retriever takes them."""

from collections.abc import Iterator
from os import PathLike
from typing import NamedTuple

import numpy as np

from ...images import list_images
from ..graph._entries import shown
from ..graph._graph import SceneGraph
from ._parsing import parse


class Pictures(NamedTuple):
    """Graphs of pictures, and the pictures if they are needed, else None."""

    graphs: list
    pictures: list | None

    @property
    def identities(self):
        """Numbers of the pictures, the same for those that are the same, (n,) int64.

        By their graphs, unless there are the pictures. A graph without objects tells nothing:
        it is the same as no other.
        """
        numbers: dict = {}
        keys = (
            graph if graph.objects and self.pictures is None else place
            for place, graph in enumerate(self.graphs)
        )
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def as_pictures(X, parser, keep_pictures):
    """Read graphs, pictures, or pictures with their graphs.

    Parameters
    ----------
    X : iterable of SceneGraph, of pictures, or of (picture, SceneGraph)
    parser : transformer from pictures to SceneGraph objects, or None
    keep_pictures : bool
        Whether the pictures themselves are needed.

    Returns
    -------
    pictures : Pictures

    Raises
    ------
    TypeError, ValueError
        If graphs and pictures are mixed, or what is needed is not there.
    """
    if isinstance(X, SceneGraph):
        raise TypeError("X is one graph; pass a list of graphs.")
    if isinstance(X, Iterator):
        X = list(X)
    entries = _entries(X)
    kinds = ["picture"] if entries is None else [_kind(entry) for entry in entries]
    if not kinds:
        return Pictures([], [] if keep_pictures else None)
    culprit = next((place for place, kind in enumerate(kinds) if kind != kinds[0]), None)
    if culprit is not None:
        raise TypeError(
            f"X holds graphs and other things; X[{culprit}] is {shown(entries[culprit])}."
        )
    if kinds[0] == "pair":
        pictures = [picture for picture, _ in entries] if keep_pictures else None
        return Pictures([graph for _, graph in entries], pictures)
    if kinds[0] == "picture":
        return _parsed(X if entries is None else entries, parser, keep_pictures)
    if keep_pictures:
        raise ValueError(
            "global_model compares pictures with sentences: pass (picture, SceneGraph) pairs, or "
            "pictures and a visual_parser, not graphs alone."
        )
    return Pictures(entries, None)


def _entries(X):
    """List what may be graphs; None if it is pictures, which may be costly to read."""
    if isinstance(X, list | tuple):
        return list(X)
    if isinstance(X, np.ndarray) and X.dtype == object:
        return list(X)
    # A pandas Series, by position.
    return X.tolist() if hasattr(X, "iloc") and X.ndim == 1 else None


def _kind(entry):
    if isinstance(entry, SceneGraph):
        return "graph"
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], SceneGraph)
    return "pair" if is_pair else "picture"


def _parsed(X, parser, keep_pictures):
    if parser is None:
        what = f"X[0] is {shown(X[0])}" if isinstance(X, list) else f"X is of {type(X)}"
        raise ValueError(
            "X holds pictures: pass visual_parser=VisualGraphParser(...), which finds their "
            f"graphs, or a list of SceneGraph. {what}."
        )
    if isinstance(X, str | PathLike):
        X = list_images(X)
    graphs = parse(parser, X)
    # A Dataset need not tell where it ends.
    return Pictures(graphs, [X[place] for place in range(len(X))] if keep_pictures else None)
