"""Images of any kind, read one at a time."""

import copy
import hashlib
import os
import threading
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFile

from ._reading import ImageReadError, open_image, reading, to_rgb, unit_to_bytes

# Of images in memory, to tell whether they are the same.
_N_LOOKED_AT = 16

# A Pillow image can be decoded by one thread alone, and one object can stand in several places
# and sources: its number in memory says which lock is its own. Others that have the same wait.
_DECODING = [threading.Lock() for _ in range(251)]


class ImageSource(ABC):
    """A sequence of images, wherever they are.

    Attributes
    ----------
    concurrent : bool
        Whether several threads may read at a time.
    paths : list of str or None
        Files of the images, if they are files.
    """

    concurrent = True
    paths: list | None = None
    _places: list | None = None

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def name(self, index):
        """Say what messages call the image."""
        return f"image {index if self._places is None else self._places[index]}"

    def full_name(self, index):
        """Say where the image is, from whatever folder; None if it is only in memory."""
        return None

    def fingerprint(self):
        """Hexadecimal digest that is the same for the same images in the same order.

        Of where they are; of images in memory, of what a few of them hold.
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
        """Return a source of some of the images."""
        return SubsetSource(self, indices)

    def cut(self, indices):
        """Return a source that holds some of the images and nothing else, to be sent away.

        Messages call the images what they are called here.
        """
        part = copy.copy(self)
        part.items = [self.items[index] for index in indices]
        part._places = [int(index) for index in indices]
        return part

    def reading_order(self, indices):
        """Return the permutation that puts an array of indices into the order read fastest."""
        return np.arange(len(indices))

    @abstractmethod
    def read(self, index, size_hint=None):
        """Return the image as an RGB Pillow image.

        ``size_hint`` is the shortest side in pixels that the caller will scale it to.
        """

    @abstractmethod
    def identity(self, index):
        """Return 16 bytes that are equal for equal images."""


class SubsetSource(ImageSource):
    """Some images of another source."""

    def __init__(self, source, indices):
        super().__init__([int(index) for index in indices])
        self.source = source
        self.concurrent = source.concurrent

    def name(self, index):
        """Name of the image in the other source."""
        return self.source.name(self.items[index])

    def full_name(self, index):
        """Where the image of the other source is."""
        return self.source.full_name(self.items[index])

    def read(self, index, size_hint=None):
        """Read from the other source."""
        return self.source.read(self.items[index], size_hint)

    def identity(self, index):
        """Digest of the image in the other source."""
        return self.source.identity(self.items[index])

    def reading_order(self, indices):
        """Order of the images in the other source."""
        return self.source.reading_order(np.array(self.items)[indices])

    def cut(self, indices):
        """Cut the other source."""
        return self.source.cut([self.items[index] for index in indices])


class FileSource(ImageSource):
    """Images in files."""

    def __init__(self, items):
        super().__init__([os.fspath(item) for item in items])
        self.paths = self.items

    def name(self, index):
        """Path of the image."""
        return self.items[index]

    def full_name(self, index):
        """Full path of the image."""
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
        image, name = self.items[index], self.name(index)
        with reading(name), _DECODING[id(image) % len(_DECODING)]:
            if _is_as_opened(image):
                # Decoded pixels would stay in the caller's image.
                return open_image(image.filename, name=name)
            return to_rgb(image, name)

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


def _is_as_opened(image):
    """Whether a Pillow image's file was opened and nothing else done, and is still there."""
    if not isinstance(image, ImageFile.ImageFile) or not image.filename or image.fp is None:
        return False
    # It was decoded, is to be decoded at another size, or another frame was chosen.
    if not image.tile or image.decoderconfig or image.tell():
        return False
    try:
        return os.path.samestat(os.fstat(image.fp.fileno()), os.stat(image.filename))
    except OSError:
        # The file is gone, or the system has none for the stream.
        return False


class ArraySource(ImageSource):
    """Arrays or tensors: one of all images, or a list of one each."""

    def read(self, index, size_hint=None):
        """Convert to 8-bit RGB."""
        return array_to_rgb(_pixels(self.items[index]), self.name(index))

    def identity(self, index):
        """Digest of type, shape and pixels."""
        return _array_digest(_pixels(self.items[index]))

    def cut(self, indices):
        """Copy the images: a view of a tensor would take all of it along."""
        part = super().cut(indices)
        part.items = [_pixels(item).copy() for item in part.items]
        return part


class DatasetSource(ImageSource):
    """A map-style torch dataset of images, or of tuples that begin with one."""

    # User code need not be safe in threads.
    concurrent = False

    def cut(self, indices):
        """Take the dataset along: only it knows how to make an image."""
        return self.subset(indices)

    def read(self, index, size_hint=None):
        """Take the image out of the dataset and convert it to RGB."""
        with reading(self.name(index)):
            item = self.items[index]
            if isinstance(item, tuple | list):
                item = item[0]
            if isinstance(item, Image.Image):
                return to_rgb(item, self.name(index))
            if isinstance(item, str | Path):
                return open_image(item, size_hint)
            return array_to_rgb(_pixels(item), self.name(index))

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


def _pixels(image):
    """Array of an array, or of a tensor with channels first, with channels last."""
    if not isinstance(image, torch.Tensor):
        return np.asarray(image)
    tensor = image.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        # NumPy has no such type.
        tensor = tensor.float()
    return tensor.movedim(0, -1).numpy() if tensor.ndim == 3 else tensor.numpy()


def array_to_rgb(pixels, name):
    """Convert (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) pixels to an RGB Pillow image."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        channels_first = pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4)
        cure = (
            "Channels come last: use pixels.transpose(1, 2, 0)."
            if channels_first
            else ("An image is an array of shape (height, width) or (height, width, 1, 3 or 4).")
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
