import shutil

from ._command import read_table, run


def test_the_same_command_goes_on_after_an_interruption(result, tmp_path, monkeypatch, capsys):
    from skdeepcluster.backbones._onnx import OnnxEngine

    embedded = []
    engine_call = OnnxEngine.__call__

    def count(engine, pixels):
        if len(embedded) == 1:
            raise KeyboardInterrupt
        embedded.append(len(pixels))
        return engine_call(engine, pixels)

    monkeypatch.setattr(OnnxEngine, "__call__", count)
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--image-size", 64]
    arguments += ["--output", tmp_path / "o"]
    assert run(*arguments) == 130
    last = capsys.readouterr().err.rstrip("\n").split("\n")[-1]
    assert f"kept in {str(tmp_path / 'o/cache')!r}: the same command resumes" in last
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["cache"]
    first = embedded.pop()
    embedded += [0, 0]
    assert run(*arguments) == 0
    # And four views of each, and each in the size by which clusters are named.
    assert first + sum(embedded) == 40 + 4 * 40 + 40
    assert 0 < first < 40
    assert read_table(tmp_path / "o/labels.csv") == read_table(result / "out/labels.csv")


def test_an_interrupted_move_is_undone_and_the_same_command_goes_on(
    result, tmp_path, monkeypatch, capsys
):
    photos = shutil.copytree(result / "photos/cat", tmp_path / "photos")
    before = sorted(photos.iterdir())
    arguments = ["assign", result / "out/model", photos, "--output", tmp_path / "o"]
    arguments += ["--export", "move"]

    def move(source, target, move=shutil.move):
        if source == before[4]:
            raise KeyboardInterrupt
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "move", move)
        assert run(*arguments) == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert sorted(photos.iterdir()) == before
    assert run(*arguments) == 0
    assert not [*photos.iterdir()]
    moved = {
        row["path"]: row["exported"] for row in read_table(tmp_path / "o/clusters/exported.csv")
    }
    assert [*moved] == [row["path"] for row in read_table(tmp_path / "o/labels.csv")]
    assert all((tmp_path / "o/clusters" / place).is_file() for place in moved.values())
    assert run(*arguments) == 1
    assert "emove it" not in capsys.readouterr().err
