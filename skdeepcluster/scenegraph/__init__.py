"""Pictures and sentences as scene graphs, and what matches them."""

from ._entries import SceneObject, SceneRelation
from ._graph import SceneGraph
from ._readers import GraphRecord, read_graph_lines, read_visual_genome
from ._retriever import SceneGraphRetriever
from ._text_parser import TextGraphParser
from ._visual_parser import VisualGraphParser

__all__ = [
    "GraphRecord",
    "SceneGraph",
    "SceneGraphRetriever",
    "SceneObject",
    "SceneRelation",
    "TextGraphParser",
    "VisualGraphParser",
    "read_graph_lines",
    "read_visual_genome",
]
