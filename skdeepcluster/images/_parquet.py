"""Images in Parquet files."""

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ._encoded import EncodedSource, bytes_of_record
from ._errors import ImageReadError
from ._typing import PathLike

# Row groups in memory: images are read in order, so a batch crosses one border at most.
_ROW_GROUPS = 2


def read_parquet_images(
    path: PathLike | Sequence[PathLike], column: str = "image", *, filesystem: Any = None
) -> "ParquetSource | list[str | None]":
    """Read a column of images from Parquet files.

    Parameters
    ----------
    path : path, URL or list of them
        A file, a folder of files (partitioned or not) or a list of files: anything that
        ``pyarrow.dataset.dataset`` accepts.
    column : str, default="image"
        The column of encoded images (bytes, or a struct with the fields "bytes" and "path", as
        datasets of Hugging Face write it; where there are no bytes, the file at the path is read)
        or of paths (strings).
    filesystem : fsspec or pyarrow filesystem, default=None
        Where ``path`` is. None infers it from ``path``, with fsspec if it is a URL.

    Returns
    -------
    images : ParquetSource or list of str or None
        To be passed to the estimators as ``X``. Encoded images are a sequence in the order of
        the rows, read one row group at a time and decoded when they are needed; two row groups
        are in memory at most. Paths are read at once; relative ones are relative to the current
        working directory, and missing ones are None, which are images that cannot be read.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is not Parquet, is damaged or has no such column, or if there are no rows.

    Examples
    --------
    >>> from skdeepcluster import DeepImageClusterer
    >>> from skdeepcluster.images import read_parquet_images
    >>> images = read_parquet_images("photos.parquet", "image")  # doctest: +SKIP
    >>> DeepImageClusterer(10).fit(images)  # doctest: +SKIP
    """
    pyarrow, dataset = _open(path, filesystem)
    kinds = set()
    for fragment in dataset.get_fragments():
        with _damage_named(fragment.path):
            schema = fragment.physical_schema
        kinds.add(_kind(schema, column, fragment.path, pyarrow.types))
    if len(kinds) > 1:
        raise ValueError(
            f"Column {column!r} of {str(path)!r} holds images in some files and paths in others. "
            "Read them separately."
        )
    if kinds == {"paths"}:
        return _paths(dataset, pyarrow.compute.field(column), column, str(path))
    source = _index(dataset, column, str(path))
    if not any(group.has_bytes for group in source.groups) and _has_paths(dataset, column):
        # Of such a column the paths alone are read.
        return _paths(dataset, pyarrow.compute.field(column, "path"), column, str(path))
    return source


def _kind(schema, column, path, types):
    """Find out whether the column holds "images" or "paths"."""
    if column not in schema.names:
        raise ValueError(
            f"There is no column {column!r} in {path!r}; there are {', '.join(schema.names)}."
        )
    stored = schema.field(column).type
    kind = stored.value_type if types.is_dictionary(stored) else stored
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "paths"
    in_struct = types.is_struct(kind) and kind.get_field_index("bytes") >= 0
    if in_struct or any(
        is_binary(kind)
        for is_binary in (types.is_binary, types.is_large_binary, types.is_binary_view)
    ):
        return "images"
    raise ValueError(
        f"Column {column!r} of {path!r} holds {stored}: neither encoded images (binary, or a "
        "struct with the field bytes) nor paths (string)."
    )


def _paths(dataset, field, column, path):
    """Read a column of paths, in which missing ones are None."""
    paths: list[str | None] = []
    for fragment in dataset.get_fragments():
        with _damage_named(fragment.path):
            # The schema of the dataset is that of its first file.
            table = fragment.to_table(schema=dataset.schema, columns={"path": field})
        paths += table["path"].to_pylist()
    if not paths:
        raise ValueError(f"Column {column!r} of {path!r} has no rows.")
    return paths


@contextmanager
def _damage_named(path):
    """Name the file in errors of pyarrow, which says by OSError without a number that it is bad."""
    from pyarrow import ArrowInvalid

    try:
        yield
    except (ArrowInvalid, OSError) as error:
        is_of_machine = isinstance(error, OSError) and error.errno is not None
        if is_of_machine or isinstance(error, FileNotFoundError):
            raise
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path!r} cannot be read as Parquet. It may be truncated or damaged, or be none: "
            f"replace it, or leave it out. ({reason})"
        ) from error


def _open(path, filesystem):
    try:
        import pyarrow
        import pyarrow.compute
        from pyarrow import dataset
    except ImportError as error:
        raise ImportError(
            'Parquet files are read by pyarrow: pip install "skdeepcluster[parquet]".'
        ) from error
    several = isinstance(path, list | tuple)
    paths = [os.path.expanduser(each) for each in (path if several else [path])]
    if filesystem is None and any("://" in each for each in paths):
        import fsspec

        filesystem = fsspec.core.url_to_fs(paths[0])[0]
        paths = [filesystem._strip_protocol(each) for each in paths]
    elif filesystem is None:
        # Workers on other machines have another working directory.
        paths = [os.path.abspath(each) for each in paths]
    with _damage_named(str(path)):
        # Values in the names of folders are not needed, and may contradict the columns.
        found = dataset.dataset(
            paths if several else paths[0],
            format="parquet",
            filesystem=filesystem,
            partitioning=None,
        )
    return pyarrow, found


