"""A network as an embedder uses it."""

import copy
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from ..backbones import Backbone, load_backbone, make_engine
from ..images import STRONG_VIEWS
from ._views import ViewEngine


class FittedNetwork(NamedTuple):
    """What the network of a fit is known again by.

    ``folder`` is where it was saved, if it comes from there; ``quantised``, whether it computed
    in 8-bit integers.
    """

    weights_digest: str
    folder: str | None = None
    quantised: bool = False

    @classmethod
    def of(cls, loaded):
        """Take note of a network that is loaded."""
        return cls(loaded.weights_digest, quantised=loaded.quantised)

    def check(self, loaded):
        """Raise a ValueError if a network that was loaded has other weights or preprocessing.

        Warn if one is quantised and the other is not: their features are alike, not the same.
        """
        if loaded.weights_digest == self.weights_digest:
            if loaded.quantised != self.quantised:
                now, then = ("quantised", "exact") if loaded.quantised else ("exact", "quantised")
                warnings.warn(
                    f"The features of these images are {now}, those of the fit are {then}: near "
                    "to one another (a cosine of 0.99), but not the same, so a few images may be "
                    "assigned otherwise. "
                    f"Set engine={'auto' if loaded.quantised else 'int8'!r} as at fit.",
                    stacklevel=2,
                )
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
    def quantised(self):
        """Whether the engine computes in 8-bit integers."""
        return self.engine.precision.startswith("int8")

    @property
    def space(self):
        """What features depend on besides the image."""
        space = f"{self.fingerprint}|{self.engine.precision}"
        return f"{space}|unit, {self.n_views} of {STRONG_VIEWS}" if self.n_views else space

    @property
    def n_columns(self):
        """Numbers that the engine returns for an image."""
        return self.backbone.n_features * max(1, self.n_views)
