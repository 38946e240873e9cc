"""A fitted clusterer as a folder, and back."""

import copy

import numpy as np

from ..storage import plain_params, prefixed, read_model, without_prefix, write_model
from ._prototypes import Prototypes

_ARRAYS = (
    "labels_",
    "cluster_centers_",
    "embedding_",
    "probabilities_",
    "outlier_scores_",
    "_feature_means",
)
_SCALARS = ("n_clusters_", "n_features_in_", "n_iter_", "temperature_", "start_score_")


def save(estimator, folder):
    """Write an estimator to a folder."""
    from torch import from_numpy

    embedder = estimator.embedder_
    tensors = {name: from_numpy(getattr(estimator, name).copy()) for name in _ARRAYS}
    tensors["prototypes.points"] = from_numpy(estimator._prototypes.points.copy())
    tensors["prototypes.clusters"] = from_numpy(estimator._prototypes.clusters.copy())
    tensors.update(prefixed("head.", estimator._head.state_dict()))
    if estimator._is_tuned:
        tensors.update(prefixed("backbone.", embedder.load().network.state_dict()))
    names = getattr(estimator, "feature_names_in_", None)
    config = {
        "kind": type(estimator).__name__,
        "params": plain_params(estimator),
        "fitted": {name: getattr(estimator, name) for name in _SCALARS},
        "history": estimator.history_,
        "loss_curve": estimator.loss_curve_,
        "paths": estimator._paths,
        "pictures": estimator._fingerprint,
        "names": estimator._names,
        "n_clusters_criterion": getattr(estimator, "n_clusters_criterion_", None),
        "feature_names": None if names is None else list(names),
        "on_pictures": embedder is not None,
        "fine_tuned": estimator._is_tuned,
        # Of the fit: parameters may have been set anew since.
        "backbone": estimator._backbone_name,
        "image_size": None if embedder is None else plain_params(embedder)["image_size"],
    }
    write_model(folder, config, tensors)


def load(cls, folder, backbone):
    """Rebuild an estimator from its folder."""
    from ..backbones import load_backbone
    from ..latent import LatentHead

    config, tensors = read_model(folder, cls.__name__)
    params = config["params"]
    named = backbone if backbone is not None else config["backbone"]
    if named is None and config["on_pictures"]:
        raise ValueError(
            "The estimator was fitted with a module or a Backbone of yours: pass it as "
            "load(folder, backbone=module)."
        )
    estimator = cls(**params)
    if backbone is not None or (named is not None and "backbone" not in params):
        estimator.set_params(backbone=named)
    for name in _ARRAYS:
        setattr(estimator, name, tensors[name].numpy())
    for name, value in config["fitted"].items():
        setattr(estimator, name, value)
    estimator.history_ = config["history"]
    estimator.loss_curve_ = config["loss_curve"]
    estimator._paths = config["paths"]
    estimator._fingerprint = config.get("pictures")
    estimator._names = config["names"]
    if config["n_clusters_criterion"] is not None:
        estimator.n_clusters_criterion_ = {
            int(n): value for n, value in config["n_clusters_criterion"].items()
        }
    prototypes = without_prefix("prototypes.", tensors)
    estimator._prototypes = Prototypes(**{key: rows.numpy() for key, rows in prototypes.items()})
    if config["feature_names"] is not None:
        estimator.feature_names_in_ = np.asarray(config["feature_names"], dtype=object)
    centers = estimator.cluster_centers_
    estimator._head = LatentHead(estimator.n_features_in_, centers.shape[1])
    estimator._head.load_state_dict(without_prefix("head.", tensors))
    estimator._backbone_name = config["backbone"]
    estimator._is_tuned = config["fine_tuned"]
    estimator.embedder_ = None
    if config["on_pictures"]:
        network = named
        image_size = config.get("image_size", estimator.image_size)
        if config["fine_tuned"]:
            # A copy, since the network may be one that the user has in other places.
            network = copy.deepcopy(load_backbone(named, image_size=image_size))
            network.network.load_state_dict(without_prefix("backbone.", tensors))
        estimator.embedder_ = estimator._make_embedder(network, image_size)
        estimator.embedder_.n_features_in_ = estimator.n_features_in_
    return estimator
