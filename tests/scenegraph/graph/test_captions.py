import re

import numpy as np
import pytest

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import Caption, as_captions, caption_of

TRIPLE = ("dog", "in", "snow")


def test_a_sentence_is_not_parsed_yet():
    captions, _ = as_captions(["A dog.", {"text": "A cat."}, {"text": "", "triples": None}])
    assert captions == [Caption("A dog.", None), Caption("A cat.", None), Caption("", None)]


def test_a_dict_comes_with_its_triples():
    captions, _ = as_captions([{"text": "A dog.", "triples": [list(TRIPLE)]}])
    assert captions == [Caption("A dog.", (TRIPLE,))]
    assert as_captions([{"text": "A dog.", "triples": []}])[0] == [Caption("A dog.", ())]


def test_a_graph_says_its_triples_and_what_is_alone():
    graph = SceneGraph(["dog", "snow", "tree"], [(0, "in", 1), (1, "on", 0)])
    (caption,), _ = as_captions([graph])
    assert caption.text == "dog in snow. snow on dog. tree"
    assert caption.triples == graph.triples
    assert as_captions([SceneGraph([])])[0] == [Caption("", ())]


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_captions_of_several_images_stand_one_after_the_other(kind):
    captions, owners = as_captions([["a", "b"], "c", kind(["d", "e", "f"])])
    assert [caption.text for caption in captions] == list("abcdef")
    assert owners.dtype == np.int64
    np.testing.assert_array_equal(owners, [0, 0, 1, 2, 2, 2])


def test_no_captions():
    captions, owners = as_captions([])
    assert captions == []
    assert owners.shape == (0,)


@pytest.mark.parametrize("bare", ["A dog.", {"text": "A dog."}, SceneGraph(["dog"])])
def test_one_caption_is_no_list(bare):
    with pytest.raises(TypeError, match="One caption was passed"):
        as_captions(bare)


@pytest.mark.parametrize(
    ("entry", "error", "message"),
    [
        (None, TypeError, "y[1] is a caption or a list of captions, not None"),
        (3.5, TypeError, "y[1] is a caption or a list of captions, not 3.5"),
        ([], ValueError, "y[1] is an empty list"),
        (["b", None], TypeError, "y[1][1] is a sentence"),
        (["b", 7], TypeError, "y[1][1] is a sentence"),
        ([["b"]], TypeError, "y[1][0] is a sentence"),
        ({"triples": []}, TypeError, "y[1] is a sentence"),
        ({"text": None}, TypeError, "y[1] is a sentence"),
        ([{"text": 3}], TypeError, "y[1][0] is a sentence"),
        ({"text": "b", "triples": [TRIPLE, ("dog", "in")]}, ValueError, "triples[1] of y[1] is"),
        (["b", {"text": "b", "triples": ["abc"]}], ValueError, "triples[0] of y[1][1] is"),
        ({"text": "b", "triples": [("dog", "", "snow")]}, ValueError, "triples[0] of y[1] is"),
        ({"text": "b", "triples": [("dog", 3, "snow")]}, TypeError, "triples[0] of y[1] is"),
        ({"text": "b", "triples": 3}, TypeError, "y[1]"),
    ],
)
def test_what_is_no_caption_is_named(entry, error, message):
    with pytest.raises(error, match=re.escape(message)):
        as_captions(["a", entry])


def test_a_graph_says_what_it_denies():
    graph = SceneGraph(
        [
            "man",
            {"label": "hat", "negated": True},
            "door",
            {"label": "red", "negated": True},
            {"label": "car", "negated": True},
            {"label": "blue", "negated": True},
        ],
        [(0, "with", 1), (2, "is", 3), (4, "is", 5)],
    )
    (caption,), _ = as_captions([graph])
    assert caption.text == "man. door. no hat. no blue car. not man with hat. not door is red"
    assert caption.stated_text == "man. door"
    assert caption.triples == ()
    assert caption.denied_objects == ("hat", "blue car")
    assert caption.denied_triples == (("man", "with", "hat"), ("door", "is", "red"))
    assert caption_of(graph, "as written") == caption._replace(text="as written")


def test_what_is_there_elsewhere_is_not_denied_as_such():
    graph = SceneGraph(
        ["man", "hat", "woman", {"label": "hat", "negated": True}],
        [(0, "with", 1), (2, "with", 3)],
    )
    caption = caption_of(graph)
    assert caption.denied_objects == ()
    assert caption.denied_triples == (("woman", "with", "hat"),)
