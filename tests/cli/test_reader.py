import json

import numpy as np
import pytest
from PIL import Image

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
        ("--intensity-range", "bright", "intensity_range"),
        ("--intensity-range", "1,b", "not numbers"),
        ("--intensity-range", "-1,b", "not numbers"),
        ("--suffixes", ".czi", "pass --reader"),
        ("--channels", "r,g", "not numbers"),
        ("--frame", "middle", "neither a number nor max or mean"),
        ("--reader", "read.py", "is not FILE.py:FUNCTION"),
        ("--reader", "json:nothing", "no function 'nothing'"),
    ],
)
def test_wrong_values_are_one_line(option, value, message, dim, tmp_path, capsys):
    assert run("embed", dim, "--output", tmp_path / "f.npz", option, value) == 1
    err = capsys.readouterr().err.strip()
    assert message in err and "Traceback" not in err
