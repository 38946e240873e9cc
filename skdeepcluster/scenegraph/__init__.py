"""Images and sentences as scene graphs, and what matches them."""

from .graph._entries import SceneObject, SceneRelation
from .graph._graph import SceneGraph
from .graph._readers import GraphRecord, read_graph_lines, read_visual_genome
from .retrieval._retriever import SceneGraphRetriever
from .text._parser import TextGraphParser
from .vision._parser import VisualGraphParser

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
