"""What the parameters of the estimator may be, whatever the data is, and the published ones."""

from numbers import Integral, Real
from pathlib import Path

import torch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from ..backbones import ENGINES, Backbone
from ..images import ImageReader
from ..latent import LOSS_WEIGHTS
from ..starts import STARTS

# Of DeepImageClusterer.
PARAMETER_CONSTRAINTS: dict = {
    "n_clusters": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "min_clusters": [Interval(Integral, 1, None, closed="left")],
    "max_clusters": [Interval(Integral, 1, None, closed="left")],
    "backbone": [str, Path, torch.nn.Module, Backbone, list, tuple],
    "image_size": [Interval(Integral, 16, None, closed="left"), list, tuple, None],
    "reader": [ImageReader, callable, None],
    "n_views": [Interval(Integral, 0, None, closed="left")],
    "fine_tune": [Interval(Integral, 0, None, closed="left")],
    "fine_tune_mode": [StrOptions({"before", "jointly"})],
    "fine_tune_iter": [Interval(Integral, 1, None, closed="left")],
    "init": [StrOptions(set(STARTS)), callable, "array-like"],
    "n_components": [Interval(Integral, 1, None, closed="left"), None],
    "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    "agreement": [StrOptions(set(LOSS_WEIGHTS))],
    "loss_weights": [dict, None],
    "cluster_prior": [StrOptions({"balanced", "estimated", "uneven"}), "array-like"],
    "max_iter": [Interval(Integral, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 2, None, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "memory": [str, Path, HasMethods("cache"), None],
    "feature_dtype": [StrOptions({"float32", "float16"})],
    "engine": [StrOptions(set(ENGINES))],
    "device": [str, torch.device],
    "n_jobs": [Integral, None],
    "on_error": [StrOptions({"raise", "skip"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# Those of the paper and its authors' code, as far as they are known.
AS_PUBLISHED: dict = {
    "init": "random",
    "agreement": "latents",
    "cluster_prior": "balanced",
    "fine_tune": 2,
    "fine_tune_mode": "jointly",
    "max_iter": 400,
    # With the authors' 1e-3 all latents fall on one centroid within an epoch.
    "learning_rate": 1e-4,
}
