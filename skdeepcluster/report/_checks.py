"""Which images deserve a look: doubtful ones, outliers, copies, and those with a flaw."""

import numpy as np

from ..neighbors import nearest_neighbors

N_NEIGHBORS = 20
# So many are listed at most.
_MOST_CHECKED = 1000
# Beyond the upper quartile by so many interquartile ranges, a score is far out (Tukey).
_FAR_OUT = 3.0


def neighbor_agreements(features, labels):
    """Share of the 20 nearest neighbours of each image that are in its cluster.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
    labels : ndarray of shape (n_samples,), int64

    Returns
    -------
    agreements : ndarray of shape (n_samples,), float32, in [0, 1]
        NaN if there are no neighbours.
    """
    neighbors = nearest_neighbors(features, N_NEIGHBORS)
    if not neighbors.shape[1]:
        return np.full(len(labels), np.nan, dtype=np.float32)
    return (labels[neighbors] == labels[:, None]).mean(axis=1, dtype=np.float32)


def far_out(scores):
    """Score from which on an image is an outlier; infinite if there are no scores."""
    scores = scores[~np.isnan(scores)]
    if not len(scores):
        return np.inf
    lower, upper = np.quantile(scores, [0.25, 0.75])
    return float(upper + _FAR_OUT * (upper - lower))


def images_to_check(assessment, flaws, duplicates=None):
    """List the images that deserve a look, those that need it most first.

    As many as are expected to be in the wrong cluster, which is what the probabilities add up
    to, those first whose probability and whose share of neighbours in their cluster have the
    lowest product. In turn with them outliers, whose cluster may be as good as any other, images
    with a flaw, and copies, those first that are in another cluster than the one worth keeping.

    Parameters
    ----------
    assessment : Assessment
    flaws : ndarray of shape (n_samples,), str
        "" for an image without one.
    duplicates : Duplicates, default=None

    Returns
    -------
    indices : ndarray of int64
        A thousand at most.
    """
    certainty = assessment.probabilities.max(axis=1)
    n_doubtful = int(np.ceil(np.nansum(1 - certainty)))
    trust = certainty * np.nan_to_num(assessment.agreements, nan=1.0)
    # NaN, of images that could not be read, comes last.
    n_readable = int(np.count_nonzero(~np.isnan(certainty)))
    doubtful = np.argsort(trust, kind="stable")[: min(n_doubtful, n_readable)]
    scores = np.nan_to_num(assessment.outlier_scores, nan=-np.inf)
    order = np.argsort(-scores, kind="stable")
    outliers = order[scores[order] > far_out(assessment.outlier_scores)]
    flawed = np.flatnonzero((flaws != "") & ~np.isnan(certainty))
    kinds = [doubtful, outliers, flawed, _needless_copies(assessment.labels, duplicates)]
    ranks = np.concatenate([np.arange(len(kind)) for kind in kinds])
    listed = np.concatenate(kinds)[np.argsort(ranks, kind="stable")]
    firsts = np.sort(np.unique(listed, return_index=True)[1])
    return listed[firsts][:_MOST_CHECKED]


def _needless_copies(labels, duplicates):
    """List copies of an image that is worth keeping, those first that are in another cluster."""
    if duplicates is None:
        return np.empty(0, dtype=np.int64)
    kept = np.empty(len(labels), dtype=np.int64)
    kept[duplicates.groups[duplicates.is_kept]] = np.flatnonzero(duplicates.is_kept)
    copies = np.flatnonzero(~duplicates.is_kept)
    is_elsewhere = labels[copies] != labels[kept[duplicates.groups[copies]]]
    return copies[np.argsort(~is_elsewhere, kind="stable")]
