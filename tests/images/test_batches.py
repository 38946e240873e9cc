import threading
import time

import numpy as np
import pytest

from skdeepcluster.images import ImageReadError, Resizing, as_image_source, iter_batches
from skdeepcluster.images._source import ArraySource


class Watched(ArraySource):
    """Notes which images were read, and by which threads."""

    def __init__(self, items, bad=()):
        super().__init__(items)
        self.bad = bad
        self.read_indices = []
        self.threads = set()

    def read(self, index, size_hint=None):
        self.read_indices.append(index)
        self.threads.add(threading.get_ident())
        if index in self.bad:
            raise ImageReadError(f"image {index}: bad")
        return super().read(index, size_hint)


def test_batches_keep_the_order(snapshots):
    images = snapshots[0]
    order = np.random.default_rng(0).permutation(len(images))
    batches = list(
        iter_batches(as_image_source(images), Resizing(64), indices=order, batch_size=16)
    )
    assert [len(batch.indices) for batch in batches] == [16, 16, 8]
    np.testing.assert_array_equal(np.concatenate([b.indices for b in batches]), order)
    np.testing.assert_array_equal(np.concatenate([b.pixels for b in batches]), images[order])


def test_bad_images_are_raised_or_listed(snapshots):
    source = Watched(snapshots[0], bad={3, 17})
    with pytest.raises(ImageReadError, match="image 3"):
        list(iter_batches(source, Resizing(32)))
    batches = list(iter_batches(source, Resizing(32), batch_size=10, on_error="skip"))
    assert [index for batch in batches for index, _ in batch.errors] == [3, 17]
    assert [len(batch.pixels) for batch in batches] == [9, 9, 10, 10]


def test_memory_is_bounded_by_the_lookahead(snapshots):
    source = Watched(snapshots[0])
    batches = iter_batches(source, Resizing(32), batch_size=4, lookahead=2)
    next(batches)
    time.sleep(0.2)
    # The one in hand and three to come, of ten.
    assert len(source.read_indices) <= 16
    batches.close()


def test_closing_stops_the_decoding(snapshots):
    before = threading.active_count()
    source = Watched(snapshots[0])
    batches = iter_batches(source, Resizing(32), batch_size=4)
    next(batches)
    batches.close()
    assert threading.active_count() == before


def test_user_code_is_read_by_one_thread(snapshots):
    source = Watched(snapshots[0])
    source.concurrent = False
    list(iter_batches(source, Resizing(32), batch_size=8, n_jobs=4))
    assert len(source.threads) == 1
