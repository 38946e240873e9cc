import json
import shutil
import sys
import tarfile

import pytest
from PIL import Image

from skdeepcluster.cli import main

from ._command import run, start


def test_a_process_prints_json_alone_and_takes_any_file_name(snapshots, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    names = ["\udcff\udce9.png", "\u65e5\u672c.png", "two\nlines.png", "a 'b' <c>.png"]
    for name, image in zip(names, snapshots[0][::10], strict=True):
        Image.fromarray(image).save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(folder / name)
    arguments = ["cluster", folder, "--n-clusters", 2, "--image-size", 32, "--export", "symlink"]
    process = start(*arguments, "--output", tmp_path / "o", "--json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    data = json.loads(out)
    assert b"embedding" in err
    assert {c["representative"] for c in data["clusters"]} <= {str(folder / n) for n in names}
    assert sorted(path.name for path in (tmp_path / "o/clusters").rglob("*.png")) == sorted(names)
    # The names of the table are the bytes of the file system.
    table = (tmp_path / "o/labels.csv").read_bytes()
    assert b"\xff\xe9.png" in table


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise on Windows")
def test_a_reader_that_leaves_causes_no_traceback():
    process = start("backbones")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cluster", "nowhere", "--n-clusters", "3", "--output", "o"], "no folder"),
        (["cluster", "{photos}", "--n-clusters", "99", "--output", "o"], "n_samples=41"),
        (
            ["cluster", "{photos}", "--n-clusters", "4", "--output", "o", "--backbone", "x"],
            "no backbone 'x'",
        ),
        (["assign", "nowhere", "{photos}", "--output", "o"], "no saved"),
        (["embed", "{photos}", "--output", "nowhere/f.npz"], "no folder"),
        (["retrieve", "nowhere.jsonl", "a dog"], "nowhere.jsonl"),
    ],
)
def test_errors_are_one_line(result, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main([a.format(photos=result / "photos") for a in arguments]) == 1
    last = capsys.readouterr().err.rstrip("\n").split("\n")[-1]
    assert last.startswith("skdeepcluster: error: ")
    assert message in last
    # Features may have been kept.
    assert not [path for path in tmp_path.glob("o/*") if path.name != "cache"]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("names", None),
        ("fitted", {}),
        ("format", 3),
        ("params", {"from_the_future": 1}),
        ("paths", ["a.jpg"]),
    ],
)
def test_a_damaged_or_newer_model_is_one_line(result, tmp_path, capsys, part, value):
    shutil.copytree(result / "out/model", tmp_path / "model")
    config = json.loads((tmp_path / "model/config.json").read_text())
    (tmp_path / "model/config.json").write_text(json.dumps({**config, part: value}))
    _assert_one_line_about(tmp_path / "model", result, capsys)


@pytest.mark.parametrize("name", ["config.json", "tensors.safetensors"])
@pytest.mark.parametrize("content", [b"", b"[" * 10**5, b"\xff" * 100])
def test_a_file_that_is_no_part_of_a_model_is_one_line(result, tmp_path, capsys, name, content):
    shutil.copytree(result / "out/model", tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(content)
    _assert_one_line_about(tmp_path / "model", result, capsys)


def _assert_one_line_about(model, result, capsys):
    capsys.readouterr()
    assert run("assign", model, result / "photos", "--output", model.parent / "o") == 1
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("skdeepcluster: error: ") and str(model) in line
    assert printed.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cluster"], "required"),
        (
            ["cluster", "photos", "--n-clusters", "x", "--output", "o"],
            "'x' is no integer from 1 on, nor 'auto'",
        ),
        (["cluster", "photos", "--n-clusters", "0", "--output", "o"], "'0' is no integer from 1"),
        (["cluster", "photos", "--n-clusters", "2", "--output", "o", "--views", "-1"], "from 0 on"),
        (["retrieve", "graphs.jsonl", "a dog", "-k", "0"], "'0' is no integer from 1 on"),
        (["assign", "m", "photos", "--output", "o", "--export", "zip"], "invalid choice"),
    ],
)
def test_usage_errors_leave_with_status_two(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["cluster", "assign", "report", "embed", "retrieve", "backbones", "cache", None]
)
def test_help_has_an_example(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main(["--help"] if command is None else [command, "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert f"\n  skdeepcluster {command or 'cluster'}" in out.partition("example")[2]
    assert ("exit status" if command is None else "JSON:") in out


def test_names_do_not_command_the_terminal(result, tmp_path, capsys):
    # In a tar file names may be what no disk allows.
    readable = next((result / "photos" / "cat").iterdir())
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(readable, "readable.jpg")
        tar.add(result / "photos" / "broken.jpg", "\x1b]0;owned\x07x.jpg")
    features = tmp_path / "features.npz"
    assert run("embed", tmp_path / "photos.tar", "--image-size", 32, "--output", features) == 0
    printed = capsys.readouterr()
    assert "\\x1b]0;owned\\x07x.jpg" in printed.err
    assert "\x1b" not in printed.err + printed.out
