import mmap
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import normalize

from skdeepcluster.features import _rows
from skdeepcluster.features._rows import float_rows, random_rows, row_chunks, stored_rows, unit_rows


@pytest.fixture
def mapped(tmp_path):
    values = np.random.default_rng(0).normal(size=(5000, 12)).astype(np.float16)
    np.save(tmp_path / "features.npy", values)
    return np.load(tmp_path / "features.npy", mmap_mode="r"), values


@pytest.mark.parametrize("rows", [slice(10, 3000), np.array([4999, 3, 3, 0]), np.arange(5000)])
def test_rows_of_a_map_are_those_of_an_array(mapped, rows):
    features, values = mapped
    for array in (features, np.asarray(features)):
        taken = stored_rows(array, rows)
        assert taken.dtype == np.float16
        np.testing.assert_array_equal(taken, values[rows])
    single = values[rows].astype(np.float32)
    np.testing.assert_array_equal(float_rows(features, rows), single)
    np.testing.assert_array_equal(unit_rows(features, rows), normalize(single))


@pytest.mark.parametrize("power", [-130, -60, 60, 120])
def test_rows_of_any_size_get_unit_length(power):
    rows = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    rows[3] = 0
    scaled = np.ldexp(rows, power)
    np.testing.assert_allclose(unit_rows(scaled, slice(None)), normalize(rows), atol=1e-3)
    if power > -100:
        # Nothing is rounded where float32 holds all digits.
        np.testing.assert_array_equal(unit_rows(scaled, slice(None)), normalize(rows))
    assert (unit_rows(scaled, np.array([3])) == 0).all()


def test_chunks_cover_all_rows(monkeypatch):
    monkeypatch.setattr(_rows, "_CHUNK_SIZE", 40)
    covered = np.concatenate([np.arange(100)[chunk] for chunk in row_chunks(100)])
    np.testing.assert_array_equal(covered, np.arange(100))


def test_random_rows_are_distinct_and_the_same_again():
    rows = random_rows(1000, 50)
    assert len(set(rows)) == 50
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, random_rows(1000, 50))
    np.testing.assert_array_equal(random_rows(5, 50), np.arange(5))


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_changes_of_a_map_are_kept(mapped, tmp_path, mode):
    """Those of a copy on write are nowhere but in its pages."""
    features = np.load(tmp_path / "features.npy", mmap_mode=mode)
    features[7] = 1
    stored_rows(features[5:], np.arange(100))
    np.testing.assert_array_equal(stored_rows(features, slice(7, 8)), 1)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(mmap, "MADV_DONTNEED"), reason="reads Linux's /proc"
)
def test_pages_that_were_read_are_let_go(tmp_path):
    features = np.lib.format.open_memmap(tmp_path / "f.npy", "w+", np.float16, (40_000, 512))
    features[:] = 1
    features.flush()
    features = np.load(tmp_path / "f.npy", mmap_mode="r")

    def held():
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssFile")) // 1024

    before = held()
    assert features.sum(dtype=np.float64) == features.size
    assert held() > before + 35
    for chunk in row_chunks(len(features)):
        stored_rows(features, chunk)
    assert held() < before + 5


def test_half_precision_of_any_layout_is_read_exactly_and_left_alone():
    bits = np.arange(2**16, dtype=np.uint16).view(np.float16)
    values = bits[np.isfinite(bits)].reshape(-1, 8)
    values.flags.writeable = False
    for features in (values, np.asfortranarray(values), values[::-1], values[:, ::2]):
        before = features.copy()
        np.testing.assert_array_equal(
            float_rows(features, slice(None)), features.astype(np.float32)
        )
        lengths = np.linalg.norm(unit_rows(features, slice(None)), axis=1)
        np.testing.assert_allclose(lengths[np.abs(features).max(axis=1) > 0], 1, rtol=1e-6)
        np.testing.assert_array_equal(features, before)
