import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import skdeepcluster
from skdeepcluster.cli._wording import in_options

from ._command import run, run_json

READER = """
import numpy as np

def read(path):
    return np.loadtxt(path)
"""


@pytest.fixture
def dim(tmp_path, snapshots):
    """Images of 16 bits that use few of them, and files of a format of one's own."""
    folder = tmp_path / "dim"
    folder.mkdir()
    for number, image in enumerate(snapshots[0][::2]):
        grey = image.mean(axis=2)
        Image.fromarray((100 + grey).astype(np.uint16)).save(folder / f"{number:02}.png")
    np.savetxt(folder / "own.num", grey[::4, ::4])
    (tmp_path / "numbers.py").write_text(READER)
    return folder


def test_options_become_the_reader_of_the_model(dim, tmp_path, capsys):
    output = tmp_path / "out"
    options = ("--n-clusters", 2, "--image-size", 32, "--views", 0, "--output", output)
    reader = ("--reader", f"{tmp_path / 'numbers.py'}:read")
    data = run_json(
        capsys,
        *("cluster", dim, *options, *reader, "--suffixes", ".num", "--aspect", "pad"),
        *("--intensity-range", "100,355", "--frame", "max", "--channels", "0"),
    )
    assert (data["n_pictures"], data["skipped"]) == (21, [])
    saved = json.loads((output / "model" / "config.json").read_text())["reader"]
    assert saved["intensity_range"] == [100, 355] and saved["frame"] == "max"
    assert saved["channels"] == [0] and saved["aspect"] == "pad"
    more = ("--output", tmp_path / "more")
    data = run_json(capsys, "assign", output / "model", dim, *more, *reader)
    assert (data["n_pictures"], data["skipped"]) == (21, [])
    for command, to in (("assign", "without"), ("report", "page.html")):
        assert run(command, output / "model", dim, "--output", tmp_path / to) == 1
        assert "as --reader numbers:read, or" in capsys.readouterr().err
        assert not (tmp_path / to).exists()
    # Files of other formats do without the function.
    (dim / "own.num").unlink()
    data = run_json(capsys, "assign", output / "model", dim, "--output", tmp_path / "without")
    assert (data["n_pictures"], data["skipped"]) == (20, [])


def test_embed_finds_the_range_by_itself(dim, tmp_path, capsys):
    features = {}
    for name in ("auto", "image", "dtype"):
        file = tmp_path / f"{name}.npz"
        arguments = (dim, "--output", file, "--image-size", 32, "--intensity-range", name)
        assert run("embed", *arguments) == 0
        features[name] = np.load(file)["features"]
    err = capsys.readouterr().err
    assert err.count("use less than a sixteenth of the range of their type") == 1
    assert not np.allclose(features["auto"], features["dtype"], atol=0.1)


def test_a_range_may_begin_below_zero(dim, tmp_path):
    features = []
    for arguments in (("--intensity-range", "-400,620"), ("--intensity-range=-400,620",)):
        file = tmp_path / f"{len(features)}.npz"
        arguments = ("--output", file, "--image-size", 32, *arguments)
        assert run("embed", dim, *arguments) == 0
        features.append(np.load(file)["features"])
    np.testing.assert_array_equal(*features)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--intensity-range", "bright", "neither LOW,HIGH nor auto"),
        ("--intensity-range", "1,b", "neither LOW,HIGH nor auto"),
        ("--intensity-range", "-1,b", "neither LOW,HIGH nor auto"),
        ("--intensity-range", "9,1", "the lower value comes first"),
        ("--suffixes", ".czi", "pass --reader"),
        ("--channels", "r,g", "'r' is no integer from 0 on"),
        ("--channels", "0,1,2,3", "one to three channels"),
        ("--frame", "middle", "'middle' is no integer from 0 on, nor 'max', nor 'mean'"),
        ("--frame", "-1", "'-1' is no integer from 0 on"),
        ("--image-size", "8", "'8' is no integer from 16 on"),
        ("--reader", "read.py", "is not FILE.py:FUNCTION"),
    ],
)
def test_wrong_values_are_incorrect_usage(option, value, message, dim, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        run("embed", dim, "--output", tmp_path / "f.npz", option, value)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_function_that_is_not_there_is_one_line(dim, tmp_path, capsys):
    assert run("embed", dim, "--output", tmp_path / "f.npz", "--reader", "json:nothing") == 1
    assert "no function 'nothing'" in capsys.readouterr().err


def test_advice_names_options(dim, tmp_path, capsys):
    tifffile = pytest.importorskip("tifffile", reason="tifffile is not installed")
    values = np.arange(3 * 40 * 40, dtype=np.uint16).reshape(3, 40, 40)
    tifffile.imwrite(dim / "stack.tif", values, metadata={"axes": "ZYX"})
    (dim / "cut.png").write_bytes(b"text")
    (dim / "a.czi").touch()
    output = ("--output", tmp_path / "f.npz", "--image-size", 32)
    assert run("embed", dim, *output, "--intensity-range", "dtype") == 0
    err = " ".join(capsys.readouterr().err.split())
    assert 'projection: --frame max, "mean" or a number' in err
    assert "--intensity-range dtype leaves few grey levels" in err
    assert "1 .czi (pass --reader FILE.py:FUNCTION --suffixes .A" in err
    assert "convert it, pass --reader FILE.py:FUNCTION." in err
    assert "on_error" not in err and "ImageReader" not in err


def messages():
    """Strings of all modules, but for docstrings; values in them are left out."""
    package = Path(skdeepcluster.__file__).parent
    for path in package.rglob("*.py"):
        if path.parent == package / "cli":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        parts = {id(part) for node in ast.walk(tree) for part in getattr(node, "values", ())}
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    part.value if isinstance(part, ast.Constant) else "x" for part in node.values
                )
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in parts | documentation
            ):
                yield node.value


