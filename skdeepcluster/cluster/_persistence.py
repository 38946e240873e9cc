"""Fitted estimators as folders of JSON and safetensors, which run no code when read."""

import json
import os
import shutil
import uuid
from pathlib import Path

import numpy as np

from .._version import __version__
from ._prototypes import Prototypes

_FORMAT = 1
_CONFIG = "config.json"
_TENSORS = "tensors.safetensors"
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
    """Write beside the folder first, so that it appears whole or not at all."""
    from safetensors.torch import save_file
    from torch import from_numpy

    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / _CONFIG).is_file():
        raise FileExistsError(f"{str(folder)!r} holds other files. Name a new folder.")
    embedder = estimator.embedder_
    tensors = {name: from_numpy(getattr(estimator, name).copy()) for name in _ARRAYS}
    tensors["prototypes.points"] = from_numpy(estimator._prototypes.points.copy())
    tensors["prototypes.clusters"] = from_numpy(estimator._prototypes.clusters.copy())
    tensors.update(_prefixed("head.", estimator._head.state_dict()))
    if embedder is not None and estimator.fine_tune:
        tensors.update(_prefixed("backbone.", embedder.load().network.state_dict()))
    names = getattr(estimator, "feature_names_in_", None)
    config = {
        "format": _FORMAT,
        "version": __version__,
        "params": {
            name: value
            for name, value in estimator.get_params(deep=False).items()
            if _is_plain(value)
        },
        "fitted": {name: getattr(estimator, name) for name in _SCALARS},
        "history": estimator.history_,
        "loss_curve": estimator.loss_curve_,
        "paths": estimator._paths,
        "names": estimator._names,
        "n_clusters_criterion": getattr(estimator, "n_clusters_criterion_", None),
        "feature_names": None if names is None else list(names),
        "on_pictures": embedder is not None,
        "fine_tuned": bool(embedder is not None and estimator.fine_tune),
        "backbone": _backbone_name(estimator),
    }
    partial = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    try:
        partial.mkdir(parents=True)
        (partial / _CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
        save_file(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, partial / _TENSORS
        )
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load(cls, folder, backbone):
    """Rebuild an estimator from its folder."""
    from ..backbones import load_backbone
    from ..latent import LatentHead

    folder = Path(folder)
    if not (folder / _CONFIG).is_file():
        raise FileNotFoundError(f"{str(folder)!r} is no saved {cls.__name__}: no {_CONFIG} in it.")
    config, tensors = _read(folder)
    if config.get("format") != _FORMAT:
        raise ValueError(
            f"{str(folder)!r} has the format {config.get('format')}, and this version "
            f"({__version__}) reads {_FORMAT}. It was written by version {config.get('version')}."
        )
    params = config["params"]
    named = backbone if backbone is not None else config["backbone"]
    if named is None and config["on_pictures"]:
        raise ValueError(
            "The estimator was fitted with a module of yours for a backbone: pass it as "
            "load(folder, backbone=module)."
        )
    estimator = cls(**params)
    if named is not None:
        estimator.set_params(backbone=named)
    for name in _ARRAYS:
        setattr(estimator, name, tensors[name].numpy())
    for name, value in config["fitted"].items():
        setattr(estimator, name, value)
    estimator.history_ = config["history"]
    estimator.loss_curve_ = config["loss_curve"]
    estimator._paths = config["paths"]
    estimator._names = config["names"]
    if config["n_clusters_criterion"] is not None:
        estimator.n_clusters_criterion_ = {
            int(n): value for n, value in config["n_clusters_criterion"].items()
        }
    prototypes = _without_prefix("prototypes.", tensors)
    estimator._prototypes = Prototypes(**{key: rows.numpy() for key, rows in prototypes.items()})
    if config["feature_names"] is not None:
        estimator.feature_names_in_ = np.asarray(config["feature_names"], dtype=object)
    centers = estimator.cluster_centers_
    estimator._head = LatentHead(estimator.n_features_in_, centers.shape[1])
    estimator._head.load_state_dict(_without_prefix("head.", tensors))
    estimator.embedder_ = None
    if config["on_pictures"]:
        network = named
        if config["fine_tuned"]:
            network = load_backbone(named, image_size=estimator.image_size)
            network.network.load_state_dict(_without_prefix("backbone.", tensors))
        estimator.embedder_ = estimator._make_embedder(network)
        estimator.embedder_.n_features_in_ = estimator.n_features_in_
    return estimator


def _read(folder):
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        return config, load_file(folder / _TENSORS)
    except (json.JSONDecodeError, SafetensorError) as error:
        raise ValueError(f"{str(folder)!r} is damaged: {error}. Save it anew.") from error


def _backbone_name(estimator):
    name = estimator.backbone
    return os.fspath(name) if isinstance(name, str | os.PathLike) else None


def _is_plain(value):
    """Whether JSON can hold a parameter; a cache, a module or a callable is left out."""
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def _prefixed(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _without_prefix(prefix, tensors):
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
