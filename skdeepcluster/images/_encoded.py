"""Pictures as the bytes of files inside of larger files."""

import io
from abc import abstractmethod

import numpy as np

from ._reading import open_image, reading
from ._source import ImageSource, _digest


class EncodedSource(ImageSource):
    """Encoded pictures, decoded one at a time; a sequence that estimators take for ``X``.

    An integer as index gives a picture as :func:`skdeepcluster.read_image` does, a slice or an
    array of integers or booleans a sequence of some of the pictures, which is also what
    scikit-learn's splitters and ``train_test_split`` do. Sequences are small when pickled: the
    pictures stay where they are.

    Attributes
    ----------
    shape : tuple of int
        ``(n_pictures,)``.
    """

    @property
    def shape(self):
        """Number of pictures, as arrays tell it."""
        return (len(self),)

    def __getitem__(self, index):
        if isinstance(index, tuple):
            # scikit-learn asks for array[indices, ...].
            index = index[0]
        chosen = np.arange(len(self))[index]
        return self.cut(chosen) if np.ndim(chosen) else np.asarray(self.read(int(chosen)))

    def __repr__(self):
        return f"<{type(self).__name__}: {len(self)} pictures>"

    def full_name(self, index):
        """Where the picture is, which is its name."""
        return self.name(index)

    @abstractmethod
    def encoded(self, index):
        """Read the bytes of a picture."""

    def read(self, index, size_hint=None):
        """Decode a picture."""
        return open_image(io.BytesIO(self._encoded(index)), size_hint, self.name(index))

    @abstractmethod
    def state(self, index):
        """Return what tells a picture and its last change, or None if that is not known."""

    def identity(self, index):
        """Digest of place and time of change, without a read where the file system tells it."""
        state = self.state(index)
        return _digest(self._encoded(index) if state is None else repr(state).encode())

    def _encoded(self, index):
        with reading(self.name(index)):
            return self.encoded(index)