OF_PYTHON = re.compile(
    r"ImageReader\(|on_error=|member=|`memory`|list_backbones\(|reader=function|_images again"
    r"|(?<![^\s(])(backbone|engine|fine_tune|image_size|n_clusters|n_views)=(?!\"onnx)"
    r"|[Ss]et (image_size|intensity_range)|None to work without|or pass a list of paths"
)


def test_no_message_advises_what_the_command_has_not():
    given = [text for text in messages() if " " in text]
    assert len([text for text in given if OF_PYTHON.search(text)]) > 20
    for text in given:
        assert not OF_PYTHON.search(in_options(text)), text


@pytest.mark.parametrize(
    ("message", "in_command"),
    [
        ("n_samples=5 should be >= n_clusters=9.", "5 images cannot be 9 clusters."),
        ("Only 3 of n_clusters=5 clusters could be", "Only 3 of 5 clusters could be"),
        ("Only 3 of min_clusters=5 clusters could be", "Only 3 of 5 clusters could be"),
        ("and image_size is a list. Set", "and --image-size is given twice. Set"),
        ("max_megabytes must be a positive number", "--max-megabytes must be a positive number"),
        ("reads files: load it without a reader.", "reads files: leave --reader out."),
        ("Call fit with the images again.", "Run 'skdeepcluster cluster' again."),
        ('device="auto" is used instead.', "another one is used instead."),
        ("not with dtype='auto' on device=\"cuda\". Set", 'not on "cuda". Set'),
        ("Set feature_dtype='float32'.", "In Python, set feature_dtype='float32'."),
        ("or leave copies out of X.", "or leave copies out."),
        (
            "of yours: pass it as load(folder, backbone=module).",
            "of yours: only Python can load it.",
        ),
        ("file, not a folder. Pass a list: [path].", "file, not a folder."),
    ],
)
def test_each_message_has_its_words_in_the_command(message, in_command):
    assert in_options(message) == in_command


def test_names_of_files_are_left_as_they_are():
    message = "runs/n_clusters=3/a.png: it cannot be read. Set fine_tune=0"
    assert in_options(message) == "runs/n_clusters=3/a.png: it cannot be read. Set --fine-tune 0"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("read(", "SyntaxError: '(' was never closed"),
        ("import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        (None, "FileNotFoundError"),
    ],
)
def test_a_file_of_a_reader_that_cannot_be_run_is_one_line(content, reason, dim, tmp_path, capsys):
    file = tmp_path / "own.py"
    if content is not None:
        file.write_text(content)
    capsys.readouterr()
    assert run("embed", dim, "--output", tmp_path / "f.npz", "--reader", f"{file}:read") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{file} cannot be run ({reason}" in line


def test_a_reader_that_ends_the_process_is_an_error(dim, tmp_path, capsys):
    (tmp_path / "own.py").write_text("def read(path):\n    raise SystemExit(4)\n")
    reader = ("--reader", f"{tmp_path / 'own.py'}:read", "--image-size", 32)
    assert run("embed", dim, "--output", tmp_path / "f.npz", *reader) == 1
    assert "--reader ended the process (SystemExit: 4)" in capsys.readouterr().err


def test_no_image_at_all_is_said_without_python(dim, tmp_path, capsys):
    for path in dim.iterdir():
        path.write_bytes(b"text")
    options = ("--n-clusters", 2, "--image-size", 32, "--views", 0, "--output", tmp_path / "out")
    assert run("cluster", dim, *options) == 1
    assert capsys.readouterr().err.endswith("None of the 20 images can be read.\n")


def test_an_unusable_cache_is_said_without_python(dim, tmp_path, capsys):
    (tmp_path / "file").touch()
    memory = ("--memory", tmp_path / "file", "--image-size", 32)
    assert run("embed", dim, "--output", tmp_path / "f.npz", *memory) == 1
    err = capsys.readouterr().err
    assert "Set --memory to a folder that is writable and has enough space.\n" in err
