"""Pictures and sentences as scene graphs, and what matches them."""

from ._entries import SceneObject, SceneRelation
from ._graph import SceneGraph
from ._readers import GraphRecord, read_graph_lines, read_visual_genome
from ._text_parser import TextGraphParser

__all__ = [
    "GraphRecord",
    "SceneGraph",
    "SceneObject",
    "SceneRelation",
    "TextGraphParser",
    "read_graph_lines",
    "read_visual_genome",
]
