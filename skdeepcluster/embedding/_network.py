"""A network as an embedder uses it."""

import copy
from dataclasses import dataclass, replace
from typing import Any

from ..backbones import Backbone, load_backbone, make_engine
from ..images import STRONG_VIEWS
from ._views import ViewEngine


@dataclass(frozen=True)
class LoadedNetwork:
    """A backbone, its fingerprint, and the engine that runs it.

    ``n_views`` is 0, or the number of random views of which the engine returns the features.
    """

    backbone: Backbone
    engine: Any
    fingerprint: str
    n_views: int = 0

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

    def of_views(self, n_views):
        """Return the network whose features are those of random views, side by side."""
        return replace(self, engine=ViewEngine(self.engine, n_views), n_views=n_views)

    @property
    def space(self):
        """What features depend on besides the image."""
        space = f"{self.fingerprint}|{self.engine.precision}"
        return f"{space}|unit, {self.n_views} of {STRONG_VIEWS}" if self.n_views else space

    @property
    def n_columns(self):
        """Numbers that the engine returns for an image."""
        return self.backbone.n_features * max(1, self.n_views)
