"""Pictures and their graphs as the retriever takes them."""

from os import PathLike
from typing import NamedTuple

import numpy as np

from ..images import list_images
from ._entries import shown
from ._graph import SceneGraph


class Pictures(NamedTuple):
    """Graphs of pictures, and the pictures, None where only the graphs were given."""

    graphs: list
    pictures: list | None

    @property
    def identities(self):
        """Numbers of the graphs, the same for those that are the same, (n,) int64."""
        numbers: dict = {}
        return np.array([numbers.setdefault(g, len(numbers)) for g in self.graphs], np.int64)


def as_pictures(X, parser, keep_pictures):
    """Read graphs, pictures, or pictures with their graphs.

    Parameters
    ----------
    X : sequence of SceneGraph, of pictures, or of (picture, SceneGraph)
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
    entries = X if hasattr(X, "__len__") and not isinstance(X, str) else [X]
    is_graph = [isinstance(entry, SceneGraph) for entry in entries]
    is_pair = [_is_pair(entry) for entry in entries]
    if all(is_graph):
        if keep_pictures:
            raise ValueError(
                "global_model compares pictures with sentences: pass (picture, SceneGraph) "
                "pairs, or pictures and a visual_parser, not graphs alone."
            )
        return Pictures(list(entries), None)
    if all(is_pair):
        return Pictures([graph for _, graph in entries], [picture for picture, _ in entries])
    if any(is_graph) or any(is_pair):
        kind = is_graph if any(is_graph) else is_pair
        culprit = kind.index(not kind[0])
        raise TypeError(
            f"X holds graphs and other things; X[{culprit}] is {shown(entries[culprit])}."
        )
    if parser is None:
        raise ValueError(
            "X holds pictures: pass visual_parser=VisualGraphParser(...), which finds their "
            f"graphs, or a list of SceneGraph. X[0] is {shown(entries[0])}."
        )
    if isinstance(X, str | PathLike):
        X = list_images(X)
    return Pictures(parser.transform(X), list(X) if keep_pictures else None)


def _is_pair(entry):
    return isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], SceneGraph)
