"""A clustering that grows with its folder, in the command."""

import json
import shutil

import pytest
from PIL import Image

from skdeepcluster import DeepImageClusterer

from ._command import read_table, run, run_json


@pytest.fixture
def grown(result, tmp_path):
    """A copy of the folder with two more images: known ones, mirrored."""
    photos = tmp_path / "photos"
    shutil.copytree(result / "photos", photos)
    one, other = sorted(photos.rglob("*.jpg"))[1:3]
    for number, path in enumerate((one, other)):
        mirrored = Image.open(path).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        mirrored.save(photos / f"mirrored{number}.jpg")
    return photos


def labels_of(folder):
    return {row["path"]: row["label"] for row in read_table(folder / "labels.csv")}


@pytest.fixture
def clustered(grown, tmp_path):
    """The result of a run on the folder before there were more."""
    new = sorted(grown.glob("mirrored*.jpg"))
    for path in new:
        path.rename(tmp_path / path.name)
    arguments = ["cluster", grown, "--n-clusters", 4, "--image-size", 64, "--views", 0]
    assert run(*arguments, "--output", tmp_path / "out") == 0
    for path in new:
        (tmp_path / path.name).rename(path)
    return tmp_path / "out"


def test_new_images_of_the_folder_are_taken_in(grown, clustered, tmp_path, capsys):
    before = labels_of(clustered)
    data = run_json(capsys, "update", clustered, grown, "--output", tmp_path / "new")
    after = labels_of(tmp_path / "new")
    assert data["n_new"] == 2 and data["n_pictures"] == len(after) == len(before) + 2
    assert {path: after[path] for path in before} == before
    # Mirrored, they look as before.
    for path in grown.glob("mirrored*.jpg"):
        assert after[str(path)] in set(before.values()) - {"-1"}
    assert [row["state"] for row in data["update"]].count("grown") in (1, 2)
    assert data["update"] == [
        {**row, "cluster": cluster} for cluster, row in enumerate(data["update"])
    ]
    assert sum(row["added"] for row in data["update"]) == 2
    table = read_table(tmp_path / "new" / "update.csv")
    assert [row["state"] for row in table] == [row["state"] for row in data["update"]]
    assert set(data["files"]) == {"labels", "update", "model", "cache"}
    est = DeepImageClusterer.load(tmp_path / "new" / "model")
    assert len(est.labels_) == len(after)


def test_result_is_updated_in_its_place_and_all_is_clustered_anew(grown, clustered, capsys):
    arguments = ["update", clustered, grown, "--refit", "yes", "--output", clustered]
    data = run_json(capsys, *arguments)
    assert sum(row["size"] for row in data["update"]) == 42
    assert len(labels_of(clustered)) == 43
    # There is nothing new then.
    assert run(*arguments) == 1
    assert "All 43 images" in capsys.readouterr().err
    assert json.loads((clustered / "model" / "config.json").read_text())["n_clustered"] is None


def test_text_tells_what_became_of_clusters(grown, clustered, tmp_path, capsys):
    assert run("update", clustered, grown, "--output", tmp_path / "new") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("2 new images\n") and f"update: {tmp_path / 'new'}" in printed


def test_images_that_are_no_files(grown, clustered, tmp_path, capsys):
    tar = shutil.make_archive(str(tmp_path / "images"), "tar", grown)
    assert run("update", clustered, tar, "--output", tmp_path / "new") == 1
    assert "is no folder" in capsys.readouterr().err
    out = tmp_path / "of tar"
    arguments = ["--n-clusters", 2, "--image-size", 32, "--views", 0, "--output", out]
    assert run("cluster", tar, *arguments) == 0
    assert run("update", out, grown, "--output", tmp_path / "new") == 1
    assert "The command updates the clustering" in capsys.readouterr().err


def test_the_format_is_that_of_the_result(grown, clustered, tmp_path):
    pytest.importorskip("pyarrow")
    (clustered / "labels.csv").rename(clustered / "labels.parquet")
    assert run("update", clustered, grown, "--output", tmp_path / "new") == 0
    assert (tmp_path / "new/labels.parquet").exists()
    assert not (tmp_path / "new/labels.csv").exists()
