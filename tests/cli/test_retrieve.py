import json
import re

import pytest

from ._command import run, run_json

GRAPHS = [
    {
        "image_id": "snow.jpg",
        "objects": [{"label": "dog"}, {"label": "snow"}],
        "relations": [[0, "in", 1]],
        "captions": ["a dog plays in snow", {"text": "a dog in white snow", "triples": []}],
    },
    {
        "image_id": "horse.jpg",
        "objects": [{"label": "man"}, {"label": "horse"}],
        "relations": [[0, "riding", 1]],
        "captions": ["a man riding a horse", "somebody beside a horse"],
    },
    {"image_id": "tree.jpg", "objects": [{"label": "tree"}], "relations": []},
]

# Without it vectors of the words are learned at once; the sentence encoder takes long to load.
HAS_MINILM = "skdeepcluster.scenegraph.retrieval._word_sources.has_minilm"


@pytest.fixture
def graphs(tmp_path):
    path = tmp_path / "graphs.jsonl"
    path.write_text("\n".join(map(json.dumps, GRAPHS)), encoding="utf-8")
    return path


def test_retrieve(graphs, tmp_path, monkeypatch, capsys):
    pytest.importorskip("spacy")
    # Vectors of the words are learned at once, where the sentence encoder takes long to load.
    monkeypatch.setattr(
        "skdeepcluster.scenegraph.retrieval._word_sources.has_minilm", lambda: False
    )
    queries = ["a man riding a horse", "the dog", "a man without a dog"]
    data = run_json(capsys, "retrieve", graphs, *queries, "-k", 2, "--explain")
    assert (data["n_pictures"], data["n_training_pictures"]) == (3, 2)
    assert data["word_vectors"] == "pairs"
    assert [query["query"] for query in data["queries"]] == queries
    first, second, third = (query["results"] for query in data["queries"])
    assert [first[0]["image_id"], second[0]["image_id"]] == ["horse.jpg", "snow.jpg"]
    assert len(first) == 2
    assert first[0]["similarity"] >= first[1]["similarity"]
    words = {match["word"]: match["label"] for match in first[0]["words"]}
    assert (words["man"], words["horse"]) == ("man", "horse")
    assert first[0]["triples"][0]["matched"] == ["man", "riding", "horse"]
    assert set(first[0]["triples"][0]) == {
        *("triple", "relation", "matched", "score", "weak", "plausibility")
    }
    assert first[0]["denied"] == []
    denied = {result["image_id"]: result["denied"] for result in third}["horse.jpg"]
    assert denied[0]["denied"] == "dog" and denied[0]["matched"] in ("man", "horse")
    # Others to learn from, and no more images than there are.
    (tmp_path / "more.jsonl").write_text(json.dumps(GRAPHS[2]), encoding="utf-8")
    assert run("retrieve", tmp_path / "more.jsonl", "a horse", "--train", graphs) == 0
    assert re.fullmatch(r"a horse\n   1  -?0\.\d{3}  tree\.jpg\n", capsys.readouterr().out)


def test_retrieve_with_a_model_that_is_kept(graphs, tmp_path, monkeypatch, capsys):
    pytest.importorskip("spacy")
    monkeypatch.setattr(
        "skdeepcluster.scenegraph.retrieval._word_sources.has_minilm", lambda: False
    )
    search = ("retrieve", graphs, "a man riding a horse", "--model", tmp_path / "model")
    learned = run_json(capsys, *search)
    again = run_json(capsys, *search)
    assert (learned["n_training_pictures"], again["n_training_pictures"]) == (2, None)
    first, second = (data["queries"][0]["results"] for data in (learned, again))
    assert [result["image_id"] for result in first] == [result["image_id"] for result in second]
    for before, after in zip(first, second, strict=True):
        assert after["similarity"] == pytest.approx(before["similarity"], abs=1e-5)
    assert run(*search, "--train", graphs) == 1
    assert "leave --train out" in capsys.readouterr().err


def test_graphs_without_captions_are_told(tmp_path, capsys):
    (tmp_path / "g.jsonl").write_text(json.dumps(GRAPHS[2]), encoding="utf-8")
    assert run("retrieve", tmp_path / "g.jsonl", "a tree") == 1
    assert "no captions to learn from" in capsys.readouterr().err
    (tmp_path / "g.jsonl").write_text("{}", encoding="utf-8")
    assert run("retrieve", tmp_path / "g.jsonl", "a tree") == 1
    assert "Line 1 of" in capsys.readouterr().err
