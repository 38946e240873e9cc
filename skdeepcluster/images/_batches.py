"""Batches of resized images, decoded in advance."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import joblib
import numpy as np

from ._errors import ImageReadError


class Batch(NamedTuple):
    """Images that go through a network together.

    ``pixels`` is uint8 of shape (n, size, size, 3), ``indices`` int64 of shape (n,); ``errors``
    lists (index, ImageReadError) of the images that were skipped.
    """

    indices: np.ndarray
    pixels: np.ndarray
    errors: list


def iter_batches(
    source,
    resizing,
    *,
    indices=None,
    batch_size=32,
    n_jobs=None,
    on_error="raise",
    lookahead=2,
):
    """Decode and resize images in threads while the caller uses the previous batches.

    Parameters
    ----------
    source : ImageSource
    resizing : Resizing
    indices : ndarray of int, default=None
        Which images to read, in this order. None reads all.
    batch_size : int, default=32
    n_jobs : int, default=None
        Number of threads; None uses one per processor. Pillow releases the GIL while it
        decodes, so threads are enough.
    on_error : {"raise", "skip"}, default="raise"
    lookahead : int, default=2
        Number of batches that are decoded in advance, which bounds the memory.

    Yields
    ------
    batch : Batch
        In the order of ``indices``. Closing the generator stops the threads.
    """
    indices = np.arange(len(source)) if indices is None else np.asarray(indices, dtype=np.int64)
    n_threads = number_of_threads(source, n_jobs)

    def load(index):
        try:
            return resizing(source.read(index, resizing.shortest_side), source.reader.aspect)
        except ImageReadError as error:
            return error

    executor = ThreadPoolExecutor(n_threads, thread_name_prefix="skdeepcluster-decode")
    pending: deque = deque()
    starts = iter(range(0, len(indices), batch_size))

    def submit():
        start = next(starts, None)
        if start is not None:
            chosen = indices[start : start + batch_size]
            pending.append((chosen, [executor.submit(load, int(index)) for index in chosen]))

    try:
        for _ in range(1 + lookahead):
            submit()
        while pending:
            chosen, futures = pending.popleft()
            results = [future.result() for future in futures]
            submit()
            yield _collect(chosen, results, resizing.size, on_error)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _collect(chosen, results, size, on_error):
    errors = [
        (int(index), result)
        for index, result in zip(chosen, results, strict=True)
        if isinstance(result, ImageReadError)
    ]
    if errors and on_error == "raise":
        raise errors[0][1]
    good = [not isinstance(result, ImageReadError) for result in results]
    pixels = [result for result in results if not isinstance(result, ImageReadError)]
    stacked = np.stack(pixels) if pixels else np.empty((0, size, size, 3), dtype=np.uint8)
    return Batch(chosen[good], stacked, errors)


def number_of_threads(source, n_jobs):
    """Return how many threads read images; ``n_jobs`` is in joblib's conventions."""
    if not source.concurrent:
        return 1
    # The processors of this machine, even if joblib's active backend has others.
    with joblib.parallel_config(backend="threading"):
        return joblib.effective_n_jobs(-1 if n_jobs is None else n_jobs)
