"""Scene graphs and captions: what they hold, how they are read, written and drawn."""

from ._captions import Caption, as_captions
from ._elements import SceneObject, SceneRelation, short_repr
from ._graph import SceneGraph
from ._readers import GraphRecord, read_graph_lines, read_visual_genome

__all__ = [
    "Caption",
    "GraphRecord",
    "SceneGraph",
    "SceneObject",
    "SceneRelation",
    "as_captions",
    "read_graph_lines",
    "read_visual_genome",
    "short_repr",
]
