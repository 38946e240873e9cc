import os
import shutil

import pytest

from skdeepcluster.cli import main

from ._command import run, run_json


@pytest.fixture
def cache(result, tmp_path):
    return shutil.copytree(result / "out/cache", tmp_path / "cache")


def test_what_is_in_it_is_shown(cache, capsys):
    shown = run_json(capsys, "cache", cache)
    n_bytes = sum(path.stat().st_size for path in cache.rglob("*.safetensors"))
    assert shown["megabytes"] == pytest.approx(n_bytes / 1e6)
    assert shown["n_removed"] == 0
    # The images, in the size by which they are named as well, and their views.
    assert sorted(network["n_features"] for network in shown["networks"]) == [1280, 1280, 4 * 1280]
    assert [network["n_pictures"] for network in shown["networks"]] == [40, 40, 40]
    assert run("cache", cache) == 0
    assert "120 images" in capsys.readouterr().out


def test_what_is_old_is_removed(cache, capsys):
    old = next(cache.rglob("*.safetensors"))
    os.utime(old, (0, 0))
    trimmed = run_json(capsys, "cache", cache, "--max-days", 1000)
    assert (trimmed["n_removed"], len(trimmed["networks"])) == (1, 2)
    assert not old.exists()


def test_all_of_it_is_removed(cache, capsys):
    trimmed = run_json(capsys, "cache", cache, "--max-megabytes", 0)
    assert trimmed == {"networks": [], "megabytes": 0, "n_removed": 3}
    assert run("cache", cache) == 0


def test_where_there_is_none(tmp_path, capsys):
    assert run("cache", tmp_path) == 1
    assert "no features" in capsys.readouterr().err


@pytest.mark.parametrize("amount", ["-1", "nan", "much"])
def test_what_is_no_amount(tmp_path, amount, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["cache", str(tmp_path), "--max-days", amount])
    assert caught.value.code == 2
    assert "is no number from 0 on" in capsys.readouterr().err
