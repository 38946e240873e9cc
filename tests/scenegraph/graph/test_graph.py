import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdeepcluster.scenegraph import SceneGraph


@pytest.fixture
def street():
    return SceneGraph(
        [
            {"label": "man", "box": [10, 20, 50, 120], "score": 0.9},
            "bicycle",
            {"label": "street", "feature": [0.5, 1.5]},
        ],
        [(0, "ride", 1), {"subject": 1, "predicate": "on", "object": 2, "feature": [1.0]}],
    )


def test_views_of_a_graph(street):
    assert street.labels == ("man", "bicycle", "street")
    assert street.predicates == ("ride", "on")
    assert street.triples == (("man", "ride", "bicycle"), ("bicycle", "on", "street"))
    np.testing.assert_array_equal(street.pairs, [[0, 1], [1, 2]])
    assert len(street) == 3
    assert street.objects[0].box == (10, 20, 50, 120)
    assert SceneGraph([]).pairs.shape == (0, 2)


def test_survives_json_and_pickle(street):
    for again in (
        SceneGraph.from_dict(json.loads(json.dumps(street.to_dict()))),
        pickle.loads(pickle.dumps(street)),
        SceneGraph(street.objects, street.relations),
    ):
        assert again == street
        assert hash(again) == hash(street)
    assert SceneGraph(["man"]) != street


def test_all_that_is_known_makes_graphs_different():
    known = {"label": "man", "box": (0, 0, 1, 1), "score": 0.5, "feature": [1.0]}
    changes = [{}, {"box": (0, 0, 1, 2)}, {"score": 0.6}, {"feature": [2.0]}, {"feature": None}]
    graphs = [SceneGraph([{**known, **change}]) for change in changes]
    graphs.append(SceneGraph([known], [(0, "see", 0)]))
    relation = {"subject": 0, "predicate": "see", "object": 0, "feature": [1.0]}
    graphs.append(SceneGraph([known], [relation]))
    assert len(set(graphs)) == len({hash(graph) for graph in graphs}) == len(graphs)
    assert SceneGraph([known]) == graphs[0]


words = st.text(min_size=1, max_size=5).filter(str.strip)


@given(
    labels=st.lists(words, min_size=1, max_size=5),
    relations=st.lists(st.tuples(st.integers(0, 99), words, st.integers(0, 99)), max_size=5),
)
def test_any_graph_is_what_its_dict_says(labels, relations):
    n = len(labels)
    graph = SceneGraph(labels, [(s % n, predicate, o % n) for s, predicate, o in relations])
    assert SceneGraph.from_dict(graph.to_dict()) == graph


def test_equal_words_of_triples_are_one_object():
    triples = [("boy", "wear", "hat"), ("boy", "sit on", "bench")]
    graph = SceneGraph.from_triples(triples, ["tree", "hat"])
    assert graph.labels == ("boy", "hat", "bench", "tree")
    assert graph.triples == tuple(triples)


def test_does_not_change(street):
    with pytest.raises(AttributeError, match="does not change"):
        street.objects = ()
    with pytest.raises(ValueError, match="read-only"):
        street.objects[2].feature[0] = 3


