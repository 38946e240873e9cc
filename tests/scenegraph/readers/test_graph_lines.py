import gzip
import json

import pytest

from skdeepcluster.scenegraph import read_graph_lines

SNOW = {"text": "Snow.", "triples": [["snow", "is", "white"]]}


@pytest.fixture
def read(tmp_path):
    def write_and_read(*lines):
        path = tmp_path / "graphs.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        return read_graph_lines(path)

    return write_and_read


def test_graph_lines(tmp_path):
    lines = [
        {
            "image_id": "7.jpg",
            "objects": [{"label": "dog", "box": [0, 0, 9, 9]}, {"label": "grass"}],
            "relations": [[0, "on", 1]],
            "captions": [
                {"text": "A dog runs.", "triples": [["dog", "on", "grass"]]},
                "Grass.",
            ],
        },
        {"objects": ["cat"]},
    ]
    with gzip.open(tmp_path / "graphs.jsonl.gz", "wt") as file:
        file.write("\n\n".join(map(json.dumps, lines)))
    first, second = read_graph_lines(tmp_path / "graphs.jsonl.gz")
    assert first.image_id == "7.jpg"
    assert first.graph.triples == (("dog", "on", "grass"),)
    assert first.captions == ("A dog runs.", "Grass.")
    assert first.caption_triples == ((("dog", "on", "grass"),), ())
    assert second.graph.labels == ("cat",)
    assert second.captions == ()


@pytest.mark.parametrize(
    ("captions", "texts", "triples"),
    [
        ("A dog in the snow", ("A dog in the snow",), ((),)),
        (SNOW, ("Snow.",), ((("snow", "is", "white"),),)),
        (None, (), ()),
        ([], (), ()),
        (["A dog.", None, SNOW], ("A dog.", "Snow."), ((), (("snow", "is", "white"),))),
        ({"text": "Snow.", "triples": None}, ("Snow.",), ((),)),
    ],
)
def test_captions_are_what_they_say(read, captions, texts, triples):
    (record,) = read({"objects": ["dog"], "captions": captions})
    assert record.captions == texts
    assert record.caption_triples == triples


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (7, "not iterable"),
        (["a", 7], r"captions\[1\] is a sentence"),
        ([["a"]], r"captions\[0\] is a sentence"),
        ({"raw": "a"}, r"captions\[0\] is a sentence"),
        ([{"text": "a", "triples": ["abc"]}], r"triples\[0\] of captions\[0\]"),
        ([{"text": "a", "triples": "abc"}], r"triples\[0\] of captions\[0\]"),
    ],
)
def test_what_is_no_caption(read, captions, message):
    with pytest.raises(ValueError, match=f"Line 2 of .*: .*{message}"):
        read({"objects": ["dog"]}, {"objects": ["dog"], "captions": captions})


def test_boxes_of_other_programs(read):
    (record,) = read({"objects": [{"label": "dog", "box": [1, 2, 9, 9]}], "box_format": "xywh"})
    assert record.graph.objects[0].box == (1, 2, 10, 11)


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "graphs.jsonl").write_text('{"objects": ["a"]}\n{"objects": [""]}\n')
    with pytest.raises(ValueError, match=r"Line 2 of .*graphs\.jsonl.*objects\[0\] is empty"):
        read_graph_lines(tmp_path / "graphs.jsonl")
