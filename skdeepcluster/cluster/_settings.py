"""Parameters of the estimator that only the data can settle."""

from typing import NamedTuple

import numpy as np
import torch

from ..latent import (
    LOSS_WEIGHTS,
    consensus_start,
    kmeans_start,
    neighborhood_assortativity,
)


class Aim(NamedTuple):
    """What the latents are trained towards: centroids, their shares, weights of the terms."""

    centroids: torch.Tensor
    prior: torch.Tensor
    loss_weights: dict


def check_loss_weights(loss_weights):
    """Fill in the default weights; unknown names and negative weights are errors."""
    given = loss_weights or {}
    unknown = sorted(set(given) - set(LOSS_WEIGHTS))
    if unknown:
        raise ValueError(f"loss_weights has {unknown}; the terms are {list(LOSS_WEIGHTS)}.")
    negative = sorted(name for name, weight in given.items() if not weight >= 0)
    if negative:
        raise ValueError(f"loss_weights of {negative} must not be negative.")
    return {**LOSS_WEIGHTS, **given}


def start_labels(init, features, n_clusters, graph, readable, cluster_prior, random_state):
    """Labels that training starts from and, if it was a consensus, the partitions it is of.

    Labels are None for a random head.
    """
    if isinstance(init, str):
        if init == "random":
            return None, None
        if init == "consensus":
            uneven = not isinstance(cluster_prior, str) or cluster_prior == "uneven"
            criterion = neighborhood_assortativity if uneven else None
            return consensus_start(features, n_clusters, graph.shape[1], random_state, criterion)
        return kmeans_start(features, n_clusters, graph, random_state), None
    if callable(init):
        labels = np.asarray(init(features, n_clusters, random_state))
    else:
        labels = np.asarray(init)
        if labels.shape == readable.shape:
            labels = labels[readable]
    if labels.shape != (len(features),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"init gives labels of shape {labels.shape} and type {labels.dtype}; integers of "
            f"shape ({len(features)},) are needed."
        )
    if labels.min() < 0 or labels.max() >= n_clusters:
        raise ValueError(
            f"init gives labels from {labels.min()} to {labels.max()}; with "
            f"n_clusters={n_clusters} they must lie in [0, {n_clusters - 1}]."
        )
    return labels.astype(np.int64), None


def check_cluster_prior(cluster_prior, n_clusters, start):
    """Share of each cluster, a float32 tensor of shape (n_clusters,) that sums to one."""
    if isinstance(cluster_prior, str):
        if cluster_prior == "balanced" or start is None:
            return torch.full((n_clusters,), 1 / n_clusters)
        sizes = np.bincount(start, minlength=n_clusters)
        return torch.from_numpy((sizes / sizes.sum()).astype(np.float32))
    shares = np.asarray(cluster_prior, dtype=np.float64)
    if shares.shape != (n_clusters,) or not (shares >= 0).all() or shares.sum() <= 0:
        raise ValueError(
            f"cluster_prior must be {n_clusters} shares that are not negative, one a cluster; "
            f"got {cluster_prior!r}."
        )
    shares = shares / shares.sum()
    if start is not None:
        # Which share belongs to which cluster is not known: the largest goes to the largest
        # cluster of the start, and so on.
        matched = np.empty(n_clusters)
        matched[np.bincount(start, minlength=n_clusters).argsort()] = np.sort(shares)
        shares = matched
    return torch.from_numpy(shares.astype(np.float32))
