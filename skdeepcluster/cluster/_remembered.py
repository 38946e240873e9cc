"""A fit on what is remembered of the features of images, which need not be at hand."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from ..latent import LatentHead
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
        Of the rows. Its head maps features of images, whatever they hold besides.
    """
    params = {**estimator.get_params(deep=False), "fine_tune": 0}
    if not isinstance(params["init"], str) and not callable(params["init"]):
        # Labels of the first images.
        params["init"] = "consensus"
    if not isinstance(params["cluster_prior"], str):
        # Shares of the clusters that there were.
        params["cluster_prior"] = "estimated"
    fitted = type(estimator)(**{**params, **changed}).fit(reference.features(rows))
    partition = fitted._partition
    return fitted, replace(partition, head=_seeing_along(partition.head, reference.axes))


def _seeing_along(head: LatentHead, axes: np.ndarray) -> LatentHead:
    """Give a head that sees of features only what lies along the axes, as in its training."""
    onto_axes = torch.from_numpy(axes @ axes.T)
    first = cast(nn.Linear, head.layers[0])
    weight = first.weight.detach() * head.scale
    seeing = copy.deepcopy(head)
    seeing.load_state_dict(
        {
            **head.state_dict(),
            "layers.0.weight": weight @ onto_axes,
            "layers.0.bias": first.bias.detach() - weight @ head.mean,
            "mean": torch.zeros_like(head.mean),
            "scale": torch.ones_like(head.scale),
        }
    )
    return seeing
