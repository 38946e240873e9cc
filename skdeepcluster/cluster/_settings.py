"""Parameters of the estimator that only the data can settle."""

from numbers import Real
from typing import NamedTuple

import numpy as np
import torch

from ..latent import LOSS_WEIGHTS
from ..starts import CONSENSUS_LIMIT, consensus_start, kmeans_start, power_method_start


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
    wrong = {
        name: weight
        for name, weight in given.items()
        if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf)
    }
    if wrong:
        raise ValueError(f"loss_weights are finite numbers, not negative; got {wrong}.")
    return {**LOSS_WEIGHTS, **given}


def check_n_clusters(n_clusters, min_clusters, max_clusters, n_samples):
    """Check that there can be so many clusters."""
    if n_clusters == "auto":
        if min_clusters > max_clusters:
            raise ValueError(f"min_clusters={min_clusters} is above max_clusters={max_clusters}.")
    elif n_samples < n_clusters:
        raise ValueError(f"n_samples={n_samples} should be >= n_clusters={n_clusters}.")


def check_number_is_open(n_clusters, init, cluster_prior):
    """Check that nothing else tells the number of clusters that is to be found."""
    if n_clusters != "auto":
        return
    for name, given in (("init", init), ("cluster_prior", cluster_prior)):
        if not (isinstance(given, str) or callable(given)):
            raise ValueError(
                f"{name} has one entry or more for each cluster, and so tells how many there "
                'are: n_clusters="auto" has nothing to find. Give the number.'
            )


def check_init(init, n_clusters, readable):
    """Restrict an array of labels to the readable samples; leave any other ``init`` as it is."""
    if isinstance(init, str) or callable(init):
        return init
    labels = np.asarray(init)
    if labels.shape == readable.shape:
        labels = labels[readable]
    return check_labels(labels, n_clusters, np.count_nonzero(readable))


def check_labels(labels, n_clusters, n_samples):
    """Check labels that come from a user."""
    labels = np.asarray(labels)
    if labels.shape != (n_samples,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"init gives labels of shape {labels.shape} and type {labels.dtype}; integers of "
            f"shape ({n_samples},) are needed."
        )
    if labels.min() < 0 or labels.max() >= n_clusters:
        raise ValueError(
            f"init gives labels from {labels.min()} to {labels.max()}; with "
            f"n_clusters={n_clusters} they must lie in [0, {n_clusters - 1}]."
        )
    return labels.astype(np.int64)


def start_labels(init, features, n_clusters, graph, cluster_prior, random_state):
    """Labels that training starts from and, if it was a consensus, the partitions it is of.

    With more clusters than a consensus is made for, "consensus" is the best of a few cuts and
    k-means. Labels are None for a random head. ``init`` is what ``check_init`` returns.
    """
    if callable(init):
        init = init(features, n_clusters, random_state)
    if not isinstance(init, str):
        return check_labels(init, n_clusters, len(features)), None
    if init == "random":
        return None, None
    if init == "kmeans":
        return kmeans_start(features, n_clusters, graph, random_state), None
    if n_clusters > CONSENSUS_LIMIT:
        return power_method_start(features, n_clusters, graph, random_state), None
    uneven = not isinstance(cluster_prior, str) or cluster_prior == "uneven"
    return consensus_start(features, n_clusters, graph.shape[1], random_state, uneven)


def check_cluster_prior(cluster_prior, n_clusters, start):
    """Share of each cluster, a float32 tensor of shape (n_clusters,) that sums to one."""
    if isinstance(cluster_prior, str):
        if cluster_prior == "balanced" or start is None:
            return torch.full((n_clusters,), 1 / n_clusters)
        sizes = np.bincount(start, minlength=n_clusters)
        return torch.from_numpy((sizes / sizes.sum()).astype(np.float32))
    shares = np.asarray(cluster_prior, dtype=np.float64)
    proper = np.isfinite(shares).all() and (shares >= 0).all() and shares.sum() > 0
    if shares.shape != (n_clusters,) or not proper:
        raise ValueError(
            f"cluster_prior must be {n_clusters} shares, finite and not negative, one a cluster; "
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
