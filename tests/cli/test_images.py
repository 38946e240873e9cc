import shutil
import tarfile
from pathlib import Path

import pytest

from ._command import read_table, run, run_json


def test_images_in_a_tar_file(result, capsys):
    with tarfile.open(result / "photos.tar", "w") as archive:
        archive.add(result / "photos", "photos")
    model, output = result / "out/model", result / "from_tar"
    data = run_json(capsys, "assign", model, result / "photos.tar", "--output", output)
    assert data["n_pictures"] == 41
    assert data["skipped"] == [f"{result / 'photos.tar'}/photos/broken.jpg"]
    labels = {
        row["path"].partition(".tar/")[2]: row["label"] for row in read_table(output / "labels.csv")
    }
    for row in read_table(result / "out" / "labels.csv"):
        assert labels[row["path"].removeprefix(f"{result}/")] == row["label"]
    with pytest.raises(SystemExit):
        run("assign", model, result / "photos.tar")
    arguments = ("assign", model, result / "photos.tar", "--output", output, "--export", "move")
    assert run(*arguments) == 1
    assert "--export sorts the files of a folder" in capsys.readouterr().err


def test_missing_paths_in_parquet_get_no_label(result, capsys):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    paths = sorted(map(str, (result / "photos").rglob("*.jpg")))[:8]
    paths = [path for path in paths if "broken" not in path]
    column = [paths[0], None, *paths[1:]]
    pd.DataFrame({"image": column}).to_parquet(result / "paths.parquet")
    output = result / "missing"
    data = run_json(
        capsys,
        *("cluster", result / "paths.parquet", "--n-clusters", 2, "--views", 0),
        *("--image-size", 32, "--output", output),
    )
    assert data["skipped"] == ["image 1"] and data["n_pictures"] == len(column)
    labels = [row["label"] for row in read_table(output / "labels.csv")]
    assert [label == "-1" for label in labels] == [path is None for path in column]


def test_images_in_parquet_and_labels_in_parquet(result, capsys):
    pytest.importorskip("pyarrow")
    import pandas as pd

    known = pd.read_csv(result / "out" / "labels.csv")
    files = known.path[known.label >= 0]
    table = pd.DataFrame({"photo": [Path(path).read_bytes() for path in files]})
    table.to_parquet(result / "photos.parquet")
    output = result / "from_parquet"
    data = run_json(
        capsys,
        *("cluster", result / "photos.parquet", "--column", "photo", "--n-clusters", 4),
        *("--image-size", 64, "--output", output, "--format", "parquet"),
    )
    assert data["clusters"][0]["representative"].startswith(f"{result / 'photos.parquet'}[")
    found = pd.read_parquet(output / "labels.parquet")
    assert found.path.tolist() == [f"{result / 'photos.parquet'}[{i}]" for i in range(40)]
    assert len(found.probabilities[0]) == 4
    assert len(set(zip(found.label, known.label[known.label >= 0], strict=True))) == 4


def test_images_sorted_into_the_folder_are_not_clustered_again(result, tmp_path, capsys):
    photos = shutil.copytree(result / "photos/cat", tmp_path / "photos")
    (tmp_path / "link").symlink_to(photos)
    command = ["assign", result / "out/model"]
    export = ["--output", photos / "out", "--export", "copy"]
    assert run(*command, photos, *export) == 0
    assert len([*photos.rglob("*.jpg")]) == 20
    output = ["--output", tmp_path / "o"]
    for given in (photos, tmp_path / "link", f"{photos}/../photos"):
        assert run_json(capsys, *command, given, *output)["n_pictures"] == 10
    assert run(*command, photos, *output) == 0
    assert "10 images that earlier runs exported into" in capsys.readouterr().err
    features = ["--output", tmp_path / "f.npz", "--image-size", 32]
    assert run_json(capsys, "embed", photos, *features)["n_pictures"] == 10
    # But they are if one names them.
    for path in photos.glob("*.jpg"):
        path.unlink()
    assert run_json(capsys, *command, photos / "out/clusters", *output)["n_pictures"] == 10
    assert run(*command, photos, *output) == 1
    assert f"pass one of these folders: {str(photos / 'out/clusters')!r}" in capsys.readouterr().err


def test_a_file_of_ones_own_named_as_the_record_hides_no_images(result, tmp_path, capsys):
    photos = tmp_path / "photos"
    shutil.copytree(result / "photos/cat", photos / "2020/jan")
    for text in ("camera,date\nX100,2020-01-03\n", ""):
        (photos / "2020/exported.csv").write_text(text)
        arguments = [photos, "--output", tmp_path / "f.npz", "--image-size", 32]
        assert run_json(capsys, "embed", *arguments)["n_pictures"] == 10


def test_a_file_of_another_kind_is_refused(tmp_path, capsys):
    (tmp_path / "photos.tar.gz").write_bytes(b"")
    assert (
        run("cluster", tmp_path / "photos.tar.gz", "--n-clusters", 2, "--output", tmp_path / "out")
        == 1
    )
    err = capsys.readouterr().err
    assert "ends in .parquet or .tar" in err
    assert "list" not in err
