"""Images and sentences as scene graphs, and the retrieval of one by the other."""

from .graph import (
    GraphRecord,
    SceneGraph,
    SceneObject,
    SceneRelation,
    read_graph_lines,
    read_visual_genome,
)
from .retrieval import SceneGraphRetriever
from .text import TextGraphParser
from .vision import VisualGraphParser

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
