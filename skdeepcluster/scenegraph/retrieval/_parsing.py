"""Graphs that a parser makes, checked: it may be anybody's."""

from ..graph._entries import shown
from ..graph._graph import SceneGraph


def parse(parser, X):
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
        If there is not one graph an entry; the message names the parser.
    """
    graphs = list(parser.transform(X))
    name = type(parser).__name__
    if len(graphs) != len(X):
        raise ValueError(f"{name} returned {len(graphs)} graphs for {len(X)} entries.")
    for place, graph in enumerate(graphs):
        if not isinstance(graph, SceneGraph):
            raise TypeError(f"{name} returned no SceneGraph for entry {place}: {shown(graph)}.")
    return graphs
