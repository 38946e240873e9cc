"""How well a linear classifier predicts clusters."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

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
    model = Ridge(_PENALTY * len(rows), copy_X=False)
    folds = KFold(min(_N_FOLDS, len(rows)), shuffle=True, random_state=0)
    n_together = max(1, _N_TARGETS // n_clusters)
    information = []
    for first in range(0, len(partitions), n_together):
        chosen = np.stack(partitions[first : first + n_together])
        targets = np.eye(n_clusters, dtype=np.float32)[chosen.T].reshape(len(rows), -1)
        predicted = cross_val_predict(model, rows, targets, cv=folds)
        predicted = predicted.reshape(len(rows), len(chosen), n_clusters).argmax(axis=2)
        information += [
            shared_information(labels, found, n_clusters)
            for labels, found in zip(chosen, predicted.T, strict=True)
        ]
    return np.array(information)
