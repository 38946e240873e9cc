"""Graphs from parsers, checked: a parser may be the user's own."""

from collections.abc import Iterable
from typing import Any

from ...progress import progress_bar, step
from ..graph import Caption, SceneGraph, caption_of, short_repr
from ..text import TextGraphParser

# Captions that are parsed between two moves of a progress bar.
_N_AT_ONCE = 256


def parse(parser: Any, X: Any, first: int = 0) -> list[SceneGraph]:
    """Let a parser make a graph of each entry.

    Parameters
    ----------
    parser : transformer to SceneGraph objects
    X : sequence of sentences, or images
    first : int, default=0
        Position of the first entry, for messages.

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
            raise TypeError(
                f"{name} returned no SceneGraph for entry {first + i}: {short_repr(graph)}."
            )
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

    def has_work(self, captions: list[Caption]) -> bool:
        """Whether any of the captions has to be parsed."""
        return self._needs_triples and any(caption.triples is None for caption in captions)

    def __call__(
        self, captions: list[Caption], text_parser: Any = None, verbose: int = 0
    ) -> list[Caption]:
        """Parse the captions that have no triples yet.

        Parameters
        ----------
        captions : list of Caption
        text_parser : transformer from sentences to SceneGraph objects, default=None
            None is ``TextGraphParser()``. Not used if there is nothing to parse.
        verbose : int, default=0
            Above 0, a progress bar is shown.

        Returns
        -------
        captions : list of Caption
            With their triples; without any if none are needed and none were given.
        """
        if not self._needs_triples:
            return [caption._replace(triples=caption.triples or ()) for caption in captions]
        parser = self._default if text_parser is None else text_parser
        return parse_captions(captions, parser, verbose)


def parse_captions(captions: list[Caption], parser: Any, verbose: int = 0) -> list[Caption]:
    """Parse the captions that have no triples yet.

    Parameters
    ----------
    captions : list of Caption
    parser : transformer from sentences to SceneGraph objects
        Not used if all captions are parsed.
    verbose : int, default=0
        Above 0, a progress bar is shown, and the parser is given a part at a time.

    Returns
    -------
    captions : list of Caption
    """
    texts = [caption.text for caption in captions if caption.triples is None]
    if not texts:
        return captions
    graphs: list[SceneGraph] = []
    name, n_at_once = "parsing captions", _N_AT_ONCE if verbose else len(texts)
    with (
        step(name),
        progress_bar(name, total=len(texts), unit="caption", verbose=verbose) as bar,
    ):
        for first in range(0, len(texts), n_at_once):
            part = texts[first : first + n_at_once]
            graphs += parse(parser, part, first)
            bar.update(len(part))
    parsed = iter(graphs)
    return [
        caption if caption.triples is not None else caption_of(next(parsed), caption.text)
        for caption in captions
    ]
