"""Batches of features, computed in this process."""

from typing import NamedTuple

import numpy as np


class EmbeddedBatch(NamedTuple):
    """Features of a batch of images.

    ``features`` is float32 of shape (n, n_features), ``indices`` int64 of shape (n,);
    ``errors`` lists (index, ImageReadError) of the images that were skipped.
    """

    indices: np.ndarray
    features: np.ndarray
    errors: list


def embed_batches(engine, batches):
    """Run an engine over batches of images.

    Parameters
    ----------
    engine : TorchEngine or OnnxEngine
    batches : generator of Batch
        As :func:`skdeepcluster.images.iter_batches` makes it; it is closed at the end.

    Yields
    ------
    batch : EmbeddedBatch
    """
    try:
        for batch in batches:
            features = engine(batch.pixels) if len(batch.indices) else np.empty((0, 0), np.float32)
            yield EmbeddedBatch(batch.indices, features, batch.errors)
    finally:
        batches.close()
