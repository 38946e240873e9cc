"""The fitted attributes of the estimator, which its partition holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ._partition import Partition
from ._tree import ClusterTree


class _OfPartition:
    """An attribute that can be read once there is a partition."""

    def __init__(self, name: str):
        self._name = name

    def __set_name__(self, owner, attribute):
        self._attribute = attribute

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self
        partition = vars(estimator).get("_partition")
        if partition is None:
            # An AttributeError, too, so that hasattr works.
            raise NotFittedError(
                f"This {type(estimator).__name__} is not fitted yet: call fit before "
                f"{self._attribute!r} is asked for."
            )
        return getattr(partition, self._name)

    def __set__(self, estimator, value):
        raise AttributeError(
            f"{self._attribute} cannot be set: it is what fit found. merge_clusters, "
            "reduce_clusters and set_cluster_names change the clusters."
        )


def _of_partition(name: str) -> Any:
    return _OfPartition(name)


class PartitionAttributes:
    """What a fitted estimator tells of the partition that it found."""

    _partition: Partition

    labels_: np.ndarray = _of_partition("labels")
    n_clusters_: int = _of_partition("n_clusters")
    cluster_centers_: np.ndarray = _of_partition("centers")
    embedding_: np.ndarray = _of_partition("latents")
    probabilities_: np.ndarray = _of_partition("probabilities")
    outlier_scores_: np.ndarray = _of_partition("outlier_scores")
    temperature_: float = _of_partition("temperature")
    tree_: ClusterTree = _of_partition("tree")
    stability_: np.ndarray = _of_partition("stability")
    cluster_names_: list[str] = _of_partition("cluster_names")

    def __sklearn_is_fitted__(self):
        return "_partition" in vars(self)


def partition_of(estimator: PartitionAttributes) -> Partition:
    """Return what a fitted estimator found.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    """
    check_is_fitted(estimator)
    return estimator._partition
