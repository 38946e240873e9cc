import json
import re

import pytest
from PIL import Image

from ..progress.test_steps import titles
from ._command import run, run_json

pytest.importorskip("jinja2")


def test_report_beside_the_labels_and_alone(result, tmp_path, capsys):
    model, photos = result / "out/model", result / "photos"
    data = run_json(capsys, "assign", model, photos, "--output", tmp_path / "o", "--report")
    assert data["files"]["report"] == str(tmp_path / "o/report.html")
    assert "cat/3.jpg" in (tmp_path / "o/report.html").read_text(encoding="utf-8")
    arguments = [model, photos, "--output", tmp_path / "page.html", "--max-megabytes", "0.5"]
    data = run_json(capsys, "report", *arguments, "--all-pictures")
    assert (data["n_pictures"], data["n_clusters"]) == (41, 4)
    assert 10_000 < (tmp_path / "page.html").stat().st_size <= 600_000
    assert data["files"]["pictures"] == str(tmp_path / "page_pictures")
    assert len([*(tmp_path / "page_pictures").glob("*.webp")]) == 40


def test_a_page_that_cannot_be_written_is_told_before_the_work(
    result, tmp_path, monkeypatch, capsys
):
    from skdeepcluster.cli import _report

    monkeypatch.setattr(_report, "find_copies", lambda *_: pytest.fail("copies were sought"))
    arguments = ["report", result / "out/model", result / "photos", "--duplicates"]
    assert run(*arguments, "--output", tmp_path / "none" / "page.html") == 1
    assert f"There is no folder '{tmp_path / 'none'}'" in capsys.readouterr().err
    (tmp_path / "page_pictures").mkdir()
    (tmp_path / "page_pictures" / "notes.txt").write_text("mine")
    page = tmp_path / "page.html"
    assert run(*arguments, "--all-pictures", "--output", page) == 1
    assert "holds other files, such as 'notes.txt'" in capsys.readouterr().err


def test_a_report_that_fails_keeps_nothing_else_from_being_done(
    result, tmp_path, monkeypatch, capsys
):
    import skdeepcluster.report

    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(skdeepcluster.report, "write_report", fail)
    arguments = [result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    assert run("assign", *arguments, "--report", "--export", "copy", "--json") == 0
    printed = capsys.readouterr()
    assert "The report was not written" in printed.err and "no space left" in printed.err
    assert set(json.loads(printed.out)["files"]) == {"labels", "export", "cache"}
    assert len([*(tmp_path / "o/clusters").rglob("*.jpg")]) == 10


def test_a_list_of_flaws_that_fails_leaves_the_report(result, tmp_path, monkeypatch, capsys):
    import skdeepcluster.export

    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(skdeepcluster.export, "write_flaws", fail)
    arguments = [result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    assert run("assign", *arguments, "--report", "--json") == 0
    printed = capsys.readouterr()
    assert f"{str(tmp_path / 'o/flaws.csv')!r} was not written. OSError" in printed.err
    assert "The report was not written" not in printed.err
    assert set(json.loads(printed.out)["files"]) == {"labels", "report", "cache"}
    assert (tmp_path / "o/report.html").exists()


def test_report_takes_the_features_of_assign(result, tmp_path, monkeypatch):
    from skdeepcluster.backbones._onnx import OnnxEngine

    arguments = [result / "out/model", result / "photos/cat"]
    assert run("assign", *arguments, "--output", tmp_path / "o") == 0
    monkeypatch.setattr(OnnxEngine, "__call__", lambda *_: pytest.fail("embedded again"))
    page = tmp_path / "page.html"
    assert run("report", *arguments, "--memory", tmp_path / "o/cache", "--output", page) == 0
    assert "3.jpg" in page.read_text(encoding="utf-8")


def test_steps_of_the_page_are_counted_and_copies_marked(result, tmp_path, capsys):
    pytest.importorskip("imagehash", reason="imagehash is not installed")
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, path in enumerate(sorted((result / "photos/cat").iterdir())[:6]):
        (photos / path.name).write_bytes(path.read_bytes())
        if number == 4:
            Image.open(path).convert("RGB").resize((200, 200)).save(photos / "copy.png")
    arguments = ["report", result / "out/model", photos, "--output", tmp_path / "page.html"]
    assert run(*arguments) == 0
    steps = list(dict.fromkeys(t.partition(",")[0] for t in titles(capsys.readouterr().err)))
    assert steps == ["step 1 of 2: quality", "step 2 of 2: report"]
    assert copies_of(tmp_path / "page.html") == []
    assert run(*arguments, "--duplicates") == 0
    steps = list(dict.fromkeys(t.partition(",")[0] for t in titles(capsys.readouterr().err)))
    assert steps == ["step 1 of 3: copies", "step 2 of 3: quality", "step 3 of 3: report"]
    (pair,) = copies_of(tmp_path / "page.html")
    names = sorted(path.name for path in photos.iterdir())
    assert sorted(pair) == sorted([4, names.index("copy.png")])
    assert run(*arguments, "--mirrored") == 1
    assert "--mirrored says which copies --duplicates finds" in capsys.readouterr().err


def copies_of(page):
    return json.loads(re.search(r'"copies": ?(\[.*?\]), ?"', page.read_text(encoding="utf-8"))[1])
