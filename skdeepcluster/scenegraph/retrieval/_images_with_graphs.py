"""Images and their graphs, as passed to the retriever."""

from collections.abc import Iterator
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from ...images import list_images
from ..graph import Caption, SceneGraph, as_captions, short_repr
from ._parsing import parse


class ImagesWithGraphs(NamedTuple):
    """Graphs of images, and the images themselves if they are needed, else None."""

    graphs: list[SceneGraph]
    images: list | None

    @property
    def identities(self) -> np.ndarray:
        """Numbers of the images, the same for those that are equal, (n,) int64.

        Images are equal if their graphs are, unless the images themselves are compared, too.
        Graphs without objects, which identify nothing, are all different.
        """
        numbers: dict = {}
        keys = (
            graph if graph.objects and self.images is None else i
            for i, graph in enumerate(self.graphs)
        )
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def as_images(X: Any, parser: Any, keep_images: bool) -> ImagesWithGraphs:
    """Read graphs, images, or images with their graphs.

    Parameters
    ----------
    X : iterable of SceneGraph, of images, or of (image, SceneGraph)
    parser : transformer from images to SceneGraph objects, or None
    keep_images : bool
        Whether the images themselves are needed.

    Returns
    -------
    images : ImagesWithGraphs
        With graphs of what is there, without what they negate.

    Raises
    ------
    TypeError, ValueError
        If graphs and images are mixed, or what is needed is missing.
    """
    images = _read_images(X, parser, keep_images)
    return images._replace(graphs=[graph.without_negated() for graph in images.graphs])


def _read_images(X, parser, keep_images):
    if isinstance(X, SceneGraph):
        raise TypeError("X is one graph; pass a list of graphs.")
    if isinstance(X, Iterator):
        X = list(X)
    entries = _entries(X)
    kinds = ["image"] if entries is None else [_kind(entry) for entry in entries]
    if not kinds:
        return ImagesWithGraphs([], [] if keep_images else None)
    culprit = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), None)
    if culprit is not None:
        raise TypeError(
            f"X holds graphs and other things; X[{culprit}] is {short_repr(entries[culprit])}."
        )
    if kinds[0] == "pair":
        images = [image for image, _ in entries] if keep_images else None
        return ImagesWithGraphs([graph for _, graph in entries], images)
    if kinds[0] == "image":
        return _parsed(X if entries is None else entries, parser, keep_images)
    if keep_images:
        raise ValueError(
            "global_model compares images with sentences: pass (image, SceneGraph) pairs, or "
            "images and a visual_parser, not graphs alone."
        )
    return ImagesWithGraphs(entries, None)


def as_pairs(
    X: Any, y: Any, parser: Any, keep_images: bool
) -> tuple[ImagesWithGraphs, list[Caption], np.ndarray]:
    """Read images and their captions.

    Parameters
    ----------
    X : iterable of SceneGraph, of images, or of (image, SceneGraph)
    y : sequence of captions or of sequences of captions
        One entry per image.
    parser : transformer from images to SceneGraph objects, or None
    keep_images : bool
        Whether the images themselves are needed.

    Returns
    -------
    images : ImagesWithGraphs
    captions : list of Caption
    owners : ndarray of shape (n_captions,), int64
        Image of each caption.

    Raises
    ------
    TypeError, ValueError
        If X and y differ in length, or an entry is invalid.
    """
    images = as_images(X, parser, keep_images)
    captions, owners = as_captions(y)
    # Each entry of y has at least one caption.
    n_entries = owners[-1] + 1 if len(owners) else 0
    if len(images.graphs) != n_entries:
        raise ValueError(
            f"X has {len(images.graphs)} images, y {n_entries} entries: y needs one for "
            "each, a caption or a list of captions."
        )
    return images, captions, owners


def _entries(X):
    """List entries that may be graphs; None for images, which may be costly to read."""
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
        what = f"X[0] is {short_repr(X[0])}" if isinstance(X, list) else f"X is of {type(X)}"
        raise ValueError(
            "X holds images: pass visual_parser=VisualGraphParser(...), which finds their "
            f"graphs, or a list of SceneGraph. {what}."
        )
    if isinstance(X, str | PathLike):
        X = list_images(X)
    graphs = parse(parser, X)
    # Iterating over a Dataset need not end.
    return ImagesWithGraphs(graphs, [X[i] for i in range(len(X))] if keep_images else None)
