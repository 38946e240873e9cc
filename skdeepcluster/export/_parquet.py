"""Results of a clustering or an embedding as Parquet files."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..storage import check_file, check_folder, whole_file, whole_folder

if TYPE_CHECKING:
    from ..images import ImagesLike

_ROWS_AT_A_TIME = 4096


def write_parquet(
    path: str | os.PathLike[str],
    X: "ImagesLike",
    *,
    labels: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    features: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    outlier_scores: ArrayLike | None = None,
    partition: bool = False,
) -> None:
    """Write a table with a row for each image: its path and what else is given.

    Parameters
    ----------
    path : path
        The file to create or replace; with ``partition``, a folder that must not exist.
    X : images
        The images that were clustered or embedded, for the column "path": paths as they were
        given, "<file>/<member>" and "<file>[<row>]" for images in tar and Parquet files,
        "image <number>" for others.
    labels : array-like of shape (n_samples,), default=None
        For the column "label", int64.
    probabilities : array-like of shape (n_samples, n_clusters), default=None
        For the columns "probabilities", a list of float32, and "probability", the highest of
        them.
    features : array-like of shape (n_samples, n_features), default=None
        For the column "features", a list of float32. A memory-mapped array is read in parts.
    names : list of str, default=None
        Names of the clusters, such as ``cluster_names_``, for the column "name"; needs ``labels``.
    outlier_scores : array-like of shape (n_samples,), default=None
        Such as ``outlier_scores_``, for the column "outlier_score", float32; null where it is NaN.
    partition : bool, default=False
        Whether to write a folder "label=<label>" for each cluster, which can be read on its own.

    Raises
    ------
    ImportError
        Without pyarrow.
    FileExistsError
        If the folder of a partitioned table exists.
    OSError
        If it cannot be written.
    ValueError
        If lengths or dimensions are wrong, there is no name for a label, or ``partition`` or
        ``names`` are given without ``labels``.

    Notes
    -----
    An image that was skipped has the label -1 and nulls for probabilities, features and name. The
    table is written completely or not at all.
    """
    try:
        import pyarrow
        from pyarrow import dataset
    except ImportError as error:
        raise ImportError(
            'Parquet files are written by pyarrow: pip install "skdeepcluster[parquet]".'
        ) from error
    from ..images import as_image_source

    source = as_image_source(X)
    if source is None:
        raise ValueError("X must be the images, whose names are written, not their features.")
    columns = {
        "label": labels,
        "probabilities": probabilities,
        "features": features,
        "outlier_score": outlier_scores,
    }
    given: dict[str, Any] = {n: values for n, values in columns.items() if values is not None}
    for name, values in given.items():
        if len(values) != len(source):
            raise ValueError(f"{name} has {len(values)} rows for {len(source)} images.")
        n_dimensions = 1 if name in ("label", "outlier_score") else 2
        if np.ndim(values) != n_dimensions:
            raise ValueError(f"{name} must be {n_dimensions}-D, not {np.ndim(values)}-D.")
    if partition and labels is None:
        raise ValueError("partition=True needs labels, by which the table is partitioned.")
    if names is not None:
        given["name"] = _names_of_images(labels, names)
    if partition and os.path.lexists(os.path.expanduser(path)):
        raise FileExistsError(f"{os.fspath(path)!r} already exists. Remove it or choose another.")
    check_path = check_folder if partition else check_file
    check_path(path)
    schema = pyarrow.schema(_fields(pyarrow, given))

    def batches():
        for start in range(0, len(source), _ROWS_AT_A_TIME):
            rows = range(start, min(start + _ROWS_AT_A_TIME, len(source)))
            arrays = {"path": pyarrow.array([_text(source.name(row)) for row in rows])}
            for name, values in given.items():
                arrays.update(_arrays(pyarrow, name, values[rows.start : rows.stop]))
            yield pyarrow.record_batch([arrays[name] for name in schema.names], schema=schema)

    if partition:
        flavor = dataset.partitioning(pyarrow.schema([schema.field("label")]), flavor="hive")
        with whole_folder(path) as partial:
            dataset.write_dataset(
                batches(),
                partial,
                schema=schema,
                format="parquet",
                partitioning=flavor,
                # No batch has more clusters than rows.
                max_partitions=_ROWS_AT_A_TIME,
            )
    else:
        from pyarrow.parquet import ParquetWriter

        with whole_file(path) as partial, ParquetWriter(partial, schema) as writer:
            for batch in batches():
                writer.write_batch(batch)


def _text(name):
    """Escape the bytes of a name that are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def _names_of_images(labels, names):
    """List the name of each image's cluster, None for an image that was skipped."""
    if labels is None:
        raise ValueError("names needs labels, which say of which cluster an image is.")
    labels = np.asarray(labels)
    if len(labels) and labels.max() >= len(names):
        raise ValueError(f"There are {len(names)} names, and none for the label {labels.max()}.")
    return [None if label < 0 else str(names[label]) for label in labels]


def _fields(pyarrow, given):
    yield "path", pyarrow.string()
    for name, values in given.items():
        if name == "label":
            yield "label", pyarrow.int64()
        elif name == "name":
            yield "name", pyarrow.string()
        elif name == "outlier_score":
            yield "outlier_score", pyarrow.float32()
        else:
            yield name, pyarrow.list_(pyarrow.float32(), np.shape(values)[1])
        if name == "probabilities":
            yield "probability", pyarrow.float32()


def _arrays(pyarrow, name, values):
    if name == "name":
        return {"name": pyarrow.array(values, pyarrow.string())}
    values = np.asarray(values)
    if name == "label":
        return {"label": pyarrow.array(values, pyarrow.int64())}
    if name == "outlier_score":
        scores = values.astype(np.float32)
        return {name: pyarrow.array(scores, mask=np.isnan(scores))}
    missing = np.isnan(values).any(axis=1)
    flat = pyarrow.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    rows = pyarrow.FixedSizeListArray.from_arrays(
        flat, values.shape[1], mask=pyarrow.array(missing)
    )
    if name == "features":
        return {name: rows}
    highest = values.max(axis=1).astype(np.float32)
    return {name: rows, "probability": pyarrow.array(highest, mask=missing)}
