"""Checks of computed features, and the warning about images that have none."""

import re
import warnings

import numpy as np


def check_batch(batch, source, network, feature_dtype):
    """Refuse features that could be mistaken for an unreadable image's, or cannot be stored.

    Parameters
    ----------
    batch : EmbeddedBatch
    source : ImageSource
    network : LoadedNetwork
        Which computed them.
    feature_dtype : dtype
        Precision in which they are stored.

    Raises
    ------
    FloatingPointError
        If they are not finite.
    ValueError
        If ``feature_dtype`` is too small for them.
    """
    finite = np.isfinite(batch.features).all(axis=1)
    if not finite.all():
        precision = network.engine.precision
        image = source.name(int(batch.indices[~finite][0]))
        cure = (
            'Use dtype="float32" or "bfloat16".'
            if precision == "float16"
            else "Fix the network, or leave the image out."
        )
        raise FloatingPointError(
            f"{network.backbone.name} returns features that are not finite in {precision} for "
            f"{image}. {cure}"
        )
    largest = np.abs(batch.features).max()
    if feature_dtype == np.float16 and largest > np.finfo(np.float16).max:
        raise ValueError(
            f"A feature of {network.backbone.name} is {largest:.0f}, beyond what half precision "
            "can hold. Set feature_dtype='float32'."
        )


def warn_of_skipped(errors, total, shown=20):
    """Warn about images that could not be read, and list the first of them.

    Parameters
    ----------
    errors : list of (int, Exception)
    total : int
        How many images there are.
    shown : int, default=20
        How many are listed.
    """
    # To skip is no advice to who does.
    lines = ["  " + re.sub(",? or set on_error='skip'", "", str(e)) for _, e in errors[:shown]]
    if len(errors) > shown:
        lines.append(f"  ... and {len(errors) - shown} more")
    warnings.warn(
        f"{len(errors)} of {total} images could not be read and were skipped:\n" + "\n".join(lines),
        # Scikit-learn wraps `transform`, and pipelines and clusterers call it in their turn: no
        # number leads to the user's line, so the one shown is that of the embedder.
        stacklevel=2,
    )
