"""A fitted clusterer as a folder, and back."""

from __future__ import annotations

import copy
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..backbones import load_backbone
from ..embedding import FittedNetwork
from ..images import as_fitted, as_reader, function_of, plain_reader, reader_from_plain
from ..storage import (
    ModelFormat,
    open_model,
    plain_params,
    prefixed,
    schema,
    with_params,
    without_prefix,
    write_model,
)
from ._network import NetworkRecord
from ._predicting import make_embedder
from ._stored_partition import partition_tensors, read_partition

if TYPE_CHECKING:
    from ._clusterer import DeepImageClusterer

    Clusterer = TypeVar("Clusterer", bound=DeepImageClusterer)

# Raised whenever a save writes something that it did not write in the last release: a parameter
# of the estimator, a field or a tensor. Format 1 is that of version 0.1.0.
_NUMBER = 2
# Parameters that folders of format 1 have.
_FORMER_PARAMS = ("n_iter_no_change",)
# Fields that those lack.
_NEW_FIELDS = (
    *("pictures", "weights_digest", "quantised", "image_size", "reader", "reader_param"),
    *("n_partitions", "n_clustered", "sees_components", "n_reviewed", "n_known_before"),
)
# What the estimator itself knows of its fit.
_SCALARS = ("n_features_in_", "n_iter_", "start_score_")
# A larger image does not fit into memory.
_MOST_PIXELS_A_SIDE = 2**14
_BACKBONE = "backbone."
# How images were read by version 0.1.0.
_FORMER_READER = {"intensity_range": "dtype"}


def _number_of_clusters(key, name):
    schema.require(key.isascii() and key.isdecimal() and len(key) < 10, f"{name} is no number")


def _number_or_truth(value, name):
    # A list of format 1 says of each epoch whether it improved.
    if not isinstance(value, bool):
        schema.real(finite=False)(value, name)


_FIELDS = schema.record(
    {
        # Their values are left to the estimator's own rules.
        "params": schema.mapping_of(schema.anything),
        "fitted": schema.record(
            {
                "n_clusters_": schema.whole(1),
                "temperature_": schema.real(1e-6, 1e6),
                "n_features_in_": schema.whole(1),
            },
            # As in the first folders of all.
            {"n_iter_": schema.whole(0), "start_score_": schema.real(finite=False)},
        ),
        "history": schema.mapping_of(schema.list_of(_number_or_truth)),
        "loss_curve": schema.list_of(schema.real(finite=False)),
        "paths": schema.maybe(schema.list_of(schema.path)),
        "names": schema.list_of(schema.maybe(schema.text)),
        "n_clusters_criterion": schema.maybe(
            schema.mapping_of(schema.real(finite=False), keys=_number_of_clusters)
        ),
        "feature_names": schema.maybe(schema.list_of(schema.text)),
        "on_pictures": schema.boolean,
        "fine_tuned": schema.boolean,
        "backbone": schema.maybe(schema.one_or_list_of(schema.path)),
    },
    {
        "pictures": schema.maybe(schema.text),
        "weights_digest": schema.maybe(schema.text),
        "quantised": schema.boolean,
        "n_partitions": schema.whole(0),
        "n_clustered": schema.maybe(schema.whole(1)),
        "sees_components": schema.boolean,
        "n_reviewed": schema.maybe(schema.whole(1)),
        "n_known_before": schema.maybe(schema.whole(1)),
        "reader": schema.maybe(schema.mapping_of(schema.anything)),
        "reader_param": schema.maybe(schema.mapping_of(schema.anything)),
        "image_size": schema.maybe(
            schema.one_or_list_of(schema.maybe(schema.whole(16, _MOST_PIXELS_A_SIDE)))
        ),
    },
)


def _format_of(cls):
    return ModelFormat(cls.__name__, _NUMBER, _FIELDS)


