"""Pictures of any kind, read one at a time."""

import copy
import hashlib
import os
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from PIL import Image

from ._reading import ImageReadError, open_image, reading, to_rgb, unit_to_bytes

# Of pictures in memory, to tell whether they are the same.
_N_LOOKED_AT = 16


class ImageSource(ABC):
    """A sequence of pictures, wherever they are.

    Attributes
    ----------
    concurrent : bool
        Whether several threads may read at a time.
    paths : list of str or None
        Files of the pictures, if they are files.
    """

    concurrent = True
    paths: list | None = None
    _places: list | None = None

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def name(self, index):
        """Say what messages call the picture."""
        return f"picture {index if self._places is None else self._places[index]}"

    def full_name(self, index):
        """Say where the picture is, from whatever folder; None if it is only in memory."""
        return None

    def fingerprint(self):
        """Hexadecimal digest that is the same for the same pictures in the same order.

        Of where they are; of pictures in memory, of what a few of them hold.
        """
        names = [self.full_name(index) for index in range(len(self))]
        if None in names:
            few = np.unique(np.linspace(0, len(self) - 1, _N_LOOKED_AT).astype(int))
            parts = [self._identity_or_nothing(index) for index in few]
        else:
            # A name need not be text.
            parts = [f"{name}\0".encode(errors="surrogatepass") for name in names]
        return _digest(str(len(self)).encode(), *parts).hex()

    def _identity_or_nothing(self, index):
        try:
            return self.identity(index)
        except ImageReadError:
            return b""

    def subset(self, indices):
        """Return a source of some of the pictures."""
        return SubsetSource(self, indices)

    def cut(self, indices):
        """Return a source that holds some of the pictures and nothing else, to be sent away.

        Messages call the pictures what they are called here.
        """
        part = copy.copy(self)
        part.items = [self.items[index] for index in indices]
        part._places = [int(index) for index in indices]
        return part

    @abstractmethod
    def read(self, index, size_hint=None):
        """Return the picture as an RGB Pillow image.

        ``size_hint`` is the shortest side in pixels that the caller will scale it to.
        """

    @abstractmethod
    def identity(self, index):
        """Return 16 bytes that are equal for equal pictures."""


class SubsetSource(ImageSource):
    """Some pictures of another source."""

    def __init__(self, source, indices):
        super().__init__([int(index) for index in indices])
        self.source = source
        self.concurrent = source.concurrent

    def name(self, index):
        """Name of the picture in the other source."""
        return self.source.name(self.items[index])

    def full_name(self, index):
        """Where the picture of the other source is."""
        return self.source.full_name(self.items[index])

    def read(self, index, size_hint=None):
        """Read from the other source."""
        return self.source.read(self.items[index], size_hint)

    def identity(self, index):
        """Digest of the picture in the other source."""
        return self.source.identity(self.items[index])

    def cut(self, indices):
        """Cut the other source."""
        return self.source.cut([self.items[index] for index in indices])


class FileSource(ImageSource):
    """Pictures in files."""

    def __init__(self, items):
        super().__init__([os.fspath(item) for item in items])
        self.paths = self.items

    def name(self, index):
        """Path of the picture."""
        return self.items[index]

    def full_name(self, index):
        """Full path of the picture."""
        return os.path.abspath(self.items[index])

    def read(self, index, size_hint=None):
        """Decode the file."""
        return open_image(self.items[index], size_hint)

    def cut(self, indices):
        """Keep full paths: the working folder may be another elsewhere."""
        return FileSource([self.full_name(index) for index in indices])

    def identity(self, index):
        """Digest of the full path, the size and the time of change, without a read."""
        path = self.full_name(index)
        status = os.stat(path)
        # A name need not be text.
        key = f"{path}|{status.st_size}|{status.st_mtime_ns}".encode(errors="surrogatepass")
        return _digest(key)


class PillowSource(ImageSource):
    """Pillow images."""

    def read(self, index, size_hint=None):
        """Turn as EXIF says and convert to RGB."""
        with reading(self.name(index)):
            return to_rgb(self.items[index], self.name(index))

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


class ArraySource(ImageSource):
    """Arrays: one of all pictures, or a list of one each; tensors have channels first."""

    def __init__(self, items, channels_first=False):
        super().__init__(items)
        self.channels_first = channels_first

    def _pixels(self, index):
        pixels = np.asarray(self.items[index])
        if self.channels_first and pixels.ndim == 3:
            pixels = pixels.transpose(1, 2, 0)
        return pixels

    def read(self, index, size_hint=None):
        """Convert to 8-bit RGB."""
        return array_to_rgb(self._pixels(index), self.name(index))

    def identity(self, index):
        """Digest of type, shape and pixels."""
        return _array_digest(self._pixels(index))

    def cut(self, indices):
        """Copy the pictures: a view of a tensor would take all of it along."""
        part = super().cut(indices)
        part.items = [np.asarray(item).copy() for item in part.items]
        return part


class DatasetSource(ImageSource):
    """A map-style torch dataset of pictures, or of tuples that begin with one."""

    # User code need not be safe in threads.
    concurrent = False

    def cut(self, indices):
        """Take the dataset along: only it knows how to make a picture."""
        return self.subset(indices)

    def read(self, index, size_hint=None):
        """Take the picture out of the dataset and convert it to RGB."""
        with reading(self.name(index)):
            item = self.items[index]
            if isinstance(item, tuple | list):
                item = item[0]
            if isinstance(item, Image.Image):
                return to_rgb(item, self.name(index))
            if isinstance(item, str | Path):
                return open_image(item, size_hint)
            pixels = np.asarray(item)
            if is_tensor(item) and pixels.ndim == 3:
                pixels = pixels.transpose(1, 2, 0)
            return array_to_rgb(pixels, self.name(index))

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


def is_tensor(value):
    """Whether a value is a torch tensor, found out without importing torch."""
    return type(value).__module__.split(".")[0] == "torch" and hasattr(value, "numpy")


def array_to_rgb(pixels, name):
    """Convert (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) pixels to an RGB Pillow image."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        channels_first = pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4)
        cure = (
            "Channels come last: use pixels.transpose(1, 2, 0)."
            if channels_first
            else ("A picture is an array of shape (height, width) or (height, width, 1, 3 or 4).")
        )
        raise ImageReadError(f"{name}: its array has the shape {pixels.shape}. {cure}")
    if pixels.size == 0:
        raise ImageReadError(f"{name}: its array is empty (shape {pixels.shape}). Leave it out.")
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif pixels.dtype.kind == "f":
        pixels = unit_to_bytes(pixels, name)
    elif pixels.dtype != np.uint8:
        raise ImageReadError(
            f"{name}: pixels of type {pixels.dtype}. Use uint8 (for values from 0 to 255: "
            "X.astype('uint8')), uint16, or floating-point numbers in [0, 1]."
        )
    return to_rgb(Image.fromarray(np.ascontiguousarray(pixels)), name)


def _array_digest(pixels):
    head = f"{pixels.dtype.str}|{pixels.shape}|".encode()
    return _digest(head, np.ascontiguousarray(pixels).data)


def _digest(*parts):
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.digest()
