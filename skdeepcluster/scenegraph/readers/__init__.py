"""Readers: files of scene graphs, of captions and of detections, as they are published."""

from ._captions import read_captions
from ._coco import read_coco
from ._gqa import read_gqa
from ._graph_lines import read_graph_lines
from ._open_images import read_open_images
from ._psg import read_psg
from ._records import GraphRecord
from ._visual_genome import read_visual_genome
from ._vrd import read_vrd
from ._yolo import read_yolo

__all__ = [
    "GraphRecord",
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
