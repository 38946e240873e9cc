"""A fit on what is remembered of the features of images, which need not be at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ._partition import Partition
from ._reference import Reference


def fit_remembered(
    estimator: Any, reference: Reference, rows: np.ndarray, **changed: Any
) -> tuple[Any, Partition]:
    """Fit an estimator with the same parameters on what is remembered of features.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Not changed.
    reference : Reference
    rows : ndarray of shape (n,), int64
        Images that are clustered; all can be read.
    **changed
        Parameters that differ.

    Returns
    -------
    fitted : DeepImageClusterer
        Which knows nothing of images.
    partition : Partition
        Of the rows, which holds the reference of all images; its head sees components, of images
        that come as of these. Mean features are those of the components.
    """
    params = {**estimator.get_params(deep=False), "fine_tune": 0}
    if not isinstance(params["init"], str) and not callable(params["init"]):
        # Labels of the first images.
        params["init"] = "consensus"
    if not isinstance(params["cluster_prior"], str):
        # Shares of the clusters that there were.
        params["cluster_prior"] = "estimated"
    fitted = type(estimator)(**{**params, **changed}).fit(reference.rows[rows])
    return fitted, replace(fitted._partition, reference=reference, sees_components=True)
