"""The cache when the disk is full, when others write, and when there is more than memory."""

import mmap
import os
import shutil
import stat
import subprocess
import sys
import warnings
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from skdeepcluster import ImageEmbedder, list_images
from skdeepcluster.embedding import FeatureCacheError, _cache, _embedder
from skdeepcluster.embedding._cache import FeatureCache

from ._engine import set_engine


def keys_of(numbers):
    """Keys as they are made of images: any 16 bytes, here of two numbers."""
    halves = np.array([[number, number + 7] for number in numbers], dtype=np.uint64)
    return halves.view(np.uint8).reshape(len(numbers), 16)


def open_cache(folder, dtype=np.float32):
    return FeatureCache(folder, "space", 3, dtype)


def memory_of(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return array.obj


def embedder(**params):
    return ImageEmbedder(image_size=64, **params)


def forbid_computing(fitted):
    """Let the embedder's engine fail when it is called."""
    set_engine(fitted, SimpleNamespace(precision=fitted._network().engine.precision))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk, leave):
    """Leave so many bytes free."""
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - leave))


def test_rows_are_found_in_any_order_and_number(tmp_path):
    rng = np.random.default_rng(0)
    stored = rng.normal(size=(50, 3)).astype(np.float32)
    cache = open_cache(tmp_path)
    for rows in (slice(0, 20), slice(20, 50)):
        cache.put(keys_of(range(50))[rows], stored[rows])
    # Twice the same image, and one that is not there.
    wanted = [44, 3, 3, 99, 21]
    features = np.full((5, 3), -1, dtype=np.float32)
    found = open_cache(tmp_path).get(keys_of(wanted), features)
    np.testing.assert_array_equal(found, [True, True, True, False, True])
    np.testing.assert_array_equal(features[found], stored[[44, 3, 3, 21]])
    np.testing.assert_array_equal(features[3], -1)


def test_only_the_rows_that_are_wanted_are_read(tmp_path, monkeypatch):
    """A file may hold a thousand times as many."""
    stored = np.arange(300, dtype=np.float32).reshape(100, 3)
    open_cache(tmp_path).put(keys_of(range(100)), stored)
    read = []
    real = _cache._take
    monkeypatch.setattr(_cache, "_take", lambda *args: read.append(real(*args)) or read[-1])
    features = np.zeros((5, 3), dtype=np.float32)
    assert open_cache(tmp_path).get(keys_of([7, 8, 9, 90, 8]), features).all()
    np.testing.assert_array_equal(features, stored[[7, 8, 9, 90, 8]])
    assert [len(rows) for rows in read] == [5]


def test_a_folder_removed_during_a_run_is_made_again(tmp_path, monkeypatch):
    cache = open_cache(tmp_path / "cache")
    cache.put(keys_of([1]), np.ones((1, 3)))
    features = np.zeros((1, 3), dtype=np.float32)
    assert cache.get(keys_of([1]), features).all()
    shutil.rmtree(tmp_path / "cache")
    assert not cache.get(keys_of([1]), features).any()
    cache.put(keys_of([2]), np.ones((1, 3)))
    shutil.rmtree(tmp_path / "cache")
    assert cache.empty(2).shape == (2, 3)
    cache.put(keys_of([2]), np.ones((1, 3)))
    assert open_cache(tmp_path / "cache").get(keys_of([2]), features).all()


def test_a_folder_that_goes_while_it_is_written_to_is_told(tmp_path, monkeypatch):
    cache = open_cache(tmp_path / "cache")
    monkeypatch.setattr(cache, "_make_folder", lambda: shutil.rmtree(tmp_path / "cache"))
    with pytest.raises(FeatureCacheError, match=r"cannot be used.*Set `memory`"):
        cache.put(keys_of([1]), np.ones((1, 3)))


def flip_bit(path, place, bit=0):
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def test_any_bit_that_is_flipped_is_noticed(tmp_path):
    """At worst a row is not found: nothing is returned that was not stored."""
    stored = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    open_cache(tmp_path).put(keys_of(range(4)), stored)
    (path,) = tmp_path.rglob("*.safetensors")
    whole = path.read_bytes()
    n_damaged = 0
    for place in range(len(whole)):
        path.write_bytes(whole)
        flip_bit(path, place, place % 8)
        features = np.zeros((4, 3), dtype=np.float32)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            found = open_cache(tmp_path).get(keys_of(range(4)), features)
        np.testing.assert_array_equal(features[found], stored[found])
        assert not features[~found].any()
        assert path.exists() == (not warned)
        n_damaged += len(warned)
    # Of 4 rows of 12 bytes and their checksums of 4, and of the header, all flips are.
    assert n_damaged > 64


