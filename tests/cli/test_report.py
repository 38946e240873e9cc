import json

import pytest

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
