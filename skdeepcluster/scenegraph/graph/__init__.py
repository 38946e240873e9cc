"""Scene graphs and captions: what they hold, and how they are checked and drawn."""

from ._boxes import to_corners
from ._captions import Caption, as_caption, as_captions, caption_of
from ._elements import SceneObject, SceneRelation, short_repr
from ._graph import SceneGraph
from ._positions import box_predicates, related_pairs, union_boxes
from ._signs import plain_signs

__all__ = [
    "Caption",
    "SceneGraph",
    "SceneObject",
    "SceneRelation",
    "as_caption",
    "as_captions",
    "box_predicates",
    "caption_of",
    "plain_signs",
    "related_pairs",
    "short_repr",
    "to_corners",
    "union_boxes",
]
