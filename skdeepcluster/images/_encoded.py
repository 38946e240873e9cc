"""Images as the bytes of files inside of larger files."""

import io
from abc import abstractmethod

import numpy as np

from ._reading import open_image, reading
from ._source import ImageSource, _digest


class EncodedSource(ImageSource):
    """Encoded images, decoded one at a time; a sequence that estimators take for ``X``.

    An integer as index gives an image as :func:`skdeepcluster.read_image` does, a slice or an
    array of integers or booleans a sequence of some of the images, which is also what
    scikit-learn's splitters and ``train_test_split`` do. Sequences are small when pickled: the
    images stay where they are.

    Attributes
    ----------
    shape : tuple of int
        ``(n_images,)``.
    """

    @property
    def shape(self):
        """Number of images, as arrays tell it."""
        return (len(self),)

    def __getitem__(self, index):
        if isinstance(index, tuple):
            # scikit-learn asks for array[indices, ...].
            index = index[0]
        chosen = np.arange(len(self))[index]
        return self.cut(chosen) if np.ndim(chosen) else np.asarray(self.read(int(chosen)))

    def __repr__(self):
        return f"<{type(self).__name__}: {len(self)} images>"

    def full_name(self, index):
        """Where the image is, which is its name."""
        return self.name(index)

    @abstractmethod
    def encoded(self, index):
        """Read the bytes of an image."""

    def read(self, index, size_hint=None):
        """Decode an image."""
        return open_image(io.BytesIO(self._encoded(index)), size_hint, self.name(index))

    @abstractmethod
    def state(self, index):
        """Return what tells an image and its last change, or None if that is not known."""

    def identity(self, index):
        """Digest of place and time of change, without a read where the file system tells it."""
        state = self.state(index)
        return _digest(self._encoded(index) if state is None else repr(state).encode())

    def _encoded(self, index):
        with reading(self.name(index)):
            return self.encoded(index)
