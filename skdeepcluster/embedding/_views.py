"""Features of random views of images."""

import hashlib

import numpy as np
import torch
from torch.nn import functional

from ..features import scaled_rows
from ..images import RandomViews, views_of_pixels


class ViewEngine:
    """Maps pixels to the unit features of random views, side by side.

    The views of an image follow from its pixels: they are the same in every run, on every worker
    and in whatever order, so that their features can be cached.

    Parameters
    ----------
    engine : TorchEngine or OnnxEngine
        Embeds the views.
    n_views : int
        Views of each image.
    """

    def __init__(self, engine, n_views):
        self.precision = engine.precision
        self._engine = engine
        self._n_views = n_views

    def __call__(self, pixels):
        """Return float32 of shape (n, n_views * n_features)."""
        draws = torch.stack([self._draws(image) for image in pixels])
        views = views_of_pixels(pixels, draws)
        return np.concatenate([_unit(self._engine(view)) for view in views], axis=1)

    def _draws(self, image):
        seed = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
        rng = np.random.default_rng(int.from_bytes(seed))
        return torch.from_numpy(rng.random((self._n_views, RandomViews.n_draws), dtype=np.float32))


def _unit(features):
    # Scikit-learn's function would refuse what is not finite, but not name the image.
    rows = torch.from_numpy(scaled_rows(features, slice(None)))
    return functional.normalize(rows, dim=1).numpy()
