"""What a cache folder holds, and removing what is not used any more."""

import contextlib
import time
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ..storage import remove_abandoned
from ._cache import SUFFIX, FeatureCacheError, features_folder


class CachedFile(NamedTuple):
    """A file of features: of how many images, how large, and when it was last used.

    ``network`` identifies the network and its preprocessing, ``used_at`` is in seconds since 1970.
    """

    path: Path
    network: str
    n_images: int
    n_features: int
    n_bytes: int
    used_at: float


def cached_files(location: str | PathLike[str]) -> list[CachedFile]:
    """List the files of features in a cache folder, those that were used last at the end.

    Parameters
    ----------
    location : path
        What was given as ``memory``.

    Raises
    ------
    FileNotFoundError
        If there is no cache.
    """
    folder = features_folder(location)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There are no features in {str(location)!r}. Name the folder that was given as "
            "`memory`; the command `cluster` makes the folder `cache` in its output."
        )
    files = []
    for path in folder.glob(f"*/*{SUFFIX}"):
        # Another process may remove it at the same time.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not path.is_symlink():
                files.append(_described(path))
    return sorted(files, key=lambda file: (file.used_at, file.path))


def trim_cache(
    location: str | PathLike[str],
    *,
    max_days: float | None = None,
    max_bytes: float | None = None,
) -> list[CachedFile]:
    """Remove files of features that were not used for longest.

    Features that are needed again are computed again; a run that uses the folder at the same time
    goes on.

    Parameters
    ----------
    location : path
        What was given as ``memory``.
    max_days : float, default=None
        Files that were used within so many days are kept; None keeps them whatever their age.
    max_bytes : float, default=None
        As many of the files that were used last are kept as take so many bytes together; None
        keeps them whatever their size.

    Returns
    -------
    removed : list of CachedFile

    Raises
    ------
    FileNotFoundError
        If there is no cache.
    FeatureCacheError
        If a file cannot be removed.
    """
    removed, n_kept_bytes, now = [], 0, time.time()
    for file in reversed(cached_files(location)):
        is_old = max_days is not None and now - file.used_at > 86400 * max_days
        is_beyond = max_bytes is not None and n_kept_bytes + file.n_bytes > max_bytes
        if is_old or is_beyond:
            try:
                file.path.unlink(missing_ok=True)
            except OSError as error:
                raise FeatureCacheError(
                    f"{str(file.path)!r} cannot be removed: {error.strerror}."
                ) from error
            removed.append(file)
        else:
            n_kept_bytes += file.n_bytes
    for folder in features_folder(location).iterdir():
        if folder.is_dir():
            # What killed runs have left.
            remove_abandoned(folder)
    return removed


def _described(path):
    from safetensors import SafetensorError, safe_open

    status = path.stat()
    shape = (0, 0)
    try:
        with safe_open(path, framework="numpy") as file:
            shape = tuple(file.get_slice("features").get_shape())
    except SafetensorError:
        # Damaged: it is removed when it is read, or with others that are as old.
        pass
    n_images, n_features = shape if len(shape) == 2 else (0, 0)
    return CachedFile(path, path.parent.name, n_images, n_features, status.st_size, status.st_mtime)
