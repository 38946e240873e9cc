"""Images in tar files, such as those of WebDataset, read without unpacking."""

import os
import tarfile
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from ._encoded import EncodedSource
from ._errors import ImageReadError
from ._listing import suffixes_read
from ._typing import PathLike


def read_tar_images(paths: PathLike | Sequence[PathLike], member: str | None = None) -> "TarSource":
    """List the images in tar files, without unpacking them.

    The members are listed once, and images are then read from their position in the file. As in
    unpacking, the last of several members of the same name counts and hard links are followed.
    Symbolic links are left out.

    Parameters
    ----------
    paths : path or sequence of path
        Tar files without compression: compressed ones cannot be read from the middle.
    member : str, default=None
        Which image of a WebDataset sample is read: what stands behind the first dot of its name,
        such as "jpg" or "left.png". None reads all, but leaves out images such as
        ``0001.seg.png`` beside one like ``0001.jpg``, with a warning.

    Returns
    -------
    images : TarSource
        To be passed to the estimators as ``X``: a sequence of the images in the order of the
        files. Images are recognised by their suffix.

    Raises
    ------
    ValueError
        If a file is not a tar file, is compressed or damaged, if an image is stored as a sparse
        file or is a link to something outside the tar file, or if there is no image.

    Warns
    -----
    UserWarning
        If images are left out that belong to another one, or a file does not end with the mark of
        its end: it may have been cut off.

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
    for path in (os.path.abspath(os.path.expanduser(path)) for path in paths):
        with open(path, "rb") as file:
            members = _members(file, path)
            state = _state(file)
        suffixes = suffixes_read()
        found = {
            name: info
            for name, info in _unpacked(members).items()
            if _is_image(name, info, suffixes)
        }
        for name in _chosen(found, member, path):
            _refuse_unreadable(found[name], f"{path}/{name}")
            places.append((path, state, str(name), found[name].offset_data, found[name].size))
    if not places:
        raise ValueError(f"No images in {', '.join(map(repr, map(str, paths)))}.")
    return TarSource(places)


def _members(file, path):
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            members = tar.getmembers()
            end = tar.offset
    except tarfile.TarError as error:
        raise ValueError(
            f"{path!r} cannot be read as a tar file without compression ({error}). If it is "
            "compressed with gzip, bzip2 or xz, decompress it."
        ) from error
    # The tarfile module takes a damaged header for the end, and the end of the file as well.
    if file.seek(0, os.SEEK_END) <= end:
        warnings.warn(
            f"{path!r} has no mark of its end after member {len(members)}: it may have been cut "
            "off, and miss images. Compare its size with that of the original; a program that "
            "does not close the files it writes leaves the mark out, too.",
            stacklevel=3,
        )
    file.seek(end)
    if any(block.strip(b"\0") for block in iter(partial(file.read, 2**16), b"")):
        raise ValueError(
            f"{path!r} is damaged at byte {end}: member {len(members)} is followed neither by "
            "another one nor by the end. Create it again; if tar files were concatenated, pass "
            "them separately."
        )
    return members


def _unpacked(members):
    """Members by the names of the files that unpacking would create."""
    files: dict[PurePosixPath, tarfile.TarInfo] = {}
    for member in members:
        name = PurePosixPath(member.name)
        linked = files.get(PurePosixPath(member.linkname)) if member.islnk() else None
        files[name] = linked or member
    return files


def _is_image(name, member, suffixes):
    # macOS adds a hidden file for each image.
    hidden = any(part.startswith(".") and part != ".." for part in name.parts)
    is_file = member.isreg() or member.islnk()
    return is_file and name.name.lower().endswith(suffixes) and not hidden


def _chosen(names, member, path):
    """Choose one image of each sample: ``member``, or those that belong to no other."""
    extensions = {name: name.name.partition(".")[2].lower() for name in names}
    if member is not None:
        wanted = member.lower().lstrip(".")
        chosen = [name for name in names if extensions[name] == wanted]
        if names and not chosen:
            there = ", ".join(sorted(set(extensions.values())))
            raise ValueError(f"There is no member {member!r} in {path!r}; there are {there}.")
        return chosen
    keys = {name: name.with_name(name.name.partition(".")[0]) for name in names}
    with_main = {keys[name] for name in names if "." not in extensions[name]}
    chosen = [name for name in names if "." not in extensions[name] or keys[name] not in with_main]
    left_out = Counter(extensions[name] for name in set(names).difference(chosen))
    if left_out:
        counts = ", ".join(f"{count} .{name}" for name, count in sorted(left_out.items()))
        warnings.warn(
            f"In {path!r}, images that belong to another one are left out: {counts}. Choose "
            f"which to read with member=, such as {min(left_out)!r}.",
            stacklevel=3,
        )
    return chosen


def _refuse_unreadable(member, name):
    if member.islnk():
        raise ValueError(
            f"{name} is a link to {member.linkname!r}, which does not come before it. Create the "
            "tar file from both."
        )
    if member.issparse():
        raise ValueError(
            f"{name} is stored as a sparse file, which cannot be read without unpacking. Create "
            "the tar file without --sparse."
        )


def _state(file):
    """Modification time and size, to check that an open file is the one that was listed."""
    status = os.fstat(file.fileno())
    return status.st_mtime_ns, status.st_size


class TarSource(EncodedSource):
    """Images in tar files; ``items`` are (path, state of the file, member, offset, size)."""

    def name(self, index):
        """Return the path of the tar file and the name of the member."""
        path, _, member, _, _ = self.items[index]
        return f"{path}/{member}"

    def encoded(self, index):
        """Read the bytes of an image."""
        path, state, _, offset, size = self.items[index]
        with open(path, "rb") as file:
            if _state(file) != state:
                raise ImageReadError(
                    f"{self.name(index)}: the tar file was changed after it was listed. Call "
                    "read_tar_images again."
                )
            file.seek(offset)
            return file.read(size)

    def state(self, index):
        """Return the path, state, name, offset and size."""
        return self.items[index]
