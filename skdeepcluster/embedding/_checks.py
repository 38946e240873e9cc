"""Validation of features that were computed, and the warning of images that have none."""

import warnings

import numpy as np


def check_batch(batch, source, network, engine, feature_dtype):
    """Refuse features that would pass for an unreadable image, or cannot be kept.

    Parameters
    ----------
    batch : EmbeddedBatch
    source : ImageSource
    network : str
        Name of what computed them.
    engine : engine of the network
    feature_dtype : str
        Precision in which they are kept.

    Raises
    ------
    FloatingPointError
        If they are not finite.
    ValueError
        If ``feature_dtype`` is too small for them.
    """
    finite = np.isfinite(batch.features).all(axis=1)
    if not finite.all():
        precision = engine.precision
        image = source.name(int(batch.indices[~finite][0]))
        cure = (
            'Use dtype="float32" or "bfloat16".'
            if precision == "float16"
            else "Mend the network, or leave the image out."
        )
        raise FloatingPointError(
            f"{network} returns features that are not finite in {precision} for {image}. {cure}"
        )
    largest = np.abs(batch.features).max()
    if feature_dtype == "float16" and largest > np.finfo(np.float16).max:
        raise ValueError(
            f"A feature of {network} is {largest:.0f}, beyond what half precision can hold. "
            "Set feature_dtype='float32'."
        )


def warn_of_skipped(errors, total, shown=20):
    """List the first images that could not be read.

    Parameters
    ----------
    errors : list of (int, Exception)
    total : int
        How many images there are.
    """
    lines = [f"  {error}" for _, error in errors[:shown]]
    if len(errors) > shown:
        lines.append(f"  ... and {len(errors) - shown} more")
    warnings.warn(
        f"{len(errors)} of {total} images could not be read and were skipped:\n" + "\n".join(lines),
        stacklevel=4,
    )
