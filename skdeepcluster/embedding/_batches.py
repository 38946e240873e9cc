"""Batches of features, as they are computed in this process."""

from typing import NamedTuple

import numpy as np

from ..images import iter_batches


class EmbeddedBatch(NamedTuple):
    """Features of some images.

    ``features`` is float32 of shape (n, n_features), ``indices`` int64 of shape (n,);
    ``errors`` lists (index, ImageReadError) of the images left out.
    """

    indices: np.ndarray
    features: np.ndarray
    errors: list


def embed_batches(engine, source, resizing, **how):
    """Run an engine over images; ``how`` goes to :func:`skdeepcluster.images.iter_batches`.

    Yields
    ------
    batch : EmbeddedBatch
    """
    batches = iter_batches(source, resizing, **how)
    try:
        for batch in batches:
            features = engine(batch.pixels) if len(batch.indices) else np.empty((0, 0), np.float32)
            yield EmbeddedBatch(batch.indices, features, batch.errors)
    finally:
        batches.close()
