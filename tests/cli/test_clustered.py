import shutil
from pathlib import Path

import pytest

from skdeepcluster.cli import main

from ._command import read_table, run, run_json


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["assign", "{model}", "{photos}", "--output", "file"], "Cannot write to 'file'"),
        (["assign", "{model}", "{photos}", "--output", "folder"], "labels.csv' is a folder"),
        (["embed", "{photos}", "--output", "folder"], "'folder' is a folder"),
        (["embed", "{photos}", "--output", "read-only/f.npz"], "Cannot write to"),
        (["report", "{model}", "{photos}", "--output", "read-only/f.html"], "Cannot write"),
        (["cluster", "{photos}", "--n-clusters", "4", "--output", "read-only"], "Cannot write"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_the_work(
    result, tmp_path, monkeypatch, capsys, arguments, message
):
    pytest.importorskip("jinja2")
    import tempfile

    def write(*, dir, write=tempfile.NamedTemporaryFile, **options):
        if Path(dir).name == "read-only":
            raise PermissionError(13, "Permission denied")
        return write(dir=dir, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", write)
    monkeypatch.setattr(
        "skdeepcluster.embedding.ImageEmbedder.transform", lambda *_: pytest.fail("embedded")
    )
    (tmp_path / "file").touch()
    (tmp_path / "read-only").mkdir()
    (tmp_path / "folder/labels.csv").mkdir(parents=True)
    known = {"model": result / "out/model", "photos": result / "photos"}
    assert main([argument.format(**known) for argument in arguments]) == 1
    assert message in capsys.readouterr().err


def test_duplicates_are_listed(result, tmp_path, capsys):
    pytest.importorskip("imagehash")
    photos = shutil.copytree(result / "photos", tmp_path / "photos")
    shutil.copy(photos / "cat/0.jpg", photos / "copy.jpg")
    arguments = ["assign", result / "out/model", photos, "--output", tmp_path / "o"]
    data = run_json(capsys, *arguments, "--duplicates", "--report")
    assert data["files"]["duplicates"] == str(tmp_path / "o/duplicates.csv")
    rows = read_table(tmp_path / "o/duplicates.csv")
    groups = [{row["path"] for row in rows if row["group"] == row_["group"]} for row_ in rows]
    assert any({str(photos / "copy.jpg"), str(photos / "cat/0.jpg")} <= group for group in groups)
    for group in {row["group"] for row in rows}:
        of_group = [row["keep"] for row in rows if row["group"] == group]
        assert of_group == ["yes"] + ["no"] * (len(of_group) - 1) and len(of_group) > 1
    assert "Copies only" in (tmp_path / "o/report.html").read_text("utf-8")


def test_mirrored_is_an_option_of_duplicates(result, tmp_path, capsys):
    arguments = ["assign", result / "out/model", result / "photos", "--output", tmp_path / "o"]
    assert run(*arguments, "--mirrored") == 1
    assert "give both" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cluster", "assign", "report"])
def test_a_missing_jinja2_is_told_before_the_work(result, tmp_path, monkeypatch, capsys, command):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    output = ["--output", tmp_path / "o"]
    arguments = {
        "cluster": [result / "photos", "--n-clusters", 4, *output, "--report"],
        "assign": [result / "out/model", result / "photos", *output, "--report"],
        "report": [result / "out/model", result / "photos", *output],
    }
    assert run(command, *arguments[command]) == 1
    assert 'pip install "skdeepcluster[report]"' in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_all_results_of_an_earlier_run_are_told(result, tmp_path, capsys):
    earlier = ["report.html", "flaws.csv", "duplicates.csv", "update.csv", "labels.parquet"]
    for name in earlier:
        (tmp_path / name).write_text("earlier")
    assert run("assign", result / "out/model", result / "photos/cat", "--output", tmp_path) == 0
    told = next(line for line in capsys.readouterr().err.splitlines() if "written before" in line)
    assert all(str(tmp_path / name) in told for name in earlier)
    assert "labels.csv" not in told
