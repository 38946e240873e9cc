"""How well a linear classifier predicts clusters."""

import numpy as np
from scipy import sparse
from sklearn.model_selection import KFold

from ..neighbors import shared_information

_N_FOLDS = 5
_PENALTY = 0.01
# Columns of targets that are predicted together.
_N_TARGETS = 2000


def linear_information(rows, partitions, n_clusters):
    """Tell how much a linear classifier knows of the clusters of samples that it has not seen.

    A border that cuts through a dense region is not predicted well, and neither is a cluster of
    several regions that lie apart.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features), float
    partitions : sequence of ndarray of shape (n_samples,), int
        Labels from 0.
    n_clusters : int

    Returns
    -------
    information : ndarray of shape (n_partitions,) in [0, 1]
        Mutual information of clusters and predictions, in units of ``log(n_clusters)``.

    References
    ----------
    A. Gadetsky, Y. Jiang, M. Brbic, "Let Go of Your Labels with Unsupervised Transfer", ICML
    2024, for judging a labelling by a linear classifier that is trained on it; A. Krause,
    P. Perona, R. Gomes, "Discriminative Clustering by Regularized Information Maximization",
    NIPS 2010, for the information.
    """
    rows = (rows / np.maximum(rows.std(), 1e-12)).astype(np.float32)
    splits = KFold(min(_N_FOLDS, len(rows)), shuffle=True, random_state=0).split(rows)
    folds = [held_out for _, held_out in splits]
    n_together = max(1, _N_TARGETS // n_clusters)
    information = []
    for first in range(0, len(partitions), n_together):
        chosen = np.stack(partitions[first : first + n_together])
        predicted = _predicted(rows, chosen, n_clusters, folds)
        information += [
            shared_information(labels, found, n_clusters)
            for labels, found in zip(chosen, predicted, strict=True)
        ]
    return np.array(information)


def _predicted(rows, partitions, n_clusters, folds):
    """Predict each fold of samples by ridge regression of the clusters of the others.

    In closed form, from sums over the folds: all partitions have the same rows.
    """
    places = partitions.T + n_clusters * np.arange(len(partitions))
    targets = _one_hot(places, n_clusters * len(partitions))
    of_folds = [_sums(rows[fold], targets[fold]) for fold in folds]
    of_all = [sum(parts) for parts in zip(*of_folds, strict=True)]
    predicted = np.empty_like(partitions)
    for fold, of_fold in zip(folds, of_folds, strict=True):
        n_rows, row_sums, squares, target_sums, products = (
            whole - part for whole, part in zip(of_all, of_fold, strict=True)
        )
        mean, target_mean = row_sums / n_rows, target_sums / n_rows
        scatter = squares - n_rows * np.outer(mean, mean)
        scatter[np.diag_indices_from(scatter)] += _PENALTY * len(rows)
        weights = np.linalg.solve(scatter, products.T - np.outer(mean, target_sums))
        offsets = (target_mean - mean @ weights).astype(np.float32)
        scores = rows[fold] @ weights.astype(np.float32) + offsets
        scores = scores.reshape(len(fold), len(partitions), n_clusters)
        predicted[:, fold] = scores.argmax(axis=2).T
    return predicted


def _one_hot(places, n_columns):
    starts = np.arange(0, places.size + 1, places.shape[1])
    ones = np.ones(places.size, dtype=np.float32)
    return sparse.csr_array((ones, places.ravel(), starts), shape=(len(places), n_columns))


def _sums(rows, targets):
    """Count rows, and sum these, their products, targets, and the products of both."""
    wide = rows.astype(np.float64)
    return len(rows), wide.sum(axis=0), wide.T @ wide, targets.sum(axis=0), targets.T @ rows
