"""Names to networks, their preprocessing and weights, and the engines that run them."""

from ._backbone import Backbone, BackboneLoadError
from ._engines import make_engine, resolve_device
from ._open_clip import encode_texts
from ._registry import load_backbone, register_backbone, registered_names
from ._split import split_network
from ._table import list_backbones

__all__ = [
    "Backbone",
    "BackboneLoadError",
    "encode_texts",
    "list_backbones",
    "load_backbone",
    "make_engine",
    "register_backbone",
    "registered_names",
    "resolve_device",
    "split_network",
]
