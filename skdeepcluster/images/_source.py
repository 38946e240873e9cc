"""Sources of images of any kind, read one at a time."""

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

# Number of images in memory that a fingerprint looks at.
_N_SAMPLED = 16

# A Pillow image can be decoded by only one thread, and the same object can occur several times
# and in several sources: its address chooses its lock, which other images may share.
_DECODING = [threading.Lock() for _ in range(251)]


class ImageSource(ABC):
    """A sequence of images, wherever they are stored.

    Attributes
    ----------
    concurrent : bool
        Whether several threads may read at the same time.
    paths : list of str or None
        Paths of the images, if they are files.
    """

    concurrent = True
    paths: list | None = None
    _places: list | None = None

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def name(self, index):
        """Return the name of the image in messages."""
        return f"image {index if self._places is None else self._places[index]}"

    def full_name(self, index):
        """Return the absolute location of the image; None if it is only in memory."""
        return None

    def fingerprint(self):
        """Hexadecimal digest that is the same for the same images in the same order.

        It is computed from their locations, or from the contents of a sample of the images if
        they are in memory.
        """
        names = [self.full_name(index) for index in range(len(self))]
        if None in names:
            sample = np.unique(np.linspace(0, len(self) - 1, _N_SAMPLED).astype(int))
            parts = [self._identity_or_nothing(index) for index in sample]
        else:
            # The bytes of a name need not be valid text.
            parts = [f"{name}\0".encode(errors="surrogatepass") for name in names]
        return digest(str(len(self)).encode(), *parts).hex()

    def _identity_or_nothing(self, index):
        try:
            return self.identity(index)
        except ImageReadError:
            return b""

    def subset(self, indices):
        """Return a source of the given images, which reads them from this one."""
        return SubsetSource(self, indices)

    def cut(self, indices):
        """Return a source that holds only the given images, to be sent to another process.

        The images keep their names in messages.
        """
        part = copy.copy(self)
        part.items = [self.items[index] for index in indices]
        part._places = [int(index) for index in indices]
        return part

    def reading_order(self, indices):
        """Return the permutation of an array of indices in which reading is fastest."""
        return np.arange(len(indices))

    @abstractmethod
    def read(self, index, size_hint=None):
        """Return the image as an RGB Pillow image.

        ``size_hint`` is the shortest side in pixels that the caller will resize it to.
        """

    @abstractmethod
    def identity(self, index):
        """Return 16 bytes that are equal for equal images."""


class SubsetSource(ImageSource):
    """A selection of the images of another source."""

    def __init__(self, source, indices):
        super().__init__([int(index) for index in indices])
        self.source = source
        self.concurrent = source.concurrent

    def name(self, index):
        """Name of the image in the other source."""
        return self.source.name(self.items[index])

    def full_name(self, index):
        """Location of the image in the other source."""
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
        super().__init__([os.path.expanduser(item) for item in items])
        self.paths = self.items

    def name(self, index):
        """Path of the image."""
        return self.items[index]

    def full_name(self, index):
        """Absolute path of the image."""
        return os.path.abspath(self.items[index])

    def read(self, index, size_hint=None):
        """Decode the file."""
        return open_image(self.items[index], size_hint)

    def cut(self, indices):
        """Keep absolute paths: other machines may have another working directory."""
        return FileSource([self.full_name(index) for index in indices])

    def identity(self, index):
        """Digest of absolute path, size and modification time; the file is not read."""
        path = self.full_name(index)
        status = os.stat(path)
        # The bytes of a name need not be valid text.
        key = f"{path}|{status.st_size}|{status.st_mtime_ns}".encode(errors="surrogatepass")
        return digest(key)


class PillowSource(ImageSource):
    """Pillow images."""

    def read(self, index, size_hint=None):
        """Apply the EXIF orientation and convert to RGB."""
        image, name = self.items[index], self.name(index)
        with reading(name), _DECODING[id(image) % len(_DECODING)]:
            if _is_as_opened(image):
                # Opened again: the decoded pixels would stay in memory with the caller's image.
                return open_image(image.filename, name=name)
            return to_rgb(image, name)

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


def _is_as_opened(image):
    """Whether a Pillow image was opened from a file that still exists, and nothing else done."""
    if not isinstance(image, ImageFile.ImageFile) or not image.filename or image.fp is None:
        return False
    # It was decoded, has another decoding size, or another frame was chosen.
    if not image.tile or image.decoderconfig or image.tell():
        return False
    try:
        return os.path.samestat(os.fstat(image.fp.fileno()), os.stat(image.filename))
    except OSError:
        # The file was deleted, or the stream does not belong to a file.
        return False


class ArraySource(ImageSource):
    """Arrays or tensors: one for all images, or a list with one per image."""

    def __len__(self):
        # Arrays of zarr have a shape, and no length.
        return self.items.shape[0] if hasattr(self.items, "shape") else len(self.items)

    def read(self, index, size_hint=None):
        """Convert to 8-bit RGB."""
        return array_to_rgb(_pixels(self.items[index]), self.name(index))

    def identity(self, index):
        """Digest of type, shape and pixels."""
        return _array_digest(_pixels(self.items[index]))

    def cut(self, indices):
        """Copy the images: pickling a view of a tensor would include all of it."""
        part = super().cut(indices)
        part.items = [_pixels(item).copy() for item in part.items]
        return part


class DatasetSource(ImageSource):
    """A map-style torch dataset of images, or of tuples that begin with one."""

    # User code need not be thread-safe.
    concurrent = False

    def cut(self, indices):
        """Include the dataset: only it can create its images."""
        return self.subset(indices)

    def read(self, index, size_hint=None):
        """Get the image from the dataset and convert it to RGB."""
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
    """Convert an array, or a tensor with channels first, to an array with channels last."""
    if not isinstance(image, torch.Tensor):
        return np.asarray(image)
    tensor = image.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        # NumPy does not have this type.
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
            else "An image is an array of shape (height, width) or (height, width, 1, 3 or 4)."
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
    return digest(head, np.ascontiguousarray(pixels).data)


def digest(*parts):
    """Hash bytes to 16 bytes."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(part)
    return hashed.digest()
