"""Gaps: images that could not be read, which have no features."""

import numpy as np

from ._rows import row_chunks, stored_rows


def with_gaps(values, readable, filler):
    """Spread rows over the readable positions; the others hold the filler."""
    if readable.all():
        return values
    spread = np.full((len(readable), *values.shape[1:]), filler, dtype=values.dtype)
    spread[readable] = values
    return spread


def rows_of_images(features):
    """Whether each row holds the features of an image: those of one skipped are NaN."""
    chunks = row_chunks(len(features))
    return np.concatenate([~np.isnan(stored_rows(features, chunk)[:, 0]) for chunk in chunks])


def without_gaps(features, readable):
    """Move the rows that hold an image together, in place: there may be no room for two."""
    kept = np.flatnonzero(readable)
    for chunk in row_chunks(len(kept)):
        # Rows move up only, so none is overwritten before it is read.
        if kept[chunk][-1] >= chunk.stop:
            features[chunk] = stored_rows(features, kept[chunk])
    return features[: len(kept)]
