"""Names to networks, their preprocessing and weights, and the engines that run them."""

from ._backbone import Backbone, BackboneLoadError, BackbonesLike, ImageSizes
from ._checkpoint import read_weights
from ._engines import ENGINES, PRECISIONS, make_engine, resolve_device
from ._hubs import check_url
from ._loading import load_weights
from ._open_clip import encode_texts
from ._options import split_options
from ._packaged import activation_maps, imagenet_classifier
from ._registry import load_backbone, register_backbone, registered_names
from ._split import split_network
from ._table import list_backbones
from ._timm import did_you_mean

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Backbone",
    "BackboneLoadError",
    "BackbonesLike",
    "ImageSizes",
    "activation_maps",
    "check_url",
    "did_you_mean",
    "encode_texts",
    "imagenet_classifier",
    "list_backbones",
    "load_backbone",
    "load_weights",
    "make_engine",
    "read_weights",
    "register_backbone",
    "registered_names",
    "resolve_device",
    "split_network",
    "split_options",
]
