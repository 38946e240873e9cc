"""Missing rows: images that could not be read have no features."""

import numpy as np

from ._rows import row_chunks, stored_rows


def with_gaps(values, readable, filler):
    """Put the rows at the readable positions of a longer array, filled with ``filler``."""
    if readable.all():
        return values
    filled = np.full((len(readable), *values.shape[1:]), filler, dtype=values.dtype)
    filled[readable] = values
    return filled


def rows_of_images(features):
    """Whether each row holds the features of an image; a skipped image's row is NaN."""
    chunks = row_chunks(len(features))
    return np.concatenate([~np.isnan(stored_rows(features, chunk)[:, 0]) for chunk in chunks])


def without_gaps(features, readable):
    """Remove missing rows in place: memory may not have room for a second array."""
    kept = np.flatnonzero(readable)
    for chunk in row_chunks(len(kept)):
        # Rows only move towards the start, so none is overwritten before it is read.
        if kept[chunk][-1] >= chunk.stop:
            features[chunk] = stored_rows(features, kept[chunk])
    return features[: len(kept)]
