import numpy as np
import pytest
import torch

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import Caption
from skdeepcluster.scenegraph.matching._input_tensors import (
    N_BOX_NUMBERS,
    caption_tensors,
    count_features,
    graph_tensors,
)
from skdeepcluster.scenegraph.matching._phrase_table import PhraseTable
from skdeepcluster.scenegraph.matching._phrase_vectors import PhraseVectors

from .._toy import random_vectors

VECTORS = PhraseVectors(random_vectors(["dog", "cat", "hat", "on"], 4))


def boxed(*boxes):
    return SceneGraph([{"label": "dog", "box": box} for box in boxes])


def boxes_of(*graphs):
    return graph_tensors(list(graphs), PhraseTable(VECTORS), 0).boxes


def test_boxes_are_shares_of_what_they_cover():
    found = boxes_of(boxed((10, 20, 30, 60), (20, 20, 50, 100)))[0]
    expected = [
        [0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 1],
        [0.25, 0, 1, 1, 0.75, 1, np.sqrt(0.75), 1],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_size_and_place_of_the_image_do_not_matter():
    boxes = np.array([[10, 20, 30, 60], [20, 30, 50, 100.0]])
    expected = boxes_of(boxed(*boxes))
    torch.testing.assert_close(boxes_of(boxed(*(boxes * 7))), expected)
    torch.testing.assert_close(boxes_of(boxed(*(boxes + 1000))), expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(boxes_of(boxed(*(boxes - 15))), expected)
    torch.testing.assert_close(boxes_of(boxed(*(boxes - 1000))), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("shift", [0, 500, -500])
def test_boxes_do_not_depend_on_objects_without_one(shift):
    boxes = np.array([[10, 20, 30, 60], [20, 30, 50, 100.0]]) + shift
    alone = boxes_of(boxed(*boxes))[0]
    with_more = boxes_of(boxed(*boxes, None), SceneGraph(["cat"] * 5))
    torch.testing.assert_close(with_more[0, :2], alone)
    assert (with_more[0, 2:] == 0).all()
    assert (with_more[1] == 0).all()


def test_boxes_beyond_the_largest_float32():
    boxes = np.array([[0, 0, 1, 1], [0, 0, 2, 4.0]])
    torch.testing.assert_close(boxes_of(boxed(*(boxes * 1e39))), boxes_of(boxed(*boxes)))


def test_a_box_without_area():
    assert torch.isfinite(boxes_of(boxed((5, 5, 5, 5)))).all()
    assert torch.isfinite(boxes_of(boxed((0, 5, 10, 5), (3, 0, 3, 9)))).all()


def test_labels_and_relations():
    table = PhraseTable(VECTORS)
    graphs = [
        SceneGraph(["dog", "cat", "dog"], [(2, "on", 1)]),
        SceneGraph([]),
        SceneGraph(["hat", "cat"], [(0, "on", 1), (1, "under", 0)]),
    ]
    inputs = graph_tensors(graphs, table, 0)
    dog, cat, hat, on, under = table.rows(["dog", "cat", "hat", "on", "under"])
    assert inputs.labels.tolist() == [[dog, cat, dog], [0, 0, 0], [hat, cat, 0]]
    assert inputs.pairs.tolist() == [[[2, 1], [0, 0]], [[0, 0], [0, 0]], [[0, 1], [1, 0]]]
    assert inputs.predicates.tolist() == [[on, 0], [0, 0], [on, under]]
    taken = inputs.take(np.array([2, 0]))
    assert taken.labels.tolist() == [[hat, cat, 0], [dog, cat, dog]]


@pytest.mark.parametrize("graphs", [[], [SceneGraph([])], [SceneGraph([]), SceneGraph([])]])
def test_nothing_at_all(graphs):
    inputs = graph_tensors(graphs, PhraseTable(VECTORS), 3)
    n = len(graphs)
    assert inputs.labels.shape == inputs.predicates.shape == (n, 1)
    assert inputs.boxes.shape == (n, 1, N_BOX_NUMBERS)
    assert inputs.features.shape == inputs.relation_features.shape == (n, 1, 3)
    assert inputs.pairs.shape == (n, 1, 2)
    assert all((part == 0).all() for part in inputs)


def test_features_are_zeros_where_there_are_none():
    objects = [{"label": "dog", "feature": [1, 2]}, "cat", {"label": "hat", "feature": [3, 4]}]
    relations = [
        (0, "on", 1),
        {"subject": 1, "predicate": "on", "object": 0, "feature": [5, 6]},
    ]
    graph = SceneGraph(objects, relations)
    assert count_features([SceneGraph(["dog"]), graph]) == 2
    inputs = graph_tensors([graph], PhraseTable(VECTORS), 2)
    assert inputs.features.tolist() == [[[1, 2], [0, 0], [3, 4]]]
    assert inputs.relation_features.tolist() == [[[0, 0], [5, 6]]]
    assert graph_tensors([graph], PhraseTable(VECTORS), 0).features.shape == (1, 3, 0)


def test_features_are_of_one_length():
    assert count_features([SceneGraph(["dog"])]) == count_features([]) == 0
    graphs = [SceneGraph([{"label": "dog", "feature": [0.0] * n}]) for n in (2, 3)]
    with pytest.raises(ValueError, match=r"differ in length: \[2, 3\]"):
        count_features(graphs)


def test_captions():
    table = PhraseTable(VECTORS)
    captions = [
        Caption("Dog on cat, dog!", (("dog", "on", "cat"), ("cat", "under", "dog"))),
        Caption("", ()),
        Caption("Hat.", ()),
    ]
    inputs = caption_tensors(captions, table, VECTORS.of_sentences)
    dog, on, cat, hat, under = table.rows(["dog", "on", "cat", "hat", "under"])
    assert inputs.words.tolist() == [[dog, on, cat, dog], [0] * 4, [hat, 0, 0, 0]]
    empty = [[0, 0, 0]] * 2
    assert inputs.triples.tolist() == [[[dog, on, cat], [cat, under, dog]], empty, empty]
    assert inputs.sentences.shape == (3, 4)
    assert (inputs.sentences[1] == 0).all()
    np.testing.assert_allclose(inputs.sentences[2], VECTORS(["hat"])[0])


def test_some_of_the_captions_are_no_longer_than_they_must_be():
    captions = [Caption("dog on cat", (("dog", "on", "cat"),)), Caption("hat", ())]
    inputs = caption_tensors(captions, PhraseTable(VECTORS), VECTORS.of_sentences)
    taken = inputs.take(np.array([1]))
    assert taken.words.shape == (1, 1)
    assert taken.triples.tolist() == [[[0, 0, 0]]]


def test_some_of_the_graphs_are_no_larger_than_they_must_be():
    large = SceneGraph(["dog"] * 9, [(0, "on", i) for i in range(1, 9)])
    inputs = graph_tensors(
        [SceneGraph(["cat", "hat"], [(0, "on", 1)]), large], PhraseTable(VECTORS), 3
    )
    assert inputs.sizes.tolist() == [3, 17]
    taken = inputs.take(np.array([0]))
    assert [part.shape[1] for part in taken] == [2, 2, 2, 1, 1, 1]
    assert taken.labels.tolist() == inputs.labels[:1, :2].tolist()
    assert taken.pairs.tolist() == [[[0, 1]]]


@pytest.mark.parametrize("length", [1, 3])
def test_features_are_as_long_as_those_learned_from(length):
    graph = SceneGraph([{"label": "dog", "feature": [1.0] * length}])
    with pytest.raises(ValueError, match=rf"{length}.*2|2.*{length}"):
        graph_tensors([graph], PhraseTable(VECTORS), 2)
