import sys

import numpy as np
import pytest

from skdeepcluster import SceneGraph, TextGraphParser
from skdeepcluster.scenegraph.text import _parser

from .._toy import (
    Parser,
    make_pairs,
    make_retriever,
)

SENTENCES = [["a dog chases the cat", "a dog runs"], "a man wears a hat", ["a boat on the sea"]]


SAID = {
    "a dog chases the cat": SceneGraph(["dog", "cat"], [(0, "chase", 1)]),
    "a dog runs": SceneGraph(["dog"]),
    "a man wears a hat": SceneGraph(["man", "hat"], [(0, "wear", 1)]),
    "a boat on the sea": SceneGraph(["boat", "sea"], [(0, "on", 1)]),
}


SEEN = [SAID[s] for s in ("a dog chases the cat", "a man wears a hat", "a boat on the sea")]


def test_sentences_are_parsed():
    parser = Parser(SAID)
    est = make_retriever(text_parser=parser).fit(SEEN, SENTENCES)
    assert sorted(parser.asked) == sorted(SAID)
    found = est.explain(SEEN[1], "a man wears a hat")
    assert found.triples[0].matched == ("man", "wear", "hat")


def test_parsers_may_be_exchanged_after_the_fit():
    est = make_retriever(max_epochs=0, text_parser=Parser(SAID)).fit(SEEN, SENTENCES)
    text_parser, visual_parser = Parser(SAID), Parser({"a.jpg": SEEN[0]})
    est.set_params(text_parser=text_parser, visual_parser=visual_parser)
    assert est.similarity(["a.jpg"], ["a dog runs"]).shape == (1, 1)
    assert (text_parser.asked, visual_parser.asked) == (["a dog runs"], ["a.jpg"])


def test_sentences_are_not_parsed_for_nothing():
    parser = Parser({})
    est = make_retriever(text_parser=parser, levels=("object", "graph")).fit(SEEN, SENTENCES)
    assert est.similarity(SEEN, SENTENCES).shape == (3, 4)
    assert parser.asked == []


def test_sentences_are_parsed_by_spacy():
    pytest.importorskip("spacy", reason='the parser needs pip install "skdeepcluster[text]"')
    try:
        TextGraphParser().fit()
    except ImportError as error:
        pytest.skip(str(error))
    est = make_retriever(max_epochs=3).fit(SEEN, SENTENCES)
    assert (est.similarity(SEEN, SENTENCES).argmax(axis=0) == [0, 0, 1, 2]).all()
    assert est.explain(SEEN[0], "a dog chases the cat").triples[0].triple == (
        "dog",
        "chase",
        "cat",
    )


def test_spacy_is_loaded_once(monkeypatch):
    pytest.importorskip("spacy", reason='the parser needs pip install "skdeepcluster[text]"')

    loads = []

    class Pipeline:
        def pipe(self, texts, batch_size):
            return [None for _ in texts]

    monkeypatch.setattr(_parser, "_load_pipeline", lambda _: loads.append(1) or Pipeline())
    monkeypatch.setattr(_parser, "_graph", lambda _: SceneGraph(["dog"]))
    est = make_retriever(max_epochs=0).fit(SEEN, SENTENCES)
    for _ in range(3):
        est.similarity(SEEN, SENTENCES)
    assert len(loads) == 1


def test_spacy_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ImportError, match=r"skdeepcluster\[text\]"):
        make_retriever().fit(SEEN, SENTENCES)
    make_retriever(levels=("object",), max_epochs=0).fit(SEEN, SENTENCES)


def test_images_are_parsed(snapshots):
    images = [image.tobytes() for image in snapshots[0][:6]]
    X, y = make_pairs(6)
    parser = Parser(dict(zip(images, X, strict=True)))
    with pytest.raises(ValueError, match="visual_parser"):
        make_retriever().fit(images, y)
    est = make_retriever(visual_parser=parser, max_epochs=1).fit(images, y)
    np.testing.assert_array_equal(est.similarity(images, y), est.similarity(X, y))
    np.testing.assert_array_equal(
        est.index(images).kneighbors(y, 2)[1], est.index(X).kneighbors(y, 2)[1]
    )
    assert est.explain(images[2], y[2][0]).graph == X[2]
