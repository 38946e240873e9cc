"""A fitted clusterer as a folder, and back."""

import copy

import numpy as np

from ..backbones import load_backbone
from ..images import as_reader, plain_reader, reader_from_plain
from ..storage import plain_params, prefixed, read_model, without_prefix, write_model
from ._network import NetworkRecord
from ._partition import Partition
from ._predicting import make_embedder

# What the estimator itself knows of its fit.
_SCALARS = ("n_features_in_", "n_iter_", "start_score_")
# How images were read by version 0.1.0.
_FORMER_READER = {"intensity_range": "dtype"}
# Parameters that folders of version 0.1.0 have.
_FORMER_PARAMS = ("n_iter_no_change",)


def save(estimator, folder):
    """Write an estimator to a folder."""
    embedder, network = estimator.embedder_, estimator._network
    facts, tensors = estimator._partition.state()
    if network.is_tuned:
        tensors.update(prefixed("backbone.", embedder.load().network.state_dict()))
    names = getattr(estimator, "feature_names_in_", None)
    config = {
        "kind": type(estimator).__name__,
        "params": plain_params(estimator),
        "fitted": {
            "n_clusters_": estimator.n_clusters_,
            "temperature_": facts["temperature"],
            **{name: getattr(estimator, name) for name in _SCALARS},
        },
        "history": estimator.history_,
        "loss_curve": estimator.loss_curve_,
        "paths": facts["paths"],
        "pictures": facts["fingerprint"],
        "names": facts["names"],
        "n_clusters_criterion": getattr(estimator, "n_clusters_criterion_", None),
        "feature_names": None if names is None else list(names),
        "on_pictures": embedder is not None,
        "fine_tuned": network.is_tuned,
        # Of the fit: parameters may have been set anew since.
        "backbone": network.name,
        "image_size": None if embedder is None else plain_params(embedder)["image_size"],
        "reader": None if embedder is None else plain_reader(embedder.reader_),
        # What a further fit begins with.
        "reader_param": None
        if estimator.reader is None
        else plain_reader(as_reader(estimator.reader)),
    }
    write_model(folder, config, tensors)


def load(cls, folder, backbone, function=None):
    """Rebuild an estimator from its folder."""
    config, tensors = read_model(folder, cls.__name__)
    params = {name: value for name, value in config["params"].items() if name not in _FORMER_PARAMS}
    fitted = config.part("fitted")
    named = backbone if backbone is not None else config["backbone"]
    if named is None and config["on_pictures"]:
        raise ValueError(
            "The estimator was fitted with a module or a Backbone of yours: pass it as "
            "load(folder, backbone=module)."
        )
    estimator = cls(**params)
    if backbone is not None or (named is not None and "backbone" not in params):
        estimator.set_params(backbone=named)
    if config.get("reader_param") is not None:
        estimator.set_params(reader=reader_from_plain(config["reader_param"], function))
    # Before there were readers, images were scaled by the type of their values.
    reader = reader_from_plain(config.get("reader") or _FORMER_READER, function)
    facts = {
        "temperature": fitted["temperature_"],
        "names": config["names"],
        "paths": config["paths"],
        "fingerprint": config.get("pictures"),
        "reader": reader,
    }
    estimator._partition = Partition.from_state(facts, tensors)
    for name in _SCALARS:
        # Folders of earlier versions do not have all.
        if name in fitted:
            setattr(estimator, name, fitted[name])
    estimator.history_ = config["history"]
    estimator.loss_curve_ = config["loss_curve"]
    if config["n_clusters_criterion"] is not None:
        estimator.n_clusters_criterion_ = {
            int(n): value for n, value in config["n_clusters_criterion"].items()
        }
    if config["feature_names"] is not None:
        estimator.feature_names_in_ = np.asarray(config["feature_names"], dtype=object)
    estimator._network = NetworkRecord(config["backbone"], config["fine_tuned"])
    estimator.embedder_ = None
    if config["on_pictures"]:
        network = named
        image_size = config.get("image_size", estimator.image_size)
        if config["fine_tuned"]:
            # A copy, since the network may be one that the user has in other places.
            network = copy.deepcopy(load_backbone(named, image_size=image_size))
            network.network.load_state_dict(without_prefix("backbone.", tensors))
        estimator.embedder_ = make_embedder(estimator, network, image_size, reader)
        estimator.embedder_.reader_ = reader
        estimator.embedder_.n_features_in_ = estimator.n_features_in_
    return estimator
