"""Features on disk, found again by picture, weights and preprocessing."""

import os
import uuid
import warnings
from pathlib import Path

import numpy as np

from .._ranks import rank

_KEY_BYTES = 16


class FeatureCacheError(OSError):
    """The cache folder cannot be written or read."""


class FeatureCache:
    """Features of one backbone, in a folder of append-only safetensors files.

    A file holds the features of one stretch of work. It appears under its name only when it
    is complete, so an interrupted run leaves what it finished and nothing half-written, and
    processes that share the folder do not disturb one another.

    Parameters
    ----------
    location : path
        The cache folder of the user.
    space : str
        Names what the features depend on besides the picture: weights and preprocessing.
    n_features : int
    """

    def __init__(self, location, space, n_features):
        self.folder = Path(location) / "skdeepcluster" / "features" / space
        self.n_features = n_features
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeatureCacheError(_unusable(self.folder, error)) from error

    def get(self, keys):
        """Look up features.

        Parameters
        ----------
        keys : list of bytes, 16 each

        Returns
        -------
        found : ndarray of shape (n_keys,), bool
        features : ndarray of shape (n_keys, n_features), float32
            Rows that were not found are not set.
        """
        wanted: dict[bytes, list[int]] = {}
        for position, key in enumerate(keys):
            wanted.setdefault(key, []).append(position)
        found = np.zeros(len(keys), dtype=bool)
        features = np.empty((len(keys), self.n_features), dtype=np.float32)
        for path in sorted(self.folder.glob("*.safetensors")):
            stored = self._read(path)
            if stored is None:
                continue
            stored_keys, stored_features = stored
            sources, targets = [], []
            for row, key in enumerate(_split(stored_keys)):
                for position in wanted.get(key, ()):
                    sources.append(row)
                    targets.append(position)
            features[targets] = stored_features[sources]
            found[targets] = True
        return found, features

    def put(self, keys, features):
        """Store features, shape (n_keys, n_features), under their keys."""
        from safetensors.numpy import save_file

        if not keys or rank() > 0:
            # All ranks have the same features.
            return
        joined = np.frombuffer(b"".join(keys), dtype=np.uint8)
        tensors: dict[str, np.ndarray] = {
            "keys": joined.reshape(-1, _KEY_BYTES),
            "features": np.ascontiguousarray(features, dtype=np.float32),
        }
        name = uuid.uuid4().hex
        partial = self.folder / f"{name}.partial"
        try:
            save_file(tensors, partial)
            os.replace(partial, self.folder / f"{name}.safetensors")
        except Exception as error:
            # safetensors reports a full disk or a missing right by an error of its own.
            raise FeatureCacheError(_unusable(self.folder, error)) from error
        finally:
            partial.unlink(missing_ok=True)

    def _read(self, path):
        """Keys and features of one file, or None if it is damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            stored = load_file(path)
            keys, features = stored["keys"], stored["features"]
            if keys.shape != (len(features), _KEY_BYTES) or features.shape[1:] != (
                self.n_features,
            ):
                raise SafetensorError("shapes do not fit")
        except FileNotFoundError:
            # Another process found it damaged and took it away.
            return None
        except (SafetensorError, KeyError) as error:
            warnings.warn(
                f"The cache file {str(path)!r} is damaged ({error}); it is removed and its "
                "features are computed again.",
                stacklevel=2,
            )
            path.unlink(missing_ok=True)
            return None
        except OSError as error:
            raise FeatureCacheError(_unusable(path, error)) from error
        return keys, features


def _split(keys):
    """Rows of a (n, 16) uint8 array as bytes objects."""
    joined = keys.tobytes()
    return [joined[i : i + _KEY_BYTES] for i in range(0, len(joined), _KEY_BYTES)]


def _unusable(path, error):
    return (
        f"The cache {str(path)!r} cannot be used: {error}. Give `memory=` a folder that can be "
        "written to and has room, or leave it at None to work without a cache."
    )