def save(estimator: DeepImageClusterer, folder: str | PathLike[str]) -> None:
    """Write an estimator to a folder."""
    embedder, network, partition = estimator.embedder_, estimator._network, estimator._partition
    # Estimators that were pickled before there was this record have none.
    fitted = getattr(embedder, "network_", None)
    tensors = partition_tensors(partition)
    if network.is_tuned:
        assert embedder is not None, "a network was tuned"
        tensors.update(prefixed(_BACKBONE, embedder.load().network.state_dict()))
    names = getattr(estimator, "feature_names_in_", None)
    config = {
        "params": plain_params(estimator),
        "fitted": {
            "n_clusters_": partition.n_clusters,
            "temperature_": partition.temperature,
            **{name: getattr(estimator, name) for name in _SCALARS},
        },
        "history": estimator.history_,
        "loss_curve": estimator.loss_curve_,
        "paths": partition.images.paths,
        "pictures": partition.images.fingerprint,
        "names": list(partition.names),
        "n_partitions": 0 if partition.partitions is None else len(partition.partitions),
        "n_clustered": partition.n_clustered,
        "sees_components": partition.sees_components,
        "n_reviewed": partition.n_reviewed,
        "n_known_before": partition.n_known_before,
        "n_clusters_criterion": getattr(estimator, "n_clusters_criterion_", None),
        "feature_names": None if names is None else list(names),
        "on_pictures": embedder is not None,
        "fine_tuned": network.is_tuned,
        # Of the fit: parameters may have been set anew since.
        "backbone": network.name,
        "weights_digest": None if fitted is None else fitted.weights_digest,
        "quantised": fitted is not None and fitted.quantised,
        "image_size": None if embedder is None else plain_params(embedder)["image_size"],
        "reader": None if embedder is None else plain_reader(embedder.reader_),
        # What a further fit begins with.
        "reader_param": None
        if estimator.reader is None
        else plain_reader(as_reader(estimator.reader)),
    }
    write_model(folder, _format_of(type(estimator)), config, tensors)


def load(
    cls: type[Clusterer], folder: str | PathLike[str], backbone: Any, reader: Any = None
) -> Clusterer:
    """Rebuild an estimator from its folder."""
    with open_model(folder, _format_of(cls)) as stored:
        config = stored.config
        schema.require(
            config["on_pictures"] or not config["fine_tuned"], "fine_tuned is true without images"
        )
        for name in _NEW_FIELDS if stored.number > 1 else ():
            schema.require(name in config, f"it has no {name!r}")
        schema.require(
            stored.number == 1 or not config["on_pictures"] or config["reader"] is not None,
            "reader is null with images",
        )
        estimator = _with_params(cls, stored)
        function = None if reader is None else function_of(reader)
        plain_readers = config.get("reader"), config.get("reader_param")
        if function is not None and not any((each or {}).get("function") for each in plain_readers):
            raise ValueError(
                f"The estimator in {str(folder)!r} was fitted without a function that reads files: "
                "load it without a reader."
            )
        if config.get("reader_param") is not None:
            estimator.set_params(reader=_reader(config["reader_param"], function))
        # Before there were readers, images were scaled by the type of their values.
        fitted = as_fitted(_reader(config.get("reader") or _FORMER_READER, function))
        estimator._partition, names = read_partition(stored, fitted)
        of_backbone = [name for name in stored.tensors.names if name.startswith(_BACKBONE)]
        stored.tensors.refuse_others({*names, *(of_backbone if config["fine_tuned"] else ())})
        named = backbone if backbone is not None else config["backbone"]
        if named is None and config["on_pictures"]:
            raise ValueError(
                f"The estimator in {str(folder)!r} was fitted with a module or a Backbone of "
                "yours: pass it as load(folder, backbone=module)."
            )
        if backbone is not None or (named is not None and "backbone" not in config["params"]):
            estimator.set_params(backbone=named)
        for name in _SCALARS:
            if name in config["fitted"]:
                setattr(estimator, name, config["fitted"][name])
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
            image_size = config.get("image_size", estimator.image_size)
            if config["fine_tuned"]:
                named = _tuned(stored, named, image_size)
            estimator.embedder_ = make_embedder(estimator, named, image_size, fitted)
            estimator.embedder_.reader_ = fitted
            estimator.embedder_.n_features_in_ = estimator.n_features_in_
            if config.get("weights_digest") is not None:
                estimator.embedder_.network_ = FittedNetwork(
                    config["weights_digest"], str(folder), config.get("quantised", False)
                )
    return estimator


def _with_params(cls, stored):
    params = stored.config["params"]
    if stored.number == 1:
        params = {name: value for name, value in params.items() if name not in _FORMER_PARAMS}
    return with_params(cls, params)


def _reader(plain, function):
    try:
        return reader_from_plain(plain, function)
    except (TypeError, ValueError, OverflowError) as error:
        raise schema.Damaged(f"its reader is invalid: {error}".rstrip(".")) from error


def _tuned(stored, backbone, image_size):
    """Load the network that was trained, with the weights that the model has for it."""
    # A copy, since the network may be one that the user has in other places.
    tuned = copy.deepcopy(load_backbone(backbone, image_size=image_size))
    expected = prefixed(_BACKBONE, tuned.network.state_dict())
    weights = without_prefix(_BACKBONE, stored.tensors.read(expected))
    tuned.network.load_state_dict(weights)
    return tuned
