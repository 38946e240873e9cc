import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
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


def test_all_that_is_printed_of_a_folder_with_odd_files(snapshots, tmp_path):
    """Steps are counted to the end, each warning is printed once, and speaks of options."""
    pytest.importorskip("imagehash", reason="imagehash is not installed")
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, image in enumerate(snapshots[0]):
        Image.fromarray(image).save(folder / f"{number}.png")
    for name in ("broken.jpg", "cut.png"):
        (folder / name).write_bytes(b"no image")
    for name in ("notes.txt", "README", "clip.mp4"):
        (folder / name).write_bytes(b"something else")
    results = ("--output", tmp_path / "o", "--report", "--duplicates")
    options = ("--n-clusters", 4, "--image-size", 32, "--views", 1)
    process = start("cluster", folder, *options, *results)
    err = process.communicate()[1].decode()
    assert process.returncode == 0, err
    lines = err.splitlines()
    warned = [line for line in lines if "warning" in line]
    assert [line.partition(": warning: ")[2] for line in warned] == [
        f"In {str(folder)!r}, 3 files are ignored: 1 .mp4, 1 .txt, 1 without a suffix.",
        "2 of 42 images could not be read and were skipped:",
    ]
    steps = list(dict.fromkeys(re.findall(r"^step (\d of \d): (\w+)", err, re.MULTILINE)))
    assert steps == [
        *(("1 of 9", "embedding"), ("2 of 9", "neighbours"), ("3 of 9", "start")),
        *(("4 of 9", "embedding"), ("5 of 9", "training"), ("6 of 9", "names")),
        *(("7 of 9", "copies"), ("8 of 9", "quality"), ("9 of 9", "report")),
    ]
    assert sum(str(folder / "broken.jpg") in line for line in lines) == 1
    assert "on_error" not in err and "\r" not in err
    # The steps of assigning are counted as well.
    process = start("assign", tmp_path / "o/model", folder, "--output", tmp_path / "n", "--report")
    err = process.communicate()[1].decode()
    steps = list(dict.fromkeys(re.findall(r"^step (\d of \d: [a-z ]+)", err, re.MULTILINE)))
    assert steps == [
        *("1 of 4: clusters", "2 of 4: outlier scores", "3 of 4: quality", "4 of 4: report")
    ]
    assert err.count("could not be read") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise on Windows")
def test_a_reader_that_leaves_causes_no_traceback():
    process = start("backbones")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


needs_descriptors = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither /dev/full nor closed descriptors"
)


def run_in_shell(redirections, *arguments):
    """Run the command in a shell that redirects its streams; return status and both of them."""
    line = shlex.join([sys.executable, "-m", "skdeepcluster", *map(str, arguments)])
    process = subprocess.run(
        f"{line} {redirections}",
        shell=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    return process.returncode, process.stdout, process.stderr


@needs_descriptors
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">&-", "the standard output is closed"), ("> /dev/full", "No space left on device")],
)
def test_an_output_that_takes_nothing_is_one_line(redirection, reason):
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    for options in ((), ("--json",)):
        status, _, err = run_in_shell(redirection, "backbones", *options)
        assert (status, err.splitlines()) == (
            1,
            [f"skdeepcluster: error: the output cannot be printed: {reason}"],
        )


@needs_descriptors
@pytest.mark.parametrize("redirection", ["2>&-", "2>&- <&-"])
def test_results_are_those_of_a_daemon_without_its_streams(redirection, snapshots, tmp_path):
    for number, image in enumerate(snapshots[0][::10]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    small = ("--image-size", 32)
    status, out, _ = run_in_shell(
        redirection, "embed", tmp_path, "--output", tmp_path / "f.npz", *small, "--json"
    )
    assert status == 0 and json.loads(out)["n_pictures"] == 4
    options = ("--n-clusters", 2, "--views", 0, "--output", tmp_path / "o")
    status, out, _ = run_in_shell(redirection, "cluster", tmp_path, *options, *small, "--json")
    assert status == 0 and json.loads(out)["n_clusters"] == 2
    assert np.load(tmp_path / "f.npz")["features"].shape[0] == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no ulimit")
def test_a_full_disk_names_the_file(snapshots, tmp_path):
    import resource

    for number, image in enumerate(snapshots[0][:4]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    process = start(
        *("embed", tmp_path, "--output", tmp_path / "f.npz", "--image-size", 32),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)),
    )
    err = process.communicate()[1].decode()
    assert process.returncode == 1
    assert err.rstrip().endswith(f"File too large: '{tmp_path / 'f.npz'}'")
    assert not list(tmp_path.glob("*f.npz*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cluster", "nowhere", "--n-clusters", "3", "--output", "o"], "no folder"),
        (["cluster", "{photos}", "--n-clusters", "99", "--output", "o"], "41 images cannot be 99"),
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
        (["cluster", "", "--n-clusters", "2", "--output", "o"], "images: the path is empty"),
        (["cluster", "p", "--n-clusters", "2", "--output", ""], "--output: the path is empty"),
        (["embed", "p", "--output", ""], "--output: the path is empty"),
        (["embed", "p", "--output", "o", "--memory", ""], "--memory: the path is empty"),
        (["assign", "", "p", "--output", "o"], "model: the path is empty"),
        (["report", "m", "p", "--output", ""], "--output: the path is empty"),
        (["retrieve", "", "a dog"], "graphs: the path is empty"),
        (["cache", ""], "folder: the path is empty"),
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


@pytest.mark.parametrize("given", [None, "ACTIVE"])
def test_idle_threads_sleep_unless_told_otherwise(tmp_path, given):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    script = (
        "import os, sys\n"
        "from skdeepcluster.cli import main\n"
        "assert 'torch' not in sys.modules\n"
        "main(['cache', sys.argv[1]])\n"
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.stdout.splitlines()[-1] == (given or "PASSIVE"), process.stderr
