import os
import time

import numpy as np
import pytest

from skdeepcluster.embedding import cached_files, trim_cache
from skdeepcluster.embedding._cache import FeatureCache

from .test_cache import keys_of


def fill(folder, number, days):
    """Store features of one image, unused for so many days; return the file."""
    cache = FeatureCache(folder, "space", 3, np.float32)
    before = set(cache.folder.iterdir())
    cache.put(keys_of([number]), np.full((1, 3), number))
    (path,) = set(cache.folder.iterdir()) - before
    os.utime(path, (time.time() - 86400 * days,) * 2)
    return path


@pytest.fixture
def cache(tmp_path):
    return [fill(tmp_path, number, days) for number, days in enumerate([30, 5, 90])]


def paths(files):
    return [file.path for file in files]


def test_files_are_listed_by_their_last_use(tmp_path, cache):
    files = cached_files(tmp_path)
    assert paths(files) == [cache[2], cache[0], cache[1]]
    assert [(file.network, file.n_images, file.n_features) for file in files] == [
        ("space", 1, 3)
    ] * 3
    assert [file.n_bytes for file in files] == [file.path.stat().st_size for file in files]


def test_old_files_are_removed(tmp_path, cache):
    assert paths(trim_cache(tmp_path, max_days=20)) == [cache[0], cache[2]]
    assert paths(cached_files(tmp_path)) == [cache[1]]
    assert trim_cache(tmp_path, max_days=20) == []


def test_what_was_used_last_is_kept(tmp_path, cache):
    size = cache[0].stat().st_size
    assert paths(trim_cache(tmp_path, max_bytes=2 * size)) == [cache[2]]
    assert paths(trim_cache(tmp_path, max_bytes=2 * size - 1)) == [cache[0]]
    assert paths(trim_cache(tmp_path, max_bytes=0)) == [cache[1]]


def test_reading_is_use(tmp_path, cache):
    reader = FeatureCache(tmp_path, "space", 3, np.float32)
    assert reader.get(keys_of([2]), np.zeros((1, 3))).all()
    assert paths(cached_files(tmp_path))[-1] == cache[2]


def test_a_run_goes_on_when_its_cache_is_trimmed(tmp_path, cache):
    reader = FeatureCache(tmp_path, "space", 3, np.float32)
    features = np.zeros((3, 3), np.float32)
    assert reader.get(keys_of(range(3)), features).all()
    trim_cache(tmp_path, max_bytes=0)
    assert not reader.get(keys_of(range(3)), features).any()
    reader.put(keys_of([7]), np.ones((1, 3)))


def test_nothing_else_is_removed(tmp_path, cache):
    folder = cache[0].parent
    others = [folder / "notes.txt", folder / "a.safetensors" / "b", tmp_path / "mine.safetensors"]
    others[1].parent.mkdir()
    for path in others:
        path.write_text("important")
    (folder / "link.safetensors").symlink_to(others[2])
    partial = folder / ".skdeepcluster-left"
    partial.touch()
    os.utime(partial, (0, 0))
    (folder / "damaged.safetensors").write_text("{}")
    trim_cache(tmp_path, max_bytes=0)
    assert sorted(path.name for path in folder.iterdir()) == [
        "a.safetensors",
        "link.safetensors",
        "notes.txt",
    ]
    assert all(path.read_text() == "important" for path in others)


def test_where_there_is_no_cache(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no features in .* given as `memory`"):
        trim_cache(tmp_path, max_days=1)
