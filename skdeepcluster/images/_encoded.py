"""Encoded images that are stored in larger files."""

import io
import os
from abc import abstractmethod
from typing import Any

import numpy as np

from ._decoding import open_raw
from ._errors import ImageReadError, reading
from ._rendering import uses_window
from ._source import ImageSource, RawSource, digest


class EncodedSource(RawSource):
    """A sequence of encoded images, decoded one at a time, that estimators accept as ``X``.

    Indexing with an integer returns an image as :func:`skdeepcluster.read_image` does. Indexing
    with a slice or an array of integers or booleans returns a sequence of those images, so
    scikit-learn's splitters and ``train_test_split`` work. Pickles are small: the images stay in
    their files.

    Attributes
    ----------
    shape : tuple of int
        ``(n_images,)``.
    """

    @property
    def shape(self):
        """Number of images, as a tuple like that of an array."""
        return (len(self),)

    def __getitem__(self, index):
        if isinstance(index, tuple):
            # Scikit-learn indexes with array[indices, ...].
            index = index[0]
        chosen = np.arange(len(self))[index]
        return self.cut(chosen) if np.ndim(chosen) else np.asarray(self.read(int(chosen)))

    def __repr__(self):
        return f"<{type(self).__name__}: {len(self)} images>"

    def full_name(self, index):
        """Return the location of the image, which is its name."""
        return self.name(index)

    @abstractmethod
    def encoded(self, index):
        """Read the bytes of an image."""

    def opened(self, index, size_hint=None):
        """Open an image by its format."""
        file, name = io.BytesIO(self._encoded(index)), self.name(index)
        return open_raw(file, name, size_hint, use_window=uses_window(self.reader))

    @abstractmethod
    def state(self, index):
        """Return what identifies an image and its last change, or None if that is unknown."""

    def identity(self, index):
        """Digest of location and modification time if they are known, otherwise of the bytes."""
        state = self.state(index)
        return digest(self._encoded(index) if state is None else repr(state).encode())

    def _encoded(self, index):
        with reading(self.name(index)):
            return self.encoded(index)


def is_encoded_record(item):
    """Whether it is a dict of an encoded image, or of a path in its place, as datasets has it."""
    return isinstance(item, dict) and item.keys() in ({"bytes"}, {"path"}, {"bytes", "path"})


def bytes_of_record(record, name):
    """Take the encoded image out of such a dict, or read it from the file that it names."""
    if record.get("bytes") is not None:
        return record["bytes"]
    if record.get("path") is None:
        raise ImageReadError(
            f"{name}: there is neither an image nor a path. Leave it out, or set on_error='skip'."
        )
    with open(os.path.expanduser(record["path"]), "rb") as file:
        return file.read()


def undecoded(column):
    """Return a column of datasets with encoded images in place of those that it would decode.

    It decodes with Pillow, which keeps the upper 8 bits of colours, and not the file to read again.

    Returns
    -------
    column : sequence of dict, or None
        None if it is no such column, or if more is done with its images than decoding.
    """
    table: Any = getattr(column, "source", None)
    if not hasattr(table, "cast_column") or table.format["type"] is not None:
        return None
    name = column.column_name
    kind = table.features[name]
    if getattr(kind, "decode", False) is not True or getattr(kind, "mode", None) is not None:
        return None
    encoded = table.cast_column(name, type(kind)(decode=False))[name]
    first = encoded[0]
    # Other paths, such as URLs, are opened by datasets alone.
    is_here = first["bytes"] is not None or os.path.isfile(first["path"] or "")
    return encoded if is_here else None


class EncodedItems(EncodedSource):
    """Encoded images by number: bytes, or dicts as :func:`is_encoded_record` describes them."""

    def full_name(self, index):
        """Return None: an image has no location."""
        return None

    def encoded(self, index):
        """Return the bytes of an image."""
        item = self.items[index]
        if item is None or isinstance(item, dict):
            return bytes_of_record(item or {}, self.name(index))
        return bytes(item)

    def name(self, index):
        """Return the number of the image."""
        return ImageSource.name(self, index)

    def state(self, index):
        """Return None: only the bytes identify an image."""
