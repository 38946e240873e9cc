import csv
import os
import re
import shutil

import numpy as np
import pytest

from skdeepcluster.export import _folders, export_clusters, write_labels


@pytest.fixture
def images(tmp_path):
    """Six files in two folders, of the same three names in each."""
    paths = [tmp_path / folder / f"{name}.png" for folder in ("one", "two") for name in "abc"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{path.parent.name} {path.stem}")
    return paths


def tree(folder):
    """Contents of all files in a folder, by their paths."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def read_record(folder):
    with open(folder / "exported.csv", newline="", encoding="utf-8") as file:
        return {row["path"]: row["exported"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("mode", ["copy", "symlink", "move"])
def test_every_image_arrives_and_the_record_tells_where(images, tmp_path, mode):
    before = {str(path): path.read_text() for path in images}
    folder = tmp_path / "deep" / "clusters"
    export_clusters(folder, images, [0, 0, -1, 0, 12, 0], mode)
    record = read_record(folder)
    assert record == {
        str(images[0]): "0/a.png",
        str(images[1]): "0/b.png",
        str(images[3]): "0/a-2.png",
        str(images[4]): "12/b.png",
        str(images[5]): "0/c.png",
    }
    assert {path: (folder / place).read_text() for path, place in record.items()} == {
        path: before[path] for path in record
    }
    assert [path.exists() for path in images] == [mode != "move" or i == 2 for i in range(6)]
    assert os.listdir(folder.parent) == ["clusters"]


def test_names_that_are_one_to_some_disk_or_have_a_number_already(tmp_path):
    names = ["1/a.png", "2/A.png", "3/a-2.png", "4/a.png", "5/\u00e9.png", "6/e\u0301.png"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    export_clusters(tmp_path / "c", paths, [0] * 6, "copy")
    places = [*read_record(tmp_path / "c").values()]
    assert places[:4] == ["0/a.png", "0/A-2.png", "0/a-2-2.png", "0/a-3.png"]
    assert places[4:] == ["0/\u00e9.png", "0/e\u0301-2.png"]


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "\u00e9" * 125 + "x.png"])
def test_names_as_long_as_can_be_are_shortened_for_a_number(tmp_path, name):
    paths = [tmp_path / folder / name for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    export_clusters(tmp_path / "c", paths, [0, 0], "move")
    first, second = sorted(os.listdir(tmp_path / "c" / "0"), key=lambda found: found != name)
    assert first == name
    assert second.endswith("-2.png") and len(os.fsencode(second)) in (254, 255)
    assert name.startswith(second.removesuffix("-2.png"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_move_that_is_broken_off_is_undone(images, tmp_path, monkeypatch, error):
    link = tmp_path / "two" / "link.png"
    link.symlink_to("a.png")
    before = tree(tmp_path)

    def unlink(path):
        os.remove(path)
        # After all files were moved, and the link gone as well.
        if path == link:
            raise error

    monkeypatch.setattr(type(link), "unlink", unlink)
    with pytest.raises(error):
        export_clusters(tmp_path / "c", [link, *images], [0] * 7, "move")
    assert tree(tmp_path) == before
    assert os.readlink(link) == "a.png"
    assert not (tmp_path / "c").exists()


def test_a_move_that_is_broken_off_before_it_begins(images, tmp_path, monkeypatch):
    link = tmp_path / "two" / "link.png"
    link.symlink_to("a.png")
    before = tree(tmp_path)

    def readlink(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # When all were looked at, and nothing is moved.
        patch.setattr(os, "readlink", readlink)
        with pytest.raises(KeyboardInterrupt):
            export_clusters(tmp_path / "c", [*images, link], [0] * 7, "move")
    assert tree(tmp_path) == before
    assert not (tmp_path / "c").exists()
    export_clusters(tmp_path / "c", [*images, link], [0] * 7, "move")
    assert len(read_record(tmp_path / "c")) == 7


def test_a_move_that_is_broken_off_on_the_way_to_another_disk(images, tmp_path, monkeypatch):
    before = tree(tmp_path)

    def move(source, target, move=shutil.move):
        if source == images[2]:
            target.write_text("ha")
            raise OSError("No space left")
        move(source, target)

    monkeypatch.setattr(shutil, "move", move)
    with pytest.raises(OSError, match="No space left"):
        export_clusters(tmp_path / "c", images, [0] * 6, "move")
    assert tree(tmp_path) == before


def test_what_cannot_be_moved_back_is_told_and_kept(images, tmp_path, monkeypatch):
    def move(source, target, move=shutil.move):
        if source == images[2] or target == images[0]:
            raise KeyboardInterrupt
        move(source, target)

    monkeypatch.setattr(shutil, "move", move)
    with pytest.raises(RuntimeError, match=r"not all could be moved back: .*exported\.csv"):
        export_clusters(tmp_path / "c", images, [0] * 6, "move")
    assert read_record(tmp_path / "c")[str(images[0])] == "0/a.png"
    assert (tmp_path / "c/0/a.png").read_text() == "one a"
    assert images[1].read_text() == "one b"
    with pytest.raises(FileExistsError, match=r"exported\.csv in it says where") as caught:
        export_clusters(tmp_path / "c", images, [0] * 6, "move")
    assert "emove" not in str(caught.value)


def test_links_lead_to_their_files_after_a_move(images, tmp_path):
    outside = tmp_path / "outside.png"
    outside.write_text("outside")
    links = {"l1.png": "a.png", "l2.png": "l1.png", "l3.png": "../outside.png"}
    for name, text in links.items():
        (tmp_path / "one" / name).symlink_to(text)
    paths = [*(tmp_path / "one" / name for name in links), *images]
    export_clusters(tmp_path / "c", paths, [1, 1, 1, 0, 0, 0, 0, 0, 0], "move")
    for name, end in {"l1": "c/0/a.png", "l2": "c/0/a.png", "l3": "outside.png"}.items():
        link = tmp_path / "c" / "1" / f"{name}.png"
        assert os.readlink(link) == str(tmp_path / end)
        assert link.exists() and not os.path.lexists(tmp_path / "one" / f"{name}.png")


@pytest.mark.parametrize("mode", ["copy", "symlink"])
def test_an_export_that_fails_leaves_nothing(images, tmp_path, mode):
    images[4].unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(images[4].name)):
        export_clusters(tmp_path / "c", images, [0] * 6, mode)
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_nothing_is_overwritten(images, tmp_path, monkeypatch):
    """Whatever a file system takes for one name."""
    before = tree(tmp_path)
    monkeypatch.setattr(_folders, "_key", lambda place: object())
    with pytest.raises(FileExistsError):
        export_clusters(tmp_path / "c", images, [0] * 6, "move")
    assert tree(tmp_path) == before
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "exported.csv").write_text("camera,date\n")
    with pytest.raises(FileExistsError, match=r"already exists\. Choose another output"):
        export_clusters(tmp_path / "taken", images, [0] * 6, "move")
    (tmp_path / "c").symlink_to("nowhere")
    with pytest.raises(FileExistsError, match="Choose another output"):
        export_clusters(tmp_path / "c", images, [0] * 6, "copy")


@pytest.mark.parametrize("begin", [*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_is_a_formula(tmp_path, monkeypatch, begin):
    """Paths lead to the same files all the same."""
    monkeypatch.chdir(tmp_path)
    names = [f"{begin}1+1.jpg", "plain.jpg", f"sub/{begin}2.jpg"]
    (tmp_path / "sub").mkdir()
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    labels, probabilities = [0, 1, 0, -1], [1.0, 0.5, 1, np.nan]
    of_clusters, scores = [f"{begin}1", f"'{begin}2"], [0.25, 0.5, np.nan, np.nan]
    write_labels("labels.csv", [*names, "broken.jpg"], labels, probabilities, of_clusters, scores)
    with open("labels.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [f"./{names[0]}", *names[1:], "broken.jpg"]
    assert [row["outlier_score"] for row in rows] == ["0.2500", "0.5000", "", ""]
    # A number is no formula.
    assert [row["label"] for row in rows] == ["0", "1", "0", "-1"]
    assert [row["name"] for row in rows] == [f"'{begin}1", f"''{begin}2", f"'{begin}1", ""]
    for row, name in zip(rows, names, strict=False):
        assert os.path.samefile(row["path"], name)
    export_clusters("clusters", names, [0, 1, 0], "copy")
    record = read_record(tmp_path / "clusters")
    assert [*record] == [f"./{names[0]}", *names[1:]]
    assert [*record.values()] == [f"0/{begin}1+1.jpg", "1/plain.jpg", f"0/{begin}2.jpg"]
    for path, place in record.items():
        assert (tmp_path / "clusters" / place).read_bytes() == (tmp_path / path).read_bytes()


def test_folders_carry_the_names_of_clusters(images, tmp_path):
    export_clusters(tmp_path / "c", images, [0, 0, 1, 1, 2, -1], "copy", ["dog", None, "dog"])
    assert [*read_record(tmp_path / "c").values()] == [
        *("0-dog/a.png", "0-dog/b.png", "1/c.png", "1/a.png", "2-dog/b.png"),
    ]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("cat / dog", "0-cat dog"),
        ("../../up", "0-.. .. up"),
        ('a<b>:"c"|d?*\\e\n', "0-a b c d e"),
        ("///", "0"),
        ("St. Bernard.", "0-St. Bernard"),
        ("\u00e9" * 200, "0-" + "\u00e9" * 126),
        ("Caf\u00e9 \u732b", "0-Caf\u00e9 \u732b"),
    ],
)
def test_names_become_folders_on_any_disk(images, tmp_path, name, folder):
    export_clusters(tmp_path / "c", images[:1], [0], "copy", [name])
    assert read_record(tmp_path / "c") == {str(images[0]): f"{folder}/a.png"}
    assert (tmp_path / "c" / folder / "a.png").is_file()
