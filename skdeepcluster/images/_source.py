"""Sources of images of any kind, read one at a time."""

import copy
import hashlib
import io
import os
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFile

from ._decoding import as_decoded, open_raw
from ._errors import ImageReadError, read_by_function, reading
from ._raw import ArrayImage, PillowImage
from ._reader import ImageReader, reader_key, uses_function
from ._rendering import render, uses_window

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
    reader : ImageReader
        How images are read.
    """

    concurrent = True
    paths: list | None = None
    reader = ImageReader()
    _places: list | None = None
    _reader_key: bytes | None = None

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
            sample = self.spread(_N_SAMPLED)
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

    def read_by(self, reader):
        """Return a source of the same images that reads them by an ImageReader."""
        changed = copy.copy(self)
        changed.reader, changed._reader_key = reader, None
        return changed

    def key(self, index):
        """Return 16 bytes that are equal for equal images that are read in the same way."""
        if self._reader_key is None:
            self._reader_key = reader_key(self.reader).encode(errors="surrogatepass")
        return digest(self._reader_key, self.identity(index))

    def opened(self, index, size_hint=None):
        """Return a context manager that opens the image as a RawImage.

        The image is None where a source has only images that are read already.
        """
        return nullcontext(None)

    def spread(self, n_images):
        """Return up to so many indices, spread over the images, for a look at a sample."""
        return self.spread_among(np.arange(len(self)), n_images)

    def spread_among(self, indices, n_images):
        """Return up to so many positions in an array of indices, spread over these images."""
        return np.unique(np.linspace(0, len(indices) - 1, n_images).astype(int))

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


class RawSource(ImageSource):
    """A source of images that its reader makes RGB images of."""

    @abstractmethod
    def opened(self, index, size_hint=None):
        """Return a context manager that opens the image as a RawImage."""

    def read(self, index, size_hint=None):
        """Open the image, and convert it to RGB."""
        name = self.name(index)
        with reading(name), self.opened(index, size_hint) as image:
            return render(self.reader, image, name)


class SubsetSource(ImageSource):
    """A selection of the images of another source."""

    def __init__(self, source, indices):
        super().__init__([int(index) for index in indices])
        self.source = source
        self.concurrent = source.concurrent
        self.reader = source.reader

    def read_by(self, reader):
        """Change how the other source reads."""
        return SubsetSource(self.source.read_by(reader), self.items)

    def opened(self, index, size_hint=None):
        """Open from the other source."""
        return self.source.opened(self.items[index], size_hint)

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

    def spread_among(self, indices, n_images):
        """Spread over the other source."""
        return self.source.spread_among(np.array(self.items)[indices], n_images)

    def cut(self, indices):
        """Cut the other source."""
        return self.source.cut([self.items[index] for index in indices])


class FileSource(RawSource):
    """Images in files."""

    def __init__(self, items):
        super().__init__([os.path.expanduser(item) for item in items])
        self.paths = self.items

    def name(self, index):
        """Path of the image; its number if that is missing."""
        return self.items[index] or super().name(index)

    def full_name(self, index):
        """Absolute path of the image; an empty one if it is missing."""
        path = self.items[index]
        return os.path.abspath(path) if path else ""

    def opened(self, index, size_hint=None):
        """Open the file by the reader's function or by its format."""
        path, reader = self.items[index], self.reader
        if not path:
            raise ImageReadError(
                f"{self.name(index)}: its path is missing. Leave it out, or set on_error='skip'."
            )
        if not uses_function(reader, path):
            return open_raw(path, path, size_hint, use_window=uses_window(reader))
        result = read_by_function(reader.function, path)
        if isinstance(result, Image.Image):
            return nullcontext(PillowImage(result, n_frames=1))
        return nullcontext(ArrayImage.of(_with_mask(result), path, any_channels=True))

    def cut(self, indices):
        """Keep absolute paths: other machines may have another working directory."""
        return FileSource([self.full_name(index) for index in indices]).read_by(self.reader)

    def identity(self, index):
        """Digest of absolute path, size and modification time; the file is not read."""
        path = self.full_name(index)
        status = os.stat(path)
        # The bytes of a name need not be valid text.
        key = f"{path}|{status.st_size}|{status.st_mtime_ns}".encode(errors="surrogatepass")
        return digest(key)


class PillowSource(RawSource):
    """Pillow images, each of one frame: that which it shows."""

    def opened(self, index, size_hint=None):
        """Take the image as it is, in the frame that it is at."""
        return _opened_again(self.items[index], self.name(index))

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


@contextmanager
def _opened_again(image, name):
    """Read the file of a Pillow image as files are read, if nothing was done with it yet."""
    with _DECODING[id(image) % len(_DECODING)]:
        file = _file_of_untouched(image)
        if file is None:
            yield as_decoded(image, name)
            return
        # The decoded pixels would stay in memory with the caller's image, and Pillow would not
        # decode all that the file holds.
        with open_raw(file, name) as raw:
            yield raw.first_frame()


