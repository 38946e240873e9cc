"""Images and sentences as scene graphs, and the retrieval of one by the other."""

from .graph import SceneGraph, SceneObject, SceneRelation
from .readers import (
    GraphRecord,
    read_captions,
    read_coco,
    read_gqa,
    read_graph_lines,
    read_open_images,
    read_psg,
    read_visual_genome,
    read_vrd,
    read_yolo,
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
    "read_captions",
    "read_coco",
    "read_gqa",
    "read_graph_lines",
    "read_open_images",
    "read_psg",
    "read_visual_genome",
    "read_vrd",
    "read_yolo",
]