def test_one_bit_among_the_features_of_many_images(snapshots, tmp_path):
    first = embedder(memory=tmp_path).fit_transform(snapshots[0])
    (path,) = tmp_path.rglob("*.safetensors")
    flip_bit(path, path.stat().st_size - 40 * 4 - 40 * 16 - 5000, bit=7)
    with pytest.warns(UserWarning, match="do not have their checksum.*computed again"):
        again = embedder(memory=tmp_path).fit_transform(snapshots[0])
    np.testing.assert_allclose(again, first, atol=1e-5)


def test_rows_under_the_keys_of_others_are_noticed(tmp_path):
    open_cache(tmp_path).put(keys_of(range(4)), np.eye(4, 3))
    (path,) = tmp_path.rglob("*.safetensors")
    tensors = load_file(path)
    save_file({**tensors, "keys": tensors["keys"][::-1].copy()}, path)
    with pytest.warns(UserWarning, match="checksum"):
        assert not open_cache(tmp_path).get(keys_of([0]), np.zeros((1, 3))).any()


def test_a_file_of_version_0_1_0_has_no_checksums(tmp_path):
    open_cache(tmp_path).put(keys_of([1]), np.ones((1, 3)))
    (path,) = tmp_path.rglob("*.safetensors")
    tensors = load_file(path)
    del tensors["checksums"]
    save_file(tensors, path)
    features = np.zeros((1, 3), dtype=np.float32)
    assert open_cache(tmp_path).get(keys_of([1]), features).all()
    np.testing.assert_array_equal(features, 1)


@pytest.mark.parametrize(
    "tensors",
    [
        {"features": np.ones((1, 3), np.int64)},
        {"features": np.ones((1, 3), np.float64)},
        {"features": np.ones((1, 3), np.float16)},
        {"features": np.full((), 1, np.float32)},
        {"features": np.ones((2, 3), np.float32)},
        {"features": np.ones((1, 4), np.float32)},
        {"keys": np.ones((1, 16), np.int8)},
        {"keys": np.ones((), np.uint8)},
        {"keys": np.ones((16,), np.uint8)},
        {"checksums": np.ones((1,), np.int64)},
        {"checksums": np.ones((), np.uint32)},
        {"more": np.ones((1,), np.uint32)},
    ],
    ids=lambda tensors: " ".join(f"{n} {a.dtype}{a.shape}" for n, a in tensors.items()),
)
def test_a_file_of_another_layout_is_not_used(tmp_path, tensors):
    open_cache(tmp_path).put(keys_of([1]), np.ones((1, 3)))
    (path,) = tmp_path.rglob("*.safetensors")
    save_file({**load_file(path), **tensors}, path)
    with pytest.warns(UserWarning, match=r"damaged \(it holds.*computed again"):
        assert not open_cache(tmp_path).get(keys_of([1]), np.zeros((1, 3))).any()
    assert not path.exists()


def test_a_folder_in_the_place_of_a_file_is_left_alone(tmp_path):
    cache = open_cache(tmp_path)
    (cache.folder / "0.safetensors").mkdir()
    cache.put(keys_of([1]), np.ones((1, 3)))
    assert open_cache(tmp_path).get(keys_of([1]), np.zeros((1, 3))).all()


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_the_umask_says_who_may_read(tmp_path, umask):
    before = os.umask(umask)
    try:
        open_cache(tmp_path / "cache").put(keys_of([1]), np.ones((1, 3)))
    finally:
        os.umask(before)
    for path in (tmp_path / "cache").rglob("*"):
        every = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == every & ~umask


def test_keys_that_share_a_half_are_told_apart(tmp_path):
    keys = keys_of([1])
    other = keys.copy()
    other[0, 15] ^= 1
    open_cache(tmp_path).put(keys, np.ones((1, 3)))
    features = np.zeros((2, 3), dtype=np.float32)
    found = open_cache(tmp_path).get(np.concatenate([other, keys]), features)
    np.testing.assert_array_equal(found, [False, True])


def test_an_empty_cache_has_nothing(tmp_path):
    assert not open_cache(tmp_path).get(keys_of([1, 2]), np.zeros((2, 3))).any()


def test_a_full_disk_names_the_file_and_leaves_what_was_there(small_disk, snapshots):
    images = snapshots[0]
    first = embedder(memory=small_disk).fit_transform(images)
    fill(small_disk, leave=100_000)
    with pytest.raises(FeatureCacheError, match=r"\.safetensors'.* needs 0\.2 MB, and 0\.1 MB"):
        embedder(memory=small_disk).fit_transform(255 - images)
    files = [file for file in small_disk.rglob("*") if file.is_file()]
    assert [file.suffix for file in files if file.name != "filler"] == [".safetensors"]
    again = embedder(memory=small_disk).fit(images)
    forbid_computing(again)
    np.testing.assert_array_equal(again.transform(images), first)


