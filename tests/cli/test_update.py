"""A clustering that grows with its folder, in the command."""

import json
import re
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
    assert run("update", clustered, grown, "--output", tmp_path / "new", "--json") == 0
    printed = capsys.readouterr()
    data = json.loads(printed.out)
    assert "written before" not in printed.err and "in another place" not in printed.err
    assert data["files"]["update"] == str(tmp_path / "new/update.csv")
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
    # The folder lists them in another order than that in which they came.
    pytest.importorskip("jinja2")
    page = tmp_path / "page.html"
    assert run("report", tmp_path / "new/model", grown, "--output", page) == 0
    text = page.read_text(encoding="utf-8")
    shown = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    named = zip(shown["names"], shown["labels"], strict=True)
    labels = {shown["root"] + name: str(label) for name, label in named}
    assert shown["result"] is not None and labels == after


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


@pytest.mark.parametrize("place", ["elsewhere", "moved"])
def test_images_that_are_not_where_they_were(grown, tmp_path, capsys, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    arguments = ["--n-clusters", 2, "--image-size", 64, "--views", 0, "--output", "relative"]
    assert run("cluster", f"{grown.name}/cat", *arguments) == 0
    if place == "moved":
        grown.rename(tmp_path / "others")
        grown = tmp_path / "others"
    else:
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")
    new = tmp_path / "new"
    assert run("update", tmp_path / "relative", grown, "--output", new) == 1
    error = capsys.readouterr().err
    assert "10 of the images of the result are not where they were" in error
    assert "relative paths are from the folder in which the command was run" in error
    assert not new.exists()


def test_a_copy_of_the_folder_is_told(clustered, grown, tmp_path, capsys):
    copied = shutil.copytree(grown, tmp_path / "copied")
    # One that has the name of another only.
    known, other = sorted((copied / "cat").glob("*.jpg"))[:2]
    shutil.copy(other, known)
    assert run("update", clustered, copied, "--output", tmp_path / "new") == 0
    told = next(line for line in capsys.readouterr().err.splitlines() if "another place" in line)
    assert "40 of the 43 new images may have clusters already" in told
