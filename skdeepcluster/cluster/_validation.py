"""Parameters of the estimator that only the data can settle."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..process_group import is_parallel
from ..starts import check_init

# Warnings name the line that calls ``fit``: between it and the warning are the method itself,
# the function that warns and three decorators.
_WARNING_LEVEL = 6
# How far estimated shares are drawn towards equal ones.
_SMOOTHING = 0.3


def check_n_clusters(n_clusters, min_clusters, max_clusters, n_samples):
    """Check that there can be so many clusters."""
    if n_clusters == "auto":
        if min_clusters > max_clusters:
            raise ValueError(f"min_clusters={min_clusters} is above max_clusters={max_clusters}.")
    elif n_samples < n_clusters:
        raise ValueError(f"n_samples={n_samples} should be >= n_clusters={n_clusters}.")


def check_before_embedding(estimator, source):
    """Raise what can be known of a fit on images before embedding them, which may take long."""
    if estimator.fine_tune:
        check_fine_tuning(
            estimator.backbone, estimator.image_size, estimator.fine_tune_mode, estimator.engine
        )
    check_clusters(estimator, len(source))
    # Images that cannot be read are known after embedding only.
    if estimator.on_error == "raise":
        check_init(estimator.init, estimator.n_clusters, np.ones(len(source), dtype=bool))


def check_clusters(estimator, n_samples):
    """Raise ValueError if so many samples cannot be clustered as an estimator is to do it."""
    n_clusters, prior = estimator.n_clusters, estimator.cluster_prior
    check_n_clusters(n_clusters, estimator.min_clusters, estimator.max_clusters, n_samples)
    check_number_is_open(n_clusters, estimator.init, prior)
    if n_clusters != "auto":
        check_cluster_prior(prior, n_clusters, None)
        if estimator.n_components == 1 and n_clusters > 2:
            raise ValueError("n_components=1 has room for two clusters, not for more.")


def warn_of_empty_clusters(estimator, n_wanted):
    """Warn if a fit has found fewer clusters than so many."""
    wanted = f"n_clusters={n_wanted}"
    if estimator.n_clusters == "auto" and n_wanted < estimator.min_clusters:
        n_wanted, wanted = estimator.min_clusters, f"min_clusters={estimator.min_clusters}"
    if estimator.n_clusters_ < n_wanted:
        warnings.warn(
            f"Only {estimator.n_clusters_} of {wanted} clusters could be filled: "
            "too few samples lie apart.",
            ConvergenceWarning,
            stacklevel=_WARNING_LEVEL,
        )


def check_number_is_open(n_clusters, init, cluster_prior):
    """Check that nothing else determines the number of clusters that is to be found."""
    if n_clusters != "auto":
        return
    for name, given in (("init", init), ("cluster_prior", cluster_prior)):
        if not (isinstance(given, str) or callable(given)):
            raise ValueError(
                f"{name} has one entry or more for each cluster, and so determines how many there "
                'are: n_clusters="auto" has nothing to find. Give the number.'
            )


def is_uneven(cluster_prior):
    """Whether sizes of clusters are expected to differ several times over."""
    return not isinstance(cluster_prior, str) or cluster_prior == "uneven"


def check_cluster_prior(cluster_prior, n_clusters, start):
    """Share of each cluster, a float32 tensor of shape (n_clusters,) that sums to one.

    Parameters
    ----------
    cluster_prior : str or array-like of shape (n_clusters,)
    n_clusters : int
    start : ndarray of shape (n_samples,), int64, or None
        Assignment whose sizes the shares are, or are matched to.
    """
    if isinstance(cluster_prior, str):
        if cluster_prior == "balanced" or start is None:
            return torch.full((n_clusters,), 1 / n_clusters)
        shares = np.bincount(start, minlength=n_clusters) / len(start)
        # A small cluster has little that keeps it alive, and may be small by mistake.
        shares += _SMOOTHING * (1 / n_clusters - shares)
        return torch.from_numpy(shares.astype(np.float32))
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


def check_fine_tuning(backbone, image_size, mode, engine):
    """Raise ValueError for what is not fine-tuned: several networks or sizes, integers."""
    if engine == "int8":
        raise ValueError(
            'engine="int8" runs networks as they come, and fine_tune trains them. Set fine_tune=0 '
            'or engine="auto".'
        )
    if mode == "jointly" and is_parallel():
        raise ValueError(
            'fine_tune_mode="jointly" trains in one process, and this is a group of several. Run '
            'one, or set fine_tune_mode="before".'
        )
    for name, value in {"backbone": backbone, "image_size": image_size}.items():
        if isinstance(value, list | tuple):
            raise ValueError(
                f"fine_tune trains one network in one image size, and {name} is a list. Set "
                "fine_tune=0, or train each by a SelfSupervisedAdapter and pass a list of their "
                "backbone_."
            )
