"""Graphs from parsers, checked: a parser may be the user's own."""

from collections.abc import Iterable
from typing import Any

from ..graph import Caption, SceneGraph, caption_of, short_repr
from ..text import TextGraphParser


def parse(parser: Any, X: Any) -> list[SceneGraph]:
    """Let a parser make a graph of each entry.

    Parameters
    ----------
    parser : transformer to SceneGraph objects
    X : sequence of sentences, or images

    Returns
    -------
    graphs : list of SceneGraph

    Raises
    ------
    ValueError, TypeError
        If there is not one graph per entry; the message names the parser.
    """
    graphs = list(parser.transform(X))
    name = type(parser).__name__
    if len(graphs) != len(X):
        raise ValueError(f"{name} returned {len(graphs)} graphs for {len(X)} entries.")
    for i, graph in enumerate(graphs):
        if not isinstance(graph, SceneGraph):
            raise TypeError(f"{name} returned no SceneGraph for entry {i}: {short_repr(graph)}.")
    return graphs


class CaptionParser:
    """Finds the triples of captions, if they are compared at all.

    Parameters
    ----------
    levels : iterable of str
        The levels that are compared.
    """

    def __init__(self, levels: Iterable[str]) -> None:
        self._needs_triples = "relation" in levels
        self._default = TextGraphParser()

    def __call__(self, captions: list[Caption], text_parser: Any = None) -> list[Caption]:
        """Parse the captions that have no triples yet.

        Parameters
        ----------
        captions : list of Caption
        text_parser : transformer from sentences to SceneGraph objects, default=None
            None is ``TextGraphParser()``. Not used if there is nothing to parse.

        Returns
        -------
        captions : list of Caption
            With their triples; without any if none are needed and none were given.
        """
        if not self._needs_triples:
            return [caption._replace(triples=caption.triples or ()) for caption in captions]
        return parse_captions(captions, self._default if text_parser is None else text_parser)


def parse_captions(captions: list[Caption], parser: Any) -> list[Caption]:
    """Parse the captions that have no triples yet.

    Parameters
    ----------
    captions : list of Caption
    parser : transformer from sentences to SceneGraph objects
        Not used if all captions are parsed.

    Returns
    -------
    captions : list of Caption
    """
    texts = [caption.text for caption in captions if caption.triples is None]
    graphs = iter(parse(parser, texts) if texts else ())
    return [
        caption if caption.triples is not None else caption_of(next(graphs), caption.text)
        for caption in captions
    ]
