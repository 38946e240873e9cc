"""What a user knows of some samples, as it is given."""

from numbers import Integral
from typing import NamedTuple

import numpy as np

UNKNOWN = -1


def is_unknown(y):
    """Whether entries of ``y`` are -1, which stands for an unknown class, bool of its shape."""
    y = np.asarray(y)
    # Strings are never -1; among objects there may be strings and numbers.
    return np.equal(y, UNKNOWN).astype(bool) if y.dtype.kind in "iufO" else np.zeros(y.shape, bool)


class Given(NamedTuple):
    """Clusters of some samples, and pairs of samples.

    ``labels``, int64 of shape (n_samples,), -1 where the cluster is not known; ``must_link`` and
    ``cannot_link``, int64 of shape (n_pairs, 2), positions of samples.
    """

    labels: np.ndarray
    must_link: np.ndarray
    cannot_link: np.ndarray


def check_given(y, must_link, cannot_link, n_samples):
    """Check what a user gives.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or None
        Without a -1 it is ignored, whatever it holds: classes to score by, of another's search.
    must_link, cannot_link : array-like of shape (n_pairs, 2) or None
    n_samples : int

    Returns
    -------
    given : Given or None
        None if nothing is known.

    Raises
    ------
    ValueError
        If labels or pairs are not integers, of the wrong shape or out of range.
    """
    labels = _check_labels(y, n_samples)
    must_link = _check_pairs("must_link", must_link, n_samples)
    cannot_link = _check_pairs("cannot_link", cannot_link, n_samples)
    if (labels == UNKNOWN).all() and not len(must_link) and not len(cannot_link):
        return None
    return Given(labels, must_link, cannot_link)


def _check_labels(y, n_samples):
    unknown = np.full(n_samples, UNKNOWN)
    if y is None:
        return unknown
    labels = np.asarray(y)
    if not is_unknown(labels).any():
        return unknown
    if labels.shape != (n_samples,):
        raise ValueError(
            f"y has the shape {labels.shape}; with -1 for images of unknown cluster it gives "
            f"the clusters of the others, and needs the shape ({n_samples},)."
        )
    if not all(isinstance(label, Integral) for label in labels.tolist()):
        raise ValueError(
            "y holds -1, for images of unknown cluster, and entries that are no integers. "
            "Number the classes from 0: sklearn.preprocessing.LabelEncoder does."
        )
    labels = labels.astype(np.int64)
    if labels.min() < UNKNOWN:
        raise ValueError(f"y holds {labels.min()}; labels are 0 or more, or -1 for unknown ones.")
    return labels


def _check_pairs(name, pairs, n_samples):
    pairs = np.asarray([] if pairs is None else pairs)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has the shape {pairs.shape} and the type {pairs.dtype}; it holds pairs of "
            "positions in X, integers of shape (n_pairs, 2)."
        )
    if pairs.min() < 0 or pairs.max() >= n_samples:
        wrong = pairs[((pairs < 0) | (pairs >= n_samples)).any(axis=1)][0]
        raise ValueError(
            f"{name} holds the pair {tuple(wrong.tolist())}; positions of the {n_samples} images "
            f"in X are from 0 to {n_samples - 1}."
        )
    return pairs.astype(np.int64)
