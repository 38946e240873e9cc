"""Encoded images that are stored in larger files."""

import io
from abc import abstractmethod

import numpy as np

from ._decoding import open_raw
from ._errors import reading
from ._rendering import uses_window
from ._source import RawSource, digest


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
