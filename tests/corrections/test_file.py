import copy
import json

import pytest

from skdeepcluster.corrections import read_corrections

from .._edited_models import edited_configs

CONTENT = {
    "format": "skdeepcluster corrections",
    "version": 1,
    "result": "0f" * 16,
    "n_images": 100,
    "n_clusters": 4,
    "names": {"0": "dogs", "3": None},
    "merged": [[1, 2]],
    "split": {"0": 2},
    "moved": {"photos/a.jpg": 3, "photos/latin-\udce9.jpg": 4},
    "not_in": {"photos/b.jpg": [0, 3]},
    "together": [["photos/c.jpg", "photos/d.jpg"]],
}


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_what_is_in_the_file(tmp_path):
    found = read_corrections(write(tmp_path / "c.json", CONTENT))
    assert found.names == {0: "dogs", 3: None} and found.split == {0: 2}
    for name in ("merged", "moved", "not_in", "together", "result"):
        assert getattr(found, name) == CONTENT[name]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "other"}, "format must be one of 'skdeepcluster corrections'"),
        ({"version": 2}, "version 2, of a newer skdeepcluster"),
        ({"names": {"x": "dogs"}}, "a key of names is no label"),
        ({"names": {"01": "dogs"}}, "a key of names is no label: '01'"),
        ({"names": {"1": "\ud800"}}, "names.1 must be a string"),
        ({"merged": [[1]]}, r"merged\[0\] has fewer than two items"),
        ({"merged": [[1, 1]]}, r"merged\[0\] holds the same more than once"),
        ({"split": {"1": 1}}, "split.1 must be an integer from 2"),
        ({"moved": {"a.jpg": -1}}, "moved.a.jpg must be an integer from 0"),
        ({"moved": {"a.jpg": "dogs"}}, "moved.a.jpg must be an integer"),
        ({"moved": {"a\0.jpg": 1}}, "a key of moved must be a path"),
        ({"together": [["a.jpg"]]}, r"together\[0\] has fewer than two items"),
        ({"more": 1}, "'more' is unknown to this version"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, problem):
    path = write(tmp_path / "c.json", {**CONTENT, **change})
    with pytest.raises(ValueError, match=problem) as error:
        read_corrections(path)
    assert f"{str(path)!r} is no file of corrections" in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", "[" * 100_000, '{"format": 1}', '{"names": {}, "names": {}}']
)
def test_other_files_are_refused(tmp_path, text):
    with pytest.raises(ValueError, match="is no file of corrections"):
        read_corrections(write(tmp_path / "c.json", text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "c.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(ValueError, match="is no file of corrections"):
        read_corrections(tmp_path / "c.json")
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        read_corrections(tmp_path / "none.json")


def test_an_image_that_is_there_twice_is_named(tmp_path):
    text = json.dumps(CONTENT).replace('"moved": {', '"moved": {"photos/a.jpg": 1, ')
    with pytest.raises(ValueError, match=r"'photos/a\.jpg' is in it twice"):
        read_corrections(write(tmp_path / "c.json", text))


def test_whatever_is_changed_it_is_read_or_refused(tmp_path):
    for done, content in edited_configs(copy.deepcopy(CONTENT)):
        try:
            read_corrections(write(tmp_path / "c.json", content))
        except ValueError as error:
            assert "is no file of corrections" in str(error), done
