"""Sizes of images, for boxes in shares of them."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from ...images import list_images

_ORIENTATION = 0x0112


class SizedImages:
    """Images whose width and height are known, or can be read from their files.

    Parameters
    ----------
    images : folder, or dict of str to (int, int)
        A folder, with all below it, or the sizes of images by their names.

    Attributes
    ----------
    names : list of str
        In a folder the paths within it.
    """

    def __init__(self, images: str | PathLike | Mapping[str, Any]) -> None:
        if isinstance(images, Mapping):
            self._sizes: dict[str, Any] = {str(name): size for name, size in images.items()}
        else:
            paths = map(Path, list_images(images))
            self._sizes = {path.relative_to(images).as_posix(): path for path in paths}
        self.names = list(self._sizes)
        # Labels call an image by its name with or without the suffix.
        self._names = {without_suffix(name): name for name in reversed(self.names)}
        self._names.update(zip(self.names, self.names, strict=True))

    def find(self, name: str) -> str | None:
        """Return the name of an image that may be called without its suffix; None without one."""
        return self._names.get(name)

    def size(self, name: str) -> tuple[float, float]:
        """Return the width and height of an image."""
        size = self._sizes[name]
        return _size_of_file(size) if isinstance(size, Path) else size


def without_suffix(name: str) -> str:
    """Return a path in a folder without its suffix."""
    return PurePosixPath(name).with_suffix("").as_posix()


def _size_of_file(path):
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Images are shown, and labelled, with their orientation applied.
            turned = image.getexif().get(_ORIENTATION, 1) > 4
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(
            f"The size of {str(path)!r} cannot be read: {error}. Pass sizes as a dict of names to "
            "(width, height)."
        ) from error
    return (height, width) if turned else (width, height)