def test_a_disk_without_room_for_the_features_is_told_before_the_work(
    small_disk, snapshots, monkeypatch
):
    monkeypatch.setattr(_embedder, "_BYTES_IN_MEMORY", 0)
    fill(small_disk, leave=100_000)
    fitted = embedder(memory=small_disk).fit(snapshots[0])
    forbid_computing(fitted)
    with pytest.raises(FeatureCacheError, match=r"temporary file.* needs 0\.2 MB, and 0\.1 MB"):
        fitted.transform(snapshots[0])


def test_features_on_disk_are_those_in_memory(photo_folder, tmp_path, monkeypatch):
    (photo_folder / "a broken one.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    with pytest.warns(UserWarning, match="1 of 41 images"):
        expected = embedder(on_error="skip").fit_transform(paths)
    monkeypatch.setattr(_embedder, "_BYTES_IN_MEMORY", 0)
    for _ in range(2):
        with pytest.warns(UserWarning, match="1 of 41 images"):
            features = embedder(memory=tmp_path / "cache", on_error="skip").fit_transform(paths)
        assert isinstance(memory_of(features), mmap.mmap)
        np.testing.assert_array_equal(features, expected)
    # The file has no name, so nothing is left of it, and another process gets a copy.
    assert {path.suffix for path in (tmp_path / "cache").rglob("*.*")} == {".safetensors"}
    (total,) = joblib.Parallel(n_jobs=2)([joblib.delayed(np.nansum)(features)])
    assert total == pytest.approx(np.nansum(expected))


def test_half_precision_on_request(snapshots, tmp_path):
    single = embedder(memory=tmp_path).fit_transform(snapshots[0])
    for _ in range(2):
        half = embedder(memory=tmp_path, feature_dtype="float16").fit_transform(snapshots[0])
        assert half.dtype == np.float16
        np.testing.assert_array_equal(half, single.astype(np.float16))
    # Neither is taken for the other.
    np.testing.assert_array_equal(embedder(memory=tmp_path).fit_transform(snapshots[0]), single)


def test_what_half_precision_cannot_hold_is_told(snapshots):
    fitted = embedder(feature_dtype="float16").fit(snapshots[0])
    engine = fitted._network().engine

    def enlarged(pixels):
        return engine(pixels) * 1e6

    enlarged.precision = engine.precision
    set_engine(fitted, enlarged)
    with pytest.raises(ValueError, match="Set feature_dtype='float32'"):
        fitted.transform(snapshots[0][:3])


def test_chunks_are_the_features_in_order(photo_folder):
    (photo_folder / "a broken one.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    with pytest.warns(UserWarning, match=r"1 of 41 images[\s\S]*a broken one") as warned:
        fitted = embedder(on_error="skip").fit(paths)
        chunks = [*fitted.iter_transform(paths, chunk_size=16)]
        expected = fitted.transform(paths)
    # One warning for all chunks, and one of `transform`.
    assert len(warned) == 2
    assert [len(chunk) for chunk in chunks] == [16, 16, 9]
    np.testing.assert_allclose(np.concatenate(chunks), expected, atol=1e-5)


_WRITER = """
import sys
from skdeepcluster import ImageEmbedder, list_images
from skdeepcluster.embedding import _saving

_saving._IMAGES_PER_CACHE_FILE = 4
folder, memory, order = sys.argv[1:]
paths = list_images(folder)[:: int(order)]
print("ready", flush=True)
sys.stdin.readline()
ImageEmbedder(image_size=64, batch_size=2, memory=memory).fit_transform(paths)
"""


@pytest.mark.slow
def test_two_processes_that_write_at_a_time_lose_nothing(photo_folder, tmp_path):
    # One from the first image to the last, the other the other way round.
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(photo_folder), str(tmp_path / "cache"), order],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for order in ("1", "-1")
    ]
    for writer in writers:
        assert writer.stdout.readline().strip() == b"ready"
    for writer in writers:
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    assert [writer.wait() for writer in writers] == [0, 0]
    paths = list_images(photo_folder)
    fitted = embedder(memory=tmp_path / "cache").fit(paths)
    expected = fitted.set_params(memory=None).transform(paths)
    fitted.set_params(memory=tmp_path / "cache")
    forbid_computing(fitted)
    np.testing.assert_allclose(fitted.transform(paths), expected, atol=1e-5)
