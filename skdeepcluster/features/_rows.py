"""Rows of features that may be larger than memory, or stored in half precision."""

import errno
import mmap
import os
import shutil
import tempfile

import numpy as np
from sklearn.utils import gen_batches

# Rows in a chunk: 84 MB of float32 with 1280 features.
_CHUNK_SIZE = 16_384
# Scattered rows of a mapped file that are read at a time: with each, the system maps its
# surroundings as well.
_SCATTERED = 2048
# For smaller maps, releasing pages is not worth the system calls.
_SMALL_MAP = 2**25


def stored_rows(features, rows):
    """Take rows, given by a slice or by indices, in the precision they are stored in.

    The pages of a memory-mapped array are released after reading, so that the process does not
    end up with the entire file in memory.
    """
    if _map_behind(features) is None:
        return features[rows]
    if isinstance(rows, slice):
        taken = np.array(features[rows])
        let_go(features)
        return taken
    taken = np.empty((len(rows), features.shape[1]), dtype=features.dtype)
    for part in gen_batches(len(rows), _SCATTERED):
        taken[part] = features[rows[part]]
        let_go(features)
    return taken


def copied_rows(features, rows):
    """Copy rows, given by indices: to memory, or those of a memory-mapped array to another map.

    Its file has no name, and is in the folder of temporary files.

    Raises
    ------
    OSError
        If that has no room.
    """
    if _map_behind(features) is None:
        return features[rows]
    folder = tempfile.gettempdir()
    try:
        copied = unnamed_array(folder, (len(rows), features.shape[1]), features.dtype)
    except OSError as error:
        raise OSError(
            f"{folder!r} has no room for the features without copies of images: {error}. Set the "
            "environment variable TMPDIR to another folder, or leave copies out of X."
        ) from error
    for chunk in row_chunks(len(rows)):
        copied[chunk] = stored_rows(features, rows[chunk])
        let_go(copied)
    return copied


def let_go(features):
    """Release the pages of a memory-mapped array; what was written stays in the file."""
    mapped = _map_behind(features)
    if mapped is not None:
        mapped.madvise(mmap.MADV_DONTNEED)


def float_rows(features, rows):
    """Take rows, given by a slice or by indices, as float32."""
    taken = stored_rows(features, rows)
    if taken.dtype != np.float16:
        return np.asarray(taken, dtype=np.float32)
    import torch

    # NumPy looks at each value, in twenty times the time where many are zero. Torch warns of
    # arrays that it could write to but must not.
    return torch.from_numpy(np.require(taken, requirements=["C", "W"])).float().numpy()


def scaled_rows(features, rows):
    """Take rows as float32, each times a power of two where its squares might need more range.

    That is exact, and the largest value of such a row is about 1.
    """
    taken = float_rows(features, rows)
    if features.dtype == np.float16:
        # Squares of half precision, and sums of thousands, are well within float32.
        return taken
    largest = np.maximum(taken.max(axis=1, keepdims=True), -taken.min(axis=1, keepdims=True))
    # Within the range of float32; rows of zeros stay as they are.
    powers = np.minimum(-np.frexp(largest)[1], 126)
    return taken * np.ldexp(np.float32(1), powers)


def unit_rows(features, rows):
    """Take rows as float32, scaled to unit length; rows of zeros stay as they are."""
    taken = scaled_rows(features, rows)
    lengths = np.sqrt(np.einsum("ij,ij->i", taken, taken))
    lengths[lengths == 0] = 1
    # Not into an array of the caller's, nor into another: there may be gigabytes.
    return np.divide(taken, lengths[:, None], out=taken)


def row_chunks(n_samples):
    """Slices that together cover all rows; none without rows, which scikit-learn refuses."""
    return gen_batches(n_samples, _CHUNK_SIZE) if n_samples else iter(())


def random_rows(n_samples, size):
    """Draw row numbers, or return all of them if there are no more; the same at every call.

    For quantities that hardly depend on which rows are drawn, such as means.
    """
    if n_samples <= size:
        return np.arange(n_samples)
    return np.sort(np.random.default_rng(0).choice(n_samples, size, replace=False))


def unnamed_array(folder, shape, dtype):
    """Create an array in a file without a name.

    The file is deleted with the array, or when the process ends in whatever way.

    Raises
    ------
    OSError
        If the folder cannot be written, or has no room.
    """
    n_bytes = np.dtype(dtype).itemsize * shape[0] * shape[1]
    with tempfile.TemporaryFile(dir=folder) as file:
        # Writing to a map beyond the free space of the disk would kill the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        elif shutil.disk_usage(folder).free < n_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        else:
            file.truncate(n_bytes)
        return _SharedMap(file.fileno(), n_bytes).array(shape, dtype)


class _SharedMap(mmap.mmap):
    """A memory map whose changes are written to the file."""

    def array(self, shape, dtype):
        """Return an array of the bytes that joblib treats as one in memory.

        Of a ``numpy.memmap`` it would send other processes the name of the file, which this one
        may not have.
        """
        return np.frombuffer(memoryview(self), dtype=dtype).reshape(shape)


def _map_behind(array):
    """Find the memory map that an array is a view of, if its pages can be read again any time."""
    if array.nbytes < _SMALL_MAP:
        return None
    shared = False
    while isinstance(array, np.ndarray):
        # With copy on write, changes are in the pages only.
        shared |= isinstance(array, np.memmap) and array.mode != "c"
        array = array.base
    if isinstance(array, memoryview):
        array = array.obj
        shared = isinstance(array, _SharedMap)
    return array if shared and hasattr(mmap, "MADV_DONTNEED") else None
