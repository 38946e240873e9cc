"""A partition as a saved model holds it."""

from __future__ import annotations

import numpy as np
import torch

from ..images import ImageReader
from ..latent import LatentHead
from ..storage import StoredModel, prefixed, schema, without_prefix
from ._partition import Partition
from ._prototypes import Prototypes
from ._record import ImageRecord
from ._reference import Reference

# Arrays of a partition as saved models name them.
_ARRAYS = {
    "labels": "labels_",
    "centers": "cluster_centers_",
    "latents": "embedding_",
    "probabilities": "probabilities_",
    "outlier_scores": "outlier_scores_",
    "feature_means": "_feature_means",
}
_POINTS, _CLUSTERS = "prototypes.points", "prototypes.clusters"
# Not in models of format 1.
_AXES, _ROWS = "reference.axes", "reference.rows"
_PARTITIONS = "partitions"
# Lengths of vectors that were scaled to one in single precision.
_TOLERANCE = 1e-3


def partition_tensors(partition: Partition) -> dict[str, torch.Tensor]:
    """Return the tensors that a saved model holds of a partition."""
    arrays = {saved: getattr(partition, name) for name, saved in _ARRAYS.items()}
    arrays |= {_POINTS: partition.prototypes.points, _CLUSTERS: partition.prototypes.clusters}
    if partition.reference is not None:
        arrays |= {_AXES: partition.reference.axes, _ROWS: partition.reference.rows}
    if partition.partitions is not None:
        arrays[_PARTITIONS] = partition.partitions
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    return {**tensors, **prefixed("head.", partition.head.state_dict())}


def read_partition(stored: StoredModel, reader: ImageReader) -> tuple[Partition, set[str]]:
    """Rebuild a partition from a saved model, whose numbers must fit together.

    Parameters
    ----------
    stored : StoredModel
    reader : ImageReader
        By which its images are read.

    Returns
    -------
    partition : Partition
    names : set of str
        Of the tensors that it is made from.

    Raises
    ------
    Damaged
        If they do not, before anything is read of which the size does not fit.
    """
    config, fitted = stored.config, stored.config["fitted"]
    n_samples = stored.tensors.size("labels_", 0)
    n_features = stored.tensors.size("_feature_means", 1)
    n_clusters, n_components = (stored.tensors.size("cluster_centers_", axis) for axis in (0, 1))
    sizes = {"n_clusters_": n_clusters, "n_features_in_": n_features}
    for name, size in sizes.items():
        schema.require(
            fitted[name] == size, f"fitted.{name} is {fitted[name]}, and the tensors have {size}"
        )
    lists = {"names": n_clusters, "paths": n_samples, "feature_names": n_features}
    for name, length in lists.items():
        schema.maybe(schema.list_of(schema.anything, length))(config[name], name)
    with torch.device("meta"):
        head = LatentHead(_n_inputs(stored, n_features), n_components)
        n_prototypes = stored.tensors.size(_POINTS, 0)
        expected = {
            "labels_": torch.empty(n_samples, dtype=torch.int64),
            "cluster_centers_": torch.empty(n_clusters, n_components),
            "embedding_": torch.empty(n_samples, n_components),
            "probabilities_": torch.empty(n_samples, n_clusters),
            "outlier_scores_": torch.empty(n_samples),
            "_feature_means": torch.empty(n_clusters, n_features),
            _POINTS: torch.empty(n_prototypes, n_components),
            _CLUSTERS: torch.empty(n_prototypes, dtype=torch.int64),
            **prefixed("head.", head.state_dict()),
        }
    has_reference = _ROWS in stored.tensors.names
    if has_reference:
        n_axes = stored.tensors.size(_ROWS, 1)
        expected[_AXES] = torch.empty(n_features, n_axes, device="meta")
        expected[_ROWS] = torch.empty(n_samples, n_axes, dtype=torch.float16, device="meta")
    if n_partitions := config.get("n_partitions", 0):
        expected[_PARTITIONS] = torch.empty(
            n_partitions, n_samples, dtype=torch.int16, device="meta"
        )
    tensors = stored.tensors.read(expected)
    arrays = {name: tensors[saved].numpy() for name, saved in _ARRAYS.items()}
    prototypes = Prototypes(tensors[_POINTS].numpy(), tensors[_CLUSTERS].numpy())
    of_head = without_prefix("head.", tensors)
    _check_values(arrays, prototypes, of_head)
    head.load_state_dict(of_head, assign=True)
    reference = None
    if has_reference:
        reference = Reference(tensors[_AXES].numpy(), tensors[_ROWS].numpy())
        _check_reference(reference, arrays["labels"])
    partitions = tensors[_PARTITIONS].numpy() if n_partitions else None
    n_clustered = config.get("n_clustered")
    if n_clustered is not None:
        schema.whole(1, n_samples)(n_clustered, "n_clustered")
        schema.require(
            bool((arrays["labels"][:n_clustered] >= 0).any()),
            f"none of the first {n_clustered} images, which were clustered, has a label",
        )
    if partitions is not None:
        _check_partitions(partitions, arrays["labels"], n_clustered)
    partition = Partition(
        head=head,
        prototypes=prototypes,
        temperature=fitted["temperature_"],
        names=tuple(config["names"]),
        images=ImageRecord(config["paths"], config.get("pictures"), reader=reader),
        reference=reference,
        partitions=partitions,
        n_clustered=n_clustered,
        sees_components=config.get("sees_components", False),
        n_reviewed=_number_of_first(config, "n_reviewed", n_samples),
        n_known_before=_number_of_first(config, "n_known_before", n_samples),
        **arrays,
    )
    return partition, set(expected)