def _file_of_untouched(image):
    """Path, or contents as a stream, of what Pillow has opened only; None if it did more."""
    if not isinstance(image, ImageFile.ImageFile) or image.fp is None:
        return None
    # It was decoded, has another decoding size, or another frame was chosen.
    if not image.tile or image.decoderconfig or image.tell():
        return None
    try:
        if image.filename and os.path.samestat(
            os.fstat(image.fp.fileno()), os.stat(image.filename)
        ):
            return image.filename
    except OSError:
        # The file was deleted, or the stream does not belong to a file.
        pass
    try:
        place = image.fp.tell()
        image.fp.seek(0)
        content = image.fp.read()
        image.fp.seek(place)
    except (OSError, ValueError):
        # The stream is closed; what was said of it is an error of the image.
        return None
    return io.BytesIO(content)


class ArraySource(RawSource):
    """Arrays or tensors: one for all images, or a list with one per image."""

    def __len__(self):
        # Arrays of zarr have a shape, and no length.
        return self.items.shape[0] if hasattr(self.items, "shape") else len(self.items)

    def opened(self, index, size_hint=None):
        """Take the pixels."""
        name, any_channels = self.name(index), self.reader.channels is not None
        pixels = _pixels(self.items[index], name)
        return nullcontext(ArrayImage.of(pixels, name, any_channels=any_channels))

    def identity(self, index):
        """Digest of type, shape and pixels."""
        return _array_digest(_pixels(self.items[index], self.name(index)))

    def cut(self, indices):
        """Copy the images: pickling a view of a tensor would include all of it."""
        part = super().cut(indices)
        part.items = [
            _pixels(item, part.name(place)).copy() for place, item in enumerate(part.items)
        ]
        return part


class DatasetSource(RawSource):
    """A map-style torch dataset of images, or of tuples that begin with one."""

    # User code need not be thread-safe.
    concurrent = False

    def cut(self, indices):
        """Include the dataset: only it can create its images."""
        return self.subset(indices)

    def opened(self, index, size_hint=None):
        """Get the image from the dataset."""
        item, name = self.items[index], self.name(index)
        if isinstance(item, tuple | list) and item:
            item = item[0]
        if isinstance(item, Image.Image):
            return _opened_again(item, name)
        if isinstance(item, str | Path):
            return FileSource([item]).read_by(self.reader).opened(0, size_hint)
        if not isinstance(item, np.ndarray | torch.Tensor) or item.ndim < 2:
            raise ImageReadError(f"{name}: {_no_image(item)}")
        any_channels = self.reader.channels is not None
        return nullcontext(ArrayImage.of(_pixels(item, name), name, any_channels=any_channels))

    def identity(self, index):
        """Digest of the RGB pixels."""
        return _array_digest(np.asarray(self.read(index)))


def _no_image(item):
    if isinstance(item, dict):
        keys = ", ".join(map(repr, item))
        return (
            f"the dataset returns a dict (with {keys}). Return the image, or a tuple that begins "
            "with it: wrap the dataset in one whose __getitem__ does."
        )
    return (
        f"the dataset returns {type(item).__name__} where an image should be. The image comes "
        "first, as in (image, label): wrap the dataset in one whose __getitem__ returns it so."
    )


def _pixels(image, name):
    """Convert an array, or a tensor with channels first, to an array with channels last."""
    if isinstance(image, torch.Tensor):
        return _pixels_of_tensor(image.detach(), name)
    try:
        return _with_mask(image)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ImageReadError(
            f"{name}: a {type(image).__name__} that NumPy cannot convert ({error}). Pass arrays of "
            "NumPy or tensors of torch."
        ) from error


def _pixels_of_tensor(tensor, name):
    shape = tuple(tensor.shape)
    if tensor.device.type == "meta":
        raise ImageReadError(f"{name}: a tensor on the device 'meta', which holds no values.")
    if tensor.layout != torch.strided:
        raise ImageReadError(
            f"{name}: a tensor of the layout {tensor.layout}. Pass tensor.to_dense()."
        )
    if len(shape) not in (2, 3):
        raise ImageReadError(
            f"{name}: its tensor has the shape {shape}. An image is a tensor of shape (channels, "
            "height, width) or (height, width)."
        )
    if len(shape) == 3 and shape[0] not in (1, 3, 4) and shape[2] in (1, 3, 4):
        raise ImageReadError(
            f"{name}: its tensor has the shape {shape}. Channels of a tensor come first: use "
            "tensor.permute(2, 0, 1)."
        )
    tensor = tensor.cpu()
    if tensor.dtype == torch.bfloat16:
        # NumPy does not have this type.
        tensor = tensor.float()
    return tensor.movedim(0, -1).numpy() if len(shape) == 3 else tensor.numpy()


def _with_mask(image):
    """Convert to an array, masked if some pixels are."""
    return image if np.ma.is_masked(image) else np.asarray(image)


def _array_digest(pixels):
    head = f"{pixels.dtype.str}|{pixels.shape}|".encode()
    mask = np.packbits(pixels.mask).data if np.ma.is_masked(pixels) else b""
    return digest(head, np.ascontiguousarray(np.ma.getdata(pixels)).data, mask)


def digest(*parts):
    """Hash bytes to 16 bytes."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(part)
    return hashed.digest()
