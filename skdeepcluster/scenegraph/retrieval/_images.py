"""Images and their graphs as the retriever takes them."""

from collections.abc import Iterator
from os import PathLike
from typing import NamedTuple

import numpy as np

from ...images import list_images
from ..graph._entries import shown
from ..graph._graph import SceneGraph
from ._parsing import parse


class Images(NamedTuple):
    """Graphs of images, and the images if they are needed, else None."""

    graphs: list
    images: list | None

    @property
    def identities(self):
        """Numbers of the images, the same for those that are the same, (n,) int64.

        By their graphs, unless there are the images. A graph without objects tells nothing:
        it is the same as no other.
        """
        numbers: dict = {}
        keys = (
            graph if graph.objects and self.images is None else place
            for place, graph in enumerate(self.graphs)
        )
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def as_images(X, parser, keep_images):
    """Read graphs, images, or images with their graphs.

    Parameters
    ----------
    X : iterable of SceneGraph, of images, or of (image, SceneGraph)
    parser : transformer from images to SceneGraph objects, or None
    keep_images : bool
        Whether the images themselves are needed.

    Returns
    -------
    images : Images

    Raises
    ------
    TypeError, ValueError
        If graphs and images are mixed, or what is needed is not there.
    """
    if isinstance(X, SceneGraph):
        raise TypeError("X is one graph; pass a list of graphs.")
    if isinstance(X, Iterator):
        X = list(X)
    entries = _entries(X)
    kinds = ["image"] if entries is None else [_kind(entry) for entry in entries]
    if not kinds:
        return Images([], [] if keep_images else None)
    culprit = next((place for place, kind in enumerate(kinds) if kind != kinds[0]), None)
    if culprit is not None:
        raise TypeError(
            f"X holds graphs and other things; X[{culprit}] is {shown(entries[culprit])}."
        )
    if kinds[0] == "pair":
        images = [image for image, _ in entries] if keep_images else None
        return Images([graph for _, graph in entries], images)
    if kinds[0] == "image":
        return _parsed(X if entries is None else entries, parser, keep_images)
    if keep_images:
        raise ValueError(
            "global_model compares images with sentences: pass (image, SceneGraph) pairs, or "
            "images and a visual_parser, not graphs alone."
        )
    return Images(entries, None)


def _entries(X):
    """List what may be graphs; None if it is images, which may be costly to read."""
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
    return "pair" if is_pair else "image"


def _parsed(X, parser, keep_images):
    if parser is None:
        what = f"X[0] is {shown(X[0])}" if isinstance(X, list) else f"X is of {type(X)}"
        raise ValueError(
            "X holds images: pass visual_parser=VisualGraphParser(...), which finds their "
            f"graphs, or a list of SceneGraph. {what}."
        )
    if isinstance(X, str | PathLike):
        X = list_images(X)
    graphs = parse(parser, X)
    # A Dataset need not tell where it ends.
    return Images(graphs, [X[place] for place in range(len(X))] if keep_images else None)
