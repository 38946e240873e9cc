"""Features on disk, under keys of image, weights and preprocessing."""

import contextlib
import os
import shutil
import uuid
import warnings
from pathlib import Path
from zlib import crc32

import numpy as np

from ..features import let_go, unnamed_array
from ..process_group import rank
from ..storage import whole_file

KEY_BYTES = 16
SUFFIX = ".safetensors"
# In headers of safetensors.
_TYPE_NAMES = {"float32": "F32", "float16": "F16"}


def features_folder(location):
    """Return the folder of all features in the cache folder of the user; "~" is their home."""
    return Path(location).expanduser() / "skdeepcluster" / "features"


class FeatureCacheError(OSError):
    """The cache folder cannot be written or read."""


class FeatureCache:
    """Features of one backbone, in a folder of append-only safetensors files.

    Each file holds the features that were computed in a stretch. It gets its name when it is
    complete, so an interrupted run leaves what it has finished and no partial files, and
    processes that share the folder do not interfere. Features that other processes add are seen
    by caches that are opened afterwards.

    Parameters
    ----------
    location : path
        The cache folder of the user.
    space : str
        Identifies what the features depend on besides the image: weights and preprocessing.
    n_features : int
    dtype : dtype
        Type in which the features are stored.
    """

    def __init__(self, location, space, n_features, dtype):
        self.folder = features_folder(location) / space
        self.n_features = n_features
        self.dtype = np.dtype(dtype)
        self._make_folder()
        self._index = None

    def _make_folder(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeatureCacheError(_unusable(self.folder, error)) from error

    def get(self, keys, features):
        """Look up features.

        Parameters
        ----------
        keys : ndarray of shape (n_keys, 16), uint8
        features : ndarray of shape (n_keys, n_features)
            The rows of keys that are found are filled in.

        Returns
        -------
        found : ndarray of shape (n_keys,), bool
        """
        if self._index is None:
            self._index = _Index(self.folder, self._read_keys)
        found = np.zeros(len(keys), dtype=bool)
        for path, sources, targets in self._index.look_up(keys):
            stored = self._read(path, lambda file, rows=sources: _intact_rows(file, rows))
            if stored is not None:
                features[targets] = stored
                found[targets] = True
                _note_use(path)
                let_go(features)
        return found

    def put(self, keys, features):
        """Store features of shape (n_keys, n_features) under keys of shape (n_keys, 16)."""
        from safetensors.numpy import save_file

        if not len(keys) or rank() > 0:
            # All ranks have the same features.
            return
        keys = np.ascontiguousarray(keys)
        features = np.ascontiguousarray(features, dtype=self.dtype)
        tensors = {"keys": keys, "features": features, "checksums": _checksums(keys, features)}
        # The user may have removed it in the meantime.
        self._make_folder()
        path = self.folder / f"{uuid.uuid4().hex}{SUFFIX}"
        try:
            with whole_file(path) as partial:
                save_file(tensors, partial)
        except Exception as error:
            # Safetensors reports a full disk or a missing permission as an error of its own.
            n_bytes = sum(tensor.nbytes for tensor in tensors.values())
            raise FeatureCacheError(_unusable(path, error, n_bytes)) from error

    def empty(self, n_rows):
        """Create an array of shape (n_rows, n_features) in a file without a name.

        The file is deleted with the array, or when the process ends in whatever way.
        """
        shape = (n_rows, self.n_features)
        n_bytes = self.dtype.itemsize * n_rows * self.n_features
        self._make_folder()
        try:
            return unnamed_array(self.folder, shape, self.dtype)
        except OSError as error:
            path = self.folder / "(temporary file)"
            raise FeatureCacheError(_unusable(path, error, n_bytes)) from error

    def _read_keys(self, path):
        return self._read(path, lambda file: file.get_tensor("keys"))

    def _read(self, path, read):
        """Return what a function reads of one file; None if the file is damaged."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                _check_layout(file, self.n_features, self.dtype)
                return read(file)
        except FileNotFoundError:
            # Another process found it damaged and removed it.
            return None
        except (SafetensorError, _DamagedFile) as error:
            warnings.warn(
                f"The cache file {str(path)!r} is damaged ({error}); it is removed and its "
                "features are computed again.",
                # As in `warn_of_skipped`.
                stacklevel=2,
            )
            # Where it cannot be removed, it is found to be damaged again.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        except OSError as error:
            raise FeatureCacheError(_unusable(path, error)) from error


class _DamagedFile(Exception):
    """A file that does not hold what it was written with."""


class _Index:
    """The location of each key, in 40 bytes per image that is stored."""

    def __init__(self, folder, read_keys):
        self.paths = sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file())
        keys = [read_keys(path) for path in self.paths]
        sizes = [0 if stored is None else len(stored) for stored in keys]
        stored_keys = [stored for stored in keys if stored is not None]
        self.keys = np.concatenate([np.empty((0, KEY_BYTES), dtype=np.uint8), *stored_keys])
        self.starts = np.cumsum([0, *sizes])
        heads = _heads(self.keys)
        self.order = np.argsort(heads, kind="stable")
        self.heads = heads[self.order]

    def look_up(self, keys):
        """Yield (file, rows in the file, positions in ``keys``) for files with any of the keys."""
        if not len(self.keys):
            return
        places = np.searchsorted(self.heads, _heads(keys))
        candidates = self.order[np.minimum(places, len(self.order) - 1)]
        positions = np.flatnonzero((self.keys[candidates] == keys).all(axis=1))
        rows = candidates[positions]
        files = np.searchsorted(self.starts, rows, side="right") - 1
        for file in np.unique(files):
            inside = files == file
            yield self.paths[file], rows[inside] - self.starts[file], positions[inside]


def _note_use(path):
    """Set the time by which `skdeepcluster cache` knows files that are no longer used."""
    # In a folder of somebody else's that cannot be done, and need not be.
    with contextlib.suppress(OSError):
        os.utime(path)


def _check_layout(file, n_features, dtype):
    """Compare types and shapes of a file, which its header tells, with those of the cache."""
    names = set(file.keys())
    shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    types = {name: file.get_slice(name).get_dtype() for name in names}
    n_rows = shapes["keys"][0] if shapes.get("keys") else 0
    expected: dict[str, tuple] = {
        "keys": ((n_rows, KEY_BYTES), "U8"),
        "features": ((n_rows, n_features), _TYPE_NAMES[dtype.name]),
    }
    # Files of version 0.1.0 have none.
    if "checksums" in names:
        expected["checksums"] = (n_rows,), "U32"
    found = {name: (shapes[name], types[name]) for name in names}
    if found != expected:
        raise _DamagedFile(f"it holds {found}")


def _intact_rows(file, rows):
    """Read rows of features, and compare them with their checksums."""
    features = _take(file, rows)
    if "checksums" in set(file.keys()):
        found = _checksums(file.get_tensor("keys")[rows], features)
        if not np.array_equal(found, file.get_tensor("checksums")[rows]):
            raise _DamagedFile("features do not have their checksum")
    return features


def _checksums(keys, features):
    """CRC-32 of each row of features, begun with four bytes of its key, (n_rows,), uint32."""
    starts = np.ascontiguousarray(keys[:, :4]).view(np.uint32)[:, 0].tolist()
    sums = (crc32(row, start) for row, start in zip(features, starts, strict=True))
    return np.fromiter(sums, np.uint32, len(features))


def _take(file, rows):
    """Read only the given rows of the features, a run of consecutive ones at a time."""
    tensor = file.get_slice("features")
    stretches = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
    return np.concatenate([tensor[int(part[0]) : int(part[-1]) + 1] for part in stretches])


def _heads(keys):
    """Return half of each key as a number: two keys share it with a probability of 10^-19."""
    return np.ascontiguousarray(keys[:, : KEY_BYTES // 2]).view(np.uint64)[:, 0]


def _unusable(path, error, n_bytes=None):
    space = ""
    if n_bytes is not None:
        # The folder itself may be missing.
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(path.parent).free
            space = f" It needs {n_bytes / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free."
    return (
        f"The cache {str(path)!r} cannot be used: {error}.{space} Set `memory` to a folder that "
        "is writable and has enough space, or to None to work without a cache."
    )
