import os
import tempfile
import time

import pytest

from skdeepcluster.storage._atomic import (
    check_file,
    check_folder,
    check_writable,
    remove_abandoned,
    whole_file,
    whole_folder,
)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "f.txt"
    with whole_file(path) as partial:
        partial.write_text("first")
        assert not path.exists()
    with pytest.raises(KeyboardInterrupt), whole_file(path) as partial:
        partial.write_text("sec")
        raise KeyboardInterrupt
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["f.txt"]


def test_old_partial_files_are_removed_and_new_ones_kept(tmp_path):
    partials = []
    for _ in range(2):
        with whole_file(tmp_path / "f.txt") as partial:
            partial.touch()
        # As if the process had been killed before the end.
        partial.touch()
        partials.append(partial)
    os.utime(partials[0], (0, 0))
    remove_abandoned(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [partials[1].name, "f.txt"]


def killed_in_folder(folder):
    """Leave what a process leaves that is killed while it copies images into a folder."""
    (folder / "0").mkdir()
    (folder / "0" / "old photo.jpg").touch()
    os.utime(folder / "0" / "old photo.jpg", (0, 0))
    (folder / "0" / "of a wrong clock.jpg").touch()
    os.utime(folder / "0" / "of a wrong clock.jpg", (9e9, 9e9))


def test_folders_that_killed_processes_left_are_removed_by_the_next(tmp_path):
    left = []
    for _ in range(3):
        with pytest.raises(KeyError), whole_folder(tmp_path / "f") as partial:
            left.append(partial)
            raise KeyError
    for partial, age in zip(left, (4000, 4000, 0), strict=True):
        partial.mkdir()
        killed_in_folder(partial)
        moment = time.time() - age
        for path in (partial / "0", partial):
            os.utime(path, (moment, moment))
    # Somebody still writes into the second.
    (left[1] / "exported.csv").touch()
    os.utime(left[1], (0, 0))
    (tmp_path / ".skdeepcluster-link").symlink_to(left[2])
    os.utime(tmp_path / ".skdeepcluster-link", (0, 0), follow_symlinks=False)
    with whole_folder(tmp_path / "f") as partial:
        (partial / "file").touch()
    assert sorted(os.listdir(tmp_path)) == sorted([left[1].name, left[2].name, "f"])
    assert (left[2] / "0" / "old photo.jpg").exists()


def test_what_was_to_be_replaced_is_never_removed(tmp_path, monkeypatch):
    """A process may be killed when it is out of its place, and the new one not in it yet."""
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "precious").touch()
    with monkeypatch.context() as patch:
        real = os.replace

        def replace(source, target):
            if len(patched) == 2:
                raise SystemExit
            patched.append(target)
            real(source, target)

        patched = [None]
        patch.setattr(os, "replace", replace)
        with pytest.raises(SystemExit), whole_folder(tmp_path / "f"):
            pass
    (before,) = tmp_path.iterdir()
    for path in (before / "precious", before):
        os.utime(path, (0, 0))
    with whole_folder(tmp_path / "g"):
        pass
    assert (before / "precious").exists()


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "above" / "f"
    for name in ("first", "second"):
        with whole_folder(folder) as partial:
            (partial / name).touch()
    with pytest.raises(OSError, match="full"), whole_folder(folder) as partial:
        (partial / "third").touch()
        raise OSError("full")
    assert os.listdir(folder) == ["second"]
    assert os.listdir(folder.parent) == ["f"]


def test_a_folder_that_cannot_be_replaced_is_kept(tmp_path, monkeypatch):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "first").touch()

    def replace(source, target, replace=os.replace):
        if target == folder and not (source / "first").exists():
            raise OSError("busy")
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="busy"), whole_folder(folder):
        pass
    assert os.listdir(folder) == ["first"]
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("target_exists", [True, False])
def test_links_lead_to_what_is_written(tmp_path, target_exists):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if target_exists:
        (elsewhere / "folder").mkdir()
        (elsewhere / "file").touch()
    for name in ("folder", "file"):
        (tmp_path / name).symlink_to(elsewhere / name)
    check_folder(tmp_path / "folder")
    with whole_folder(tmp_path / "folder") as partial:
        (partial / "in").touch()
    check_file(tmp_path / "file")
    with whole_file(tmp_path / "file") as partial:
        partial.write_text("new")
    assert (tmp_path / "folder").is_symlink() and (tmp_path / "file").is_symlink()
    assert os.listdir(elsewhere / "folder") == ["in"]
    assert (elsewhere / "file").read_text() == "new"


def test_names_as_long_as_can_be(tmp_path):
    name = "x" * 255
    with whole_file(tmp_path / name) as partial:
        partial.touch()
    assert os.listdir(tmp_path) == [name]


def test_what_could_not_be_written_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        check_file(tmp_path / "nowhere" / "f")
    with pytest.raises(IsADirectoryError, match="Name a file"):
        check_file(tmp_path)
    with pytest.raises(NotADirectoryError, match="Name a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(OSError, match=r"Cannot write to .*file'"):
        check_writable(tmp_path / "file")

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    for check in (check_file, check_folder):
        with pytest.raises(PermissionError, match=r"Permission denied\. Choose another folder"):
            check(tmp_path / "new")
    assert os.listdir(tmp_path) == ["file"]


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    check_file("~/f.txt")
    check_folder("~/g")
    check_writable("~/h")
    with whole_file("~/f.txt") as partial:
        partial.touch()
    with whole_folder("~/g") as partial:
        (partial / "i").touch()
    assert sorted(os.listdir(tmp_path)) == ["f.txt", "g", "h"]
    with pytest.raises(IsADirectoryError):
        check_file("~/g")