def _number_of_first(config, name, n_samples):
    number = config.get(name)
    schema.maybe(schema.whole(1, n_samples))(number, name)
    return number


def _n_inputs(stored, n_features):
    """Size of what the head maps."""
    if not stored.config.get("sees_components", False):
        return n_features
    schema.require(_ROWS in stored.tensors.names, f"sees_components is true without {_ROWS}")
    n_inputs, n_axes = stored.tensors.size("head.mean", 0), stored.tensors.size(_ROWS, 1)
    schema.require(
        n_inputs <= n_axes, f"the head takes {n_inputs} components, and {_ROWS} has {n_axes}"
    )
    return n_inputs


def _check_values(arrays, prototypes, of_head):
    """Check what is not a matter of sizes: as wrong numbers, they would predict something."""
    labels, n_clusters = arrays["labels"], len(arrays["centers"])
    present = labels[labels >= 0]
    schema.require(
        bool(labels.min() >= -1) and np.array_equal(np.unique(present), np.arange(n_clusters)),
        f"labels_ are not those of {n_clusters} clusters, each with a member",
    )
    steps = np.diff(prototypes.clusters, prepend=-1, append=n_clusters)
    schema.require(
        bool(steps[0] == 1 and steps[-1] == 1 and np.isin(steps, (0, 1)).all()),
        f"{_CLUSTERS} does not go from 0 to {n_clusters - 1} step by step",
    )
    finite = {
        **{name: arrays[name] for name in ("centers", "feature_means")},
        **{name: arrays[name][labels >= 0] for name in ("latents", "probabilities")},
        "outlier_scores": arrays["outlier_scores"][labels >= 0],
        **{f"head.{name}": tensor.numpy() for name, tensor in of_head.items()},
    }
    for name, values in finite.items():
        schema.require(
            bool(np.isfinite(values).all()), f"{_ARRAYS.get(name, name)} holds NaN or infinity"
        )
    for name in ("latents", "probabilities", "outlier_scores"):
        schema.require(
            bool(np.isnan(arrays[name][labels < 0]).all()),
            f"{_ARRAYS[name]} holds numbers for an image without a label",
        )
    # Also where they are not finite.
    lengths = np.linalg.norm(prototypes.points, axis=1)
    schema.require(
        bool((np.abs(lengths - 1) < _TOLERANCE).all()), f"{_POINTS} are not vectors of length 1"
    )
    probabilities = arrays["probabilities"][labels >= 0]
    schema.require(
        bool((np.abs(probabilities.sum(axis=1) - 1) < _TOLERANCE).all())
        and bool((probabilities >= 0).all()),
        "probabilities_ do not sum to 1",
    )


def _check_reference(reference, labels):
    lengths = np.linalg.norm(reference.axes, axis=0)
    schema.require(
        bool((np.abs(lengths - 1) < _TOLERANCE).all()), f"{_AXES} are not vectors of length 1"
    )
    readable = labels >= 0
    schema.require(
        bool(np.isfinite(reference.rows[readable]).all())
        and bool(np.isnan(reference.rows[~readable]).all()),
        f"{_ROWS} are not numbers for the images that have labels, and for these alone",
    )


def _check_partitions(partitions, labels, n_clustered):
    # Images that came since are in no part, nor are those that founded a cluster at that time.
    may_be_in_parts = (labels >= 0) & (np.arange(len(labels)) < (n_clustered or len(labels)))
    is_in_parts = partitions >= 0
    schema.require(
        bool((is_in_parts == is_in_parts[0]).all() and (is_in_parts[0] <= may_be_in_parts).all())
        and bool((partitions >= -1).all()),
        f"{_PARTITIONS} are not labels of the images that were clustered, and of these alone",
    )
