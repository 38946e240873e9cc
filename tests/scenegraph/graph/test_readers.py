import gzip
import json

import pytest

from skdeepcluster.scenegraph import read_graph_lines, read_visual_genome


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


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "graphs.jsonl").write_text('{"objects": ["a"]}\n{"objects": [""]}\n')
    with pytest.raises(ValueError, match=r"Line 2 of .*graphs\.jsonl.*objects\[0\] is empty"):
        read_graph_lines(tmp_path / "graphs.jsonl")


def test_visual_genome(tmp_path):
    image = {
        "image_id": 12,
        "objects": [
            {"object_id": 5, "names": ["man", "guy"], "x": 10, "y": 20, "w": 30, "h": 40},
            {"object_id": 5, "names": ["man"], "x": 10, "y": 20, "w": 30, "h": 40},
            {"object_id": 8, "names": ["hat"], "x": 12, "y": 18, "w": 10, "h": 8},
        ],
        "relationships": [
            {"subject_id": 5, "predicate": "WEARING", "object_id": 8},
            {"subject_id": 8, "predicate": "", "object_id": 5},
        ],
    }
    path = tmp_path / "scene_graphs.json"
    path.write_text(json.dumps([image]))
    (record,) = read_visual_genome(path)
    assert record.image_id == "12"
    assert record.graph.triples == (("man", "wearing", "hat"),)
    assert record.graph.objects[0].box == (10, 20, 40, 60)
    image["relationships"][0]["subject_id"] = 99
    path.write_text(json.dumps([image]))
    with pytest.raises(ValueError, match=r"Entry 0 .*99"):
        read_visual_genome(path)
