"""Pictures in tar files, as WebDataset has them, read where they stand."""

import os
import tarfile
from pathlib import PurePosixPath

from ._encoded import EncodedSource
from ._reading import SUFFIXES, ImageReadError


def read_tar_images(paths):
    """List the pictures in tar files; nothing is unpacked.

    The members are looked up once. Pictures are read by their place in the file.

    Parameters
    ----------
    paths : path or sequence of path
        Tar files, not compressed: compressed ones cannot be read from the middle.

    Returns
    -------
    images : TarSource
        What the estimators take for ``X``: a sequence of the pictures in the order of the files,
        told by their suffix.

    Raises
    ------
    ValueError
        If a file is no tar file, is compressed or damaged, or if there is no picture.

    Examples
    --------
    >>> from skdeepcluster import DeepImageClusterer
    >>> from skdeepcluster.images import read_tar_images
    >>> images = read_tar_images("photos-0000.tar")  # doctest: +SKIP
    >>> DeepImageClusterer(10).fit(images)  # doctest: +SKIP
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    places = []
    for path in map(os.path.abspath, paths):
        changed = os.stat(path).st_mtime_ns
        for member in _members(path):
            name = PurePosixPath(member.name)
            # macOS adds a hidden file to each.
            hidden = any(part.startswith(".") and part != ".." for part in name.parts)
            if member.isreg() and name.suffix.lower() in SUFFIXES and not hidden:
                places.append((path, changed, member.name, member.offset_data, member.size))
    if not places:
        raise ValueError(f"No pictures in {', '.join(map(repr, map(str, paths)))}.")
    return TarSource(places)


def _members(path):
    try:
        with tarfile.open(path, "r:") as tar:
            return tar.getmembers()
    except tarfile.TarError as error:
        raise ValueError(
            f"{path!r} cannot be read as a tar file without compression ({error}). If it is "
            "compressed, unpack the .gz, .bz2 or .xz around it."
        ) from error


class TarSource(EncodedSource):
    """Pictures in tar files; ``items`` are (path, time of change, member, offset, size)."""

    def name(self, index):
        """Path of the tar file and name of the member."""
        path, _, member, _, _ = self.items[index]
        return f"{path}/{member}"

    def encoded(self, index):
        """Read the bytes of a picture."""
        path, _, _, offset, size = self.items[index]
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise ImageReadError(
                f"{self.name(index)}: the tar file cannot be read ({error})."
            ) from error

    def state(self, index):
        """Return path, time of change and place."""
        return self.items[index]