@pytest.mark.parametrize(
    ("objects", "relations", "message"),
    [
        (["a", ""], [], r"label of objects\[1\] is empty"),
        (["a", 3], [], r"objects\[1\] is a label or a dict"),
        ([{"box": [0, 0, 1, 1]}], [], r'objects\[0\] has no "label"'),
        ([{"label": "a", "box": [5, 5, 1, 9]}], [], r"box of objects\[0\].*not width and height"),
        ([{"label": "a", "box": [0, 0, np.nan, 1]}], [], r"box of objects\[0\]"),
        ([{"label": "a", "score": 2}], [], r"score of objects\[0\] is from 0 to 1"),
        ([{"label": "a", "feature": [[1.0]]}], [], r"feature of objects\[0\]"),
        (["a"], [(0, "on", 1)], r"object of relations\[0\] is 1, and there are 1 objects"),
        (["a"], [(-1, "on", 0)], r"subject of relations\[0\] is -1"),
        (["a"], [(0, "on", 0), (0, " ", 0)], r"predicate of relations\[1\] is empty"),
        (["a"], [(0, 0)], r"relations\[0\] is \(subject, predicate, object\)"),
        (["a"], ["on"], r"relations\[0\] is \(subject, predicate, object\)"),
        (["a"], [{"subject": 0}], r"relations\[0\] has no \['predicate', 'object'\]"),
        (["a"], [("a", "on", "a")], r"subject of relations\[0\] is the position"),
    ],
)
def test_errors_name_the_entry(objects, relations, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SceneGraph(objects, relations)


@pytest.mark.parametrize("objects", ["dog", {"objects": ["dog"], "relations": []}])
def test_objects_are_a_list(objects):
    for make in (SceneGraph, lambda objects: SceneGraph.from_triples([], objects)):
        with pytest.raises(TypeError, match=r"objects is a list.*from_dict"):
            make(objects)


def test_a_graph_is_not_a_list():
    with pytest.raises(ValueError, match='key "objects"'):
        SceneGraph.from_dict(["man"])


def test_drawing(street, photos):
    plt = pytest.importorskip("matplotlib.pyplot", reason="drawing needs matplotlib")
    on_photo = SceneGraph(
        [
            {"label": "cat's $x$", "box": [100, 30, 350, 300]},
            {"label": "eye", "box": [150, 80, 200, 120]},
        ],
        [(0, "have", 1)],
    )
    for graph, image in [(street, None), (on_photo, photos["cat"]), (on_photo, None)]:
        ax = graph.plot(image)
        shown = {text.get_text() for text in ax.texts}
        assert set(graph.labels) | set(graph.predicates) <= shown
        ax.figure.canvas.draw()
        plt.close(ax.figure)
    ax = street.plot(n_relations=1)
    assert "on" not in {text.get_text() for text in ax.texts}
    plt.close(ax.figure)


def test_drawing_where_only_some_objects_have_boxes(photos):
    plt = pytest.importorskip("matplotlib.pyplot", reason="drawing needs matplotlib")
    objects = [{"label": "cat", "box": [100, 30, 350, 300]}, {"label": "air"}]
    for graph in (SceneGraph(objects, [(0, "in", 1)]), SceneGraph(objects[1:])):
        ax = graph.plot(photos["cat"])
        height, width = photos["cat"].shape[:2]
        assert len(ax.patches) == sum(entry.box is not None for entry in graph.objects)
        for text in ax.texts:
            x, y = text.get_position()
            assert 0 < x < width and 0 < y < height
        plt.close(ax.figure)


def test_negation_is_part_of_a_graph():
    graph = SceneGraph(
        ["man", {"label": "hat", "negated": True}, "bench"],
        [
            (0, "wear", 1),
            {"subject": 0, "predicate": "on", "object": 2, "negated": True},
            (0, "near", 2),
        ],
    )
    assert [entry.negated for entry in graph.objects] == [False, True, False]
    # A relation with what is not there is none.
    assert [entry.negated for entry in graph.relations] == [True, True, False]
    assert graph.triples == (("man", "near", "bench"),)
    assert graph.negated_triples == (("man", "wear", "hat"), ("man", "on", "bench"))
    assert graph.triple(1) == ("man", "on", "bench")
    data = json.loads(json.dumps(graph.to_dict()))
    assert SceneGraph.from_dict(data) == graph == pickle.loads(pickle.dumps(graph))
    assert data["objects"][0] == {"label": "man"}
    assert data["relations"][2] == [0, "near", 2]
    stated = SceneGraph(["man", "bench"], [(0, "near", 1)])
    assert graph.without_negated() == stated != graph
    assert stated.without_negated() is stated


@pytest.mark.parametrize("value", ["no", 1, None])
def test_negated_is_true_or_false(value):
    with pytest.raises(TypeError, match=r'"negated" of objects\[0\] is true or false'):
        SceneGraph([{"label": "man", "negated": value}])
    relation = {"subject": 0, "predicate": "on", "object": 0, "negated": value}
    with pytest.raises(TypeError, match=r'"negated" of relations\[0\]'):
        SceneGraph(["man"], [relation])
