import csv

import numpy as np
import pytest

from skdeepcluster.cli import main


@pytest.fixture(scope="module")
def result(snapshots, tmp_path_factory):
    """A folder of photos and the output of a first run of the command on it."""
    from PIL import Image

    base = tmp_path_factory.mktemp("cli")
    for number, (picture, scene) in enumerate(zip(*snapshots, strict=True)):
        path = base / "photos" / scene / f"{number % 10}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    (base / "photos" / "broken.jpg").write_bytes(b"no picture")
    arguments = ["cluster", base / "photos", "--n-clusters", 4, "--image-size", 64]
    arguments += ["--output", base / "out", "--export", "copy"]
    assert main([*map(str, arguments)]) == 0
    return base


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_cluster_writes_table_model_and_folders(result):
    rows = read_table(result / "out" / "labels.csv")
    assert len(rows) == 41
    unreadable = [row for row in rows if row["label"] == "-1"]
    assert [row["path"].endswith("broken.jpg") for row in unreadable] == [True]
    assert unreadable[0]["probability"] == ""
    assert all(0 <= float(row["probability"]) <= 1 for row in rows if row["label"] != "-1")
    folders = sorted((result / "out" / "clusters").iterdir())
    assert [folder.name for folder in folders] == ["0", "1", "2", "3"]
    # Files of one name from several folders all arrive.
    assert sum(len(list(folder.iterdir())) for folder in folders) == 40


def test_assign_gives_the_same_labels(result, capsys):
    arguments = ["assign", result / "out" / "model", result / "photos", "--output"]
    assert main([*map(str, arguments), str(result / "again")]) == 0
    first, again = (read_table(result / name / "labels.csv") for name in ("out", "again"))
    assert [row["label"] for row in first] == [row["label"] for row in again]
    assert "broken.jpg" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["symlink", "move"])
def test_export_modes(result, tmp_path, mode):
    import shutil

    photos = shutil.copytree(result / "photos", tmp_path / "photos")
    arguments = ["assign", result / "out" / "model", photos, "--output", tmp_path / "o"]
    assert main([*map(str, arguments), "--export", mode]) == 0
    moved = [path for path in (tmp_path / "o" / "clusters").rglob("*.jpg")]
    assert len(moved) == 40
    assert all(path.is_symlink() == (mode == "symlink") for path in moved)
    assert len([*photos.rglob("*.jpg")]) == (41 if mode == "symlink" else 1)


def test_embed(result, tmp_path):
    arguments = ["embed", result / "photos", "--output", tmp_path / "f.npz"]
    assert main([*map(str, arguments), "--image-size", "64"]) == 0
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["features"].shape == (41, 1280)
        assert len(stored["paths"]) == 41


def test_backbones(capsys):
    assert main(["backbones"]) == 0
    assert "efficientnet_lite0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cluster", "nowhere", "--n-clusters", "3", "--output", "o"], "no folder"),
        (["cluster", "{photos}", "--n-clusters", "99", "--output", "o"], "n_samples=40"),
        (["cluster", "{photos}", "--n-clusters", "0", "--output", "o"], "n_clusters"),
        (
            ["cluster", "{photos}", "--n-clusters", "4", "--output", "o", "--backbone", "x"],
            "no backbone 'x'",
        ),
        (["assign", "nowhere", "{photos}", "--output", "o"], "no saved"),
        (["embed", "{photos}", "--output", "nowhere/f.npz"], "no folder"),
    ],
)
def test_errors_are_one_line(result, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main([a.format(photos=result / "photos") for a in arguments]) == 1
    last = capsys.readouterr().err.rstrip("\n").split("\n")[-1]
    assert last.startswith("skdeepcluster: error: ")
    assert message in last
    assert not (tmp_path / "o").exists()


def test_an_export_in_the_way_is_found_before_the_work(result, capsys):
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--output", result / "out"]
    assert main([*map(str, arguments), "--export", "copy"]) == 1
    assert "exists already" in capsys.readouterr().err


def test_usage_errors_leave_with_status_two():
    with pytest.raises(SystemExit) as caught:
        main(["cluster"])
    assert caught.value.code == 2
