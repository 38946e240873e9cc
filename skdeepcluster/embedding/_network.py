"""A network as an embedder uses it."""

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from ..backbones import Backbone, load_backbone, make_engine
from ..images import STRONG_VIEWS
from ._views import ViewEngine


class FittedNetwork(NamedTuple):
    """What the network of a fit is known again by.

    ``folder`` is where it was saved, if it comes from there.
    """

    weights_digest: str
    folder: str | None = None

    def check(self, loaded):
        """Raise a ValueError if a network that was loaded has other weights or preprocessing."""
        if loaded.weights_digest == self.weights_digest:
            return
        name = loaded.backbone.name
        if self.folder is None:
            raise ValueError(
                f"The backbone {name!r} has other weights or another preprocessing than at fit. "
                "Restore those, or call fit with the images again."
            )
        raise ValueError(
            f"The backbone {name!r} has other weights or another preprocessing than that with "
            f"which the model in {self.folder!r} was fitted, and its features would be assigned "
            "to wrong clusters. Restore its file, pass the network of the fit as load(folder, "
            "backbone=...), or fit again."
        )


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

    @cached_property
    def weights_digest(self):
        """Digest of weights and preprocessing, which may take a second of a large network."""
        return self.backbone.weights_digest

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