def _index(dataset, column, path):
    """List the row groups and rows of all files."""
    groups: list[RowGroup] = []
    n_rows: list[int] = []
    for fragment in dataset.get_fragments():
        info = dataset.filesystem.get_file_info(fragment.path)
        first = 0
        for group in fragment.row_groups:
            n_without = _n_without_bytes(fragment.metadata.row_group(group.id), column)
            groups.append(
                RowGroup(
                    *(fragment.path, group.id, first, info.size, info.mtime_ns),
                    has_bytes=n_without < group.num_rows,
                    has_paths=n_without > 0,
                )
            )
            n_rows.append(group.num_rows)
            first += group.num_rows
    if not sum(n_rows):
        raise ValueError(f"{path!r} has no rows.")
    places = np.repeat(np.arange(len(groups)), n_rows)
    rows = np.concatenate([np.arange(n) for n in n_rows])
    return ParquetSource(np.stack([places, rows], axis=1), groups, dataset.filesystem, column)


def _has_paths(dataset, column):
    return dataset.schema.field(column).type.get_field_index("path") >= 0


def _n_without_bytes(metadata, column):
    """Count the rows of a row group that have no bytes in a struct; 0 if that is not known."""
    for place in range(metadata.num_columns):
        chunk = metadata.column(place)
        if chunk.path_in_schema != f"{column}.bytes":
            continue
        if chunk.physical_type != "BYTE_ARRAY":
            # A column of nulls alone may have any type.
            return metadata.num_rows
        if chunk.statistics is not None:
            return chunk.statistics.null_count or 0
    return 0


class RowGroup(NamedTuple):
    """A row group: where it is, and whether its images are there or at paths, or some of each."""

    path: str
    number: int
    first: int
    size: int
    changed: int | None
    has_bytes: bool
    has_paths: bool


class ParquetSource(EncodedSource):
    """Encoded images in Parquet files.

    ``items`` are (position in ``groups``, row in the row group), int64; ``groups`` a list of
    RowGroup.
    """

    def __init__(self, items, groups, filesystem, column):
        super().__init__(items)
        self.groups = groups
        self.filesystem = filesystem
        self.column = column
        self._forget()

    def _forget(self):
        self._held: OrderedDict = OrderedDict()
        self._lock = threading.Lock()

    def name(self, index):
        """Return the path of the file and the number of the row in it."""
        group, row = self.items[index]
        return f"{self.groups[group].path}[{self.groups[group].first + row}]"

    def reading_order(self, indices):
        """Order images by row group, since each is read as a whole."""
        return np.lexsort(self.items[indices].T[::-1])

    def read_by(self, reader):
        """Share the row groups in memory."""
        changed = super().read_by(reader)
        changed._held, changed._lock = self._held, self._lock
        return changed

    def spread_among(self, indices, n_images):
        """Take them from a few row groups, each of which is read as a whole."""
        of_images = self.items[indices, 0]
        groups = np.unique(of_images)
        chosen = groups[np.unique(np.linspace(0, len(groups) - 1, _ROW_GROUPS).astype(int))]
        members = np.flatnonzero(np.isin(of_images, chosen))
        return members[np.unique(np.linspace(0, len(members) - 1, n_images).astype(int))]

    def cut(self, indices):
        """Return a sequence of the given images, with only the row groups that it needs."""
        items = self.items[np.asarray(indices, dtype=np.int64)]
        used, places = np.unique(items[:, 0], return_inverse=True)
        groups = [self.groups[group] for group in used]
        places_and_rows = np.stack([places, items[:, 1]], axis=1)
        part = ParquetSource(places_and_rows, groups, self.filesystem, self.column)
        return part.read_by(self.reader)

    def __getstate__(self):
        return {key: value for key, value in vars(self).items() if key not in ("_held", "_lock")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._forget()

    def encoded(self, index):
        """Read the bytes of an image."""
        group, row = self.items[index]
        value = self._column(group)[row].as_py()
        if isinstance(value, dict):
            return bytes_of_record(value, self.name(index))
        if value is None:
            raise ImageReadError(
                f"{self.name(index)}: there is no image in {self.column!r}. Leave the row out, "
                "or set on_error='skip'."
            )
        return value

    def _column(self, group):
        """Read the column of a row group, or take it from those in memory."""
        from pyarrow import parquet

        # One thread reads while others wait for the same row group.
        with self._lock:
            if group not in self._held:
                path, number, *_ = listed = self.groups[group]
                info = self.filesystem.get_file_info(path)
                if (info.size, info.mtime_ns) != (listed.size, listed.changed):
                    raise ImageReadError(
                        f"{path}: the file was changed or removed after it was listed. Call "
                        "read_parquet_images again."
                    )
                with parquet.ParquetFile(path, filesystem=self.filesystem) as file:
                    table = file.read_row_group(number, columns=[self.column])
                self._held[group] = table[self.column]
                if len(self._held) > _ROW_GROUPS:
                    self._held.popitem(last=False)
            self._held.move_to_end(group)
            return self._held[group]

    def state(self, index):
        """Return path, size and modification time of the file, and the row."""
        place, row = self.items[index]
        group = self.groups[place]
        # The file at a path may change while this one does not.
        if group.changed is None or group.has_paths:
            return None
        return group.path, group.size, group.changed, int(group.first + row), self.column
