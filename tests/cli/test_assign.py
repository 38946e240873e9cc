import shutil

import numpy as np
import pytest

from skdeepcluster import DeepImageClusterer

from ._command import read_table, run, run_json


def test_assign_gives_the_same_labels(result, capsys):
    assert run("assign", result / "out/model", result / "photos", "--output", result / "again") == 0
    first, again = (read_table(result / name / "labels.csv") for name in ("out", "again"))
    assert [row["label"] for row in first] == [row["label"] for row in again]
    # The names are those of the model.
    assert [row["name"] for row in first] == [row["name"] for row in again]
    assert "broken.jpg" in capsys.readouterr().err
    # Those of the fit are unlike others of the fit, these are like themselves.
    scores = [[row["outlier_score"] for row in rows] for rows in (first, again)]
    unread = [row["label"] == "-1" for row in first].index(True)
    assert [of[unread] for of in scores] == ["", ""]
    est = DeepImageClusterer.load(result / "out/model")
    expected = -est.set_params(on_error="skip").score_samples(result / "photos")
    for written, values in zip(scores, (est.outlier_scores_, expected), strict=True):
        read = np.array([float(score or "nan") for score in written])
        np.testing.assert_allclose(read, values, atol=6e-5)


def test_json_of_assign(result, tmp_path, capsys):
    arguments = [result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    data = run_json(capsys, "assign", *arguments)
    rows = read_table(tmp_path / "o/labels.csv")
    assert [cluster["size"] for cluster in data["clusters"]] == [
        sum(row["label"] == str(label) for row in rows) for label in range(4)
    ]
    assert (data["n_pictures"], data["skipped"]) == (10, [])


@pytest.mark.parametrize("mode", ["symlink", "move"])
def test_export_modes(result, tmp_path, mode):
    photos = shutil.copytree(result / "photos", tmp_path / "photos")
    arguments = ["assign", result / "out/model", photos, "--output", tmp_path / "o"]
    assert run(*arguments, "--export", mode) == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "cache",
        "clusters",
        "labels.csv",
    ]
    folders = [[*(out / "clusters").glob("?*/")] for out in (result / "out", tmp_path / "o")]
    assert {path.name for path in folders[1]} == {path.name for path in folders[0]}
    moved = [path for path in (tmp_path / "o" / "clusters").rglob("*.jpg")]
    assert len(moved) == 40
    assert all(path.is_symlink() == (mode == "symlink") for path in moved)
    assert len([*photos.rglob("*.jpg")]) == (41 if mode == "symlink" else 1)


def test_an_export_that_fails_is_not_left_in_the_way(result, tmp_path, monkeypatch, capsys):
    def copy(source, target, copy=shutil.copy2):
        if source.name == "9.jpg":
            raise OSError("no space left")
        return copy(source, target)

    monkeypatch.setattr(shutil, "copy2", copy)
    arguments = ["assign", result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    assert run(*arguments, "--export", "copy") == 1
    assert "no space left" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["cache", "labels.csv"]


def test_a_damaged_model_is_told(result, tmp_path, capsys):
    model = shutil.copytree(result / "out/model", tmp_path / "model")
    tensors = model / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:1000])
    arguments = ["assign", model, result / "photos", "--output", tmp_path / "o"]
    assert run(*arguments) == 1
    assert f"{str(model)!r} is damaged" in capsys.readouterr().err
    for content in ("{", "[]", '{"format": 1}'):
        shutil.rmtree(model)
        shutil.copytree(result / "out/model", model)
        (model / "config.json").write_text(content, encoding="utf-8")
        assert run(*arguments) == 1
        err = capsys.readouterr().err
        assert str(model) in err and "is damaged" in err
