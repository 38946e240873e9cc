"""A network as an embedder uses it."""

import copy
from dataclasses import dataclass
from typing import Any

from ..backbones import Backbone, load_backbone, make_engine


@dataclass
class LoadedNetwork:
    """A backbone, the engine that runs it, and the digest that its features are stored under."""

    backbone: Backbone
    engine: Any
    fingerprint: str

    @classmethod
    def load(cls, embedder):
        """Load the network that the parameters of an ImageEmbedder name."""
        backbone = load_backbone(embedder.backbone, image_size=embedder.image_size)
        if isinstance(embedder.backbone, Backbone):
            # The caller still holds it: were it changed there, the features of one network would
            # be stored under the fingerprint of another.
            backbone = copy.deepcopy(backbone)
        fingerprint = backbone.fingerprint
        engine = make_engine(
            backbone, engine=embedder.engine, device=embedder.device, dtype=embedder.dtype
        )
        return cls(backbone, engine, fingerprint)
