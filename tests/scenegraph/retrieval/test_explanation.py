import re

import pytest

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import Caption

from .._toy import exchanged, make_retriever, said

GRAPH = SceneGraph(["tree", "dog", "hat"], [(2, "near", 0), (1, "chase", 0)])


@pytest.fixture(scope="module")
def untrained(pairs):
    return make_retriever(max_epochs=0).fit(*pairs)


@pytest.fixture
def plt():
    plt = pytest.importorskip("matplotlib.pyplot", reason="drawing needs matplotlib")
    plt.switch_backend("Agg")
    yield plt
    plt.close("all")


def test_words_are_matched(untrained):
    found = untrained.explain(GRAPH, said(("dog", "chase", "tree")))
    assert [match.word for match in found.words] == ["a", "dog", "chase", "the", "tree"]
    by_word = {match.word: match for match in found.words}
    assert by_word["dog"][:3] == ("dog", 1, "dog")
    assert by_word["tree"][:3] == ("tree", 0, "tree")
    assert by_word["dog"].score == pytest.approx(1, abs=1e-5)
    assert by_word["the"].score < 0.9
    assert by_word["the"].weight < by_word["dog"].weight
    assert sum(match.weight for match in found.words) == pytest.approx(1, abs=1e-5)


def test_a_word_is_one_match(untrained):
    caption = {"text": "a dog and a tree and the dog", "triples": []}
    found = untrained.explain(GRAPH, caption)
    assert [match.word for match in found.words] == ["a", "dog", "and", "tree", "the"]
    once = untrained.explain(GRAPH, {"text": "a dog and a tree and the", "triples": []})
    weight = {match.word: match.weight for match in found.words}
    weight_once = {match.word: match.weight for match in once.words}
    ratio = weight_once["dog"] / weight_once["tree"]
    assert weight["dog"] / weight["tree"] == pytest.approx(2 * ratio, rel=1e-4)
    assert sum(weight.values()) == pytest.approx(1, abs=1e-5)


def test_a_repeated_word_has_the_best_object_and_the_mean_score(pairs):
    """Its occurrences have different contexts."""
    X, y = pairs
    est = make_retriever(symmetric=False, max_epochs=2).fit(X, y)
    words = ["dog", "man", "tree"]
    graph = SceneGraph(words)
    found = est.explain(graph, {"text": "man near dog near tree near", "triples": []})
    model = est._model.encoder
    caption = model.encode_captions([Caption(found.caption, ())]).objects
    products = caption.vectors[0] @ model.encode_graphs([graph]).objects.vectors[0].T
    best, places = products[[1, 3, 5]].max(dim=1)
    weights = caption.weights[0, [1, 3, 5]]
    near = {match.word: match for match in found.words}["near"]
    assert near.object == places[best.argmax()]
    assert near.score == pytest.approx(float((best * weights).sum() / weights.sum()), abs=1e-5)
    assert near.weight == pytest.approx(float(weights.sum() / caption.weights.sum()), abs=1e-5)


def test_weak_matches_are_marked(plt):
    words = {"dog": [1.0, 0, 0, 0], "tail": [0.3, 1.0, 0, 0], "on": [0, 0, 1.0, 0]}
    words |= {"over": [0, 0.2, 1.0, 1.0], "tree": [0, 0, 0, 1.0]}
    graph = SceneGraph(["dog", "tail"], [(1, "on", 0)])
    y = [said(("dog", "over", "tail"))]
    est = make_retriever(word_vectors=words, max_epochs=0).fit([graph], y)
    found = est.explain(graph, said(("dog", "over", "tree")))
    weak = {match.word: match.weak for match in found.words}
    assert (weak["dog"], weak["over"], weak["tree"]) == (False, True, True)
    assert all(match.weak is (match.score < 0.4) for match in found.words if match.weight)
    far = est.explain(graph, {"text": "tree", "triples": [("tree", "over", "tree")]})
    assert [match.weak for match in far.triples] == [True]
    assert [match.weak for match in est.explain(graph, y[0]).triples] == [False]
    text = str(far)
    assert re.search(r"  tree -> \w+ \[\d\]  -?0\.\d\d \(weight 1\.00, weak\)\n", text)
    assert text.splitlines()[-1].endswith(" (weak)")
    assert "weak" not in str(est.explain(graph, {"text": "dog", "triples": []}))
    drawn = [text.get_text() for text in far.plot().texts]
    assert drawn == []
    assert found.plot().texts[0].get_text() == "dog: dog"


def test_unknown_words_match_nothing():
    y = [said(("dog", "chase", "tree"))]
    words = {"dog": [1.0, 0, 0], "chase": [0, 1.0, 0], "tree": [0, 0, 1.0]}
    est = make_retriever(word_vectors=words, max_epochs=0).fit([GRAPH], y)
    found = est.explain(GRAPH, said(("dog", "xqzzy", "tree")))
    assert {match.word: match.weight for match in found.words}["xqzzy"] == 0
    strange = SceneGraph(["xqzzy"], [(0, "xqzzy", 0)])
    assert est.explain(strange, y[0]).words == est.explain(strange, y[0]).triples == []
    found = est.explain(GRAPH, {"text": "xqzzy", "triples": []})
    assert [match.weight for match in found.words] == [0]
    assert [match.weak for match in found.words] == [True]


def test_triples_are_matched(untrained):
    caption = said(("dog", "chase", "tree"), ("hat", "near", "tree"))
    found = untrained.explain(GRAPH, caption)
    assert [match.triple for match in found.triples] == caption["triples"]
    assert [match.relation for match in found.triples] == [1, 0]
    assert [match.matched for match in found.triples] == caption["triples"]
    assert [match.score for match in found.triples] == pytest.approx([1, 1], abs=1e-5)


def test_the_parts_make_the_whole(pairs):
    X, y = pairs
    est = make_retriever(symmetric=False, max_epochs=2).fit(X, y)
    similarities = est.similarity(X[:3], y[:3])
    for i, (graph, captions) in enumerate(zip(X[:3], y[:3], strict=True)):
        for j, caption in enumerate(captions):
            found = est.explain(graph, caption)
            assert found.graph is graph
            assert found.caption == caption["text"]
            assert found.similarity == pytest.approx(similarities[i, 2 * i + j], abs=1e-5)
            matched = sum(match.weight * match.score for match in found.words)
            assert found.levels["object"] == pytest.approx(matched, abs=1e-5)
            scores = [match.score for match in found.triples]
            assert found.levels["relation"] == pytest.approx(sum(scores) / len(scores), abs=1e-5)


def test_an_exchanged_triple_fits_less(fitted, pairs):
    X, y = pairs
    right = [fitted.explain(graph, several[0]) for graph, several in zip(X, y, strict=True)]
    wrong = [
        fitted.explain(graph, exchanged(several[0])) for graph, several in zip(X, y, strict=True)
    ]
    both = zip(right, wrong, strict=True)
    assert sum(a.triples[0].score > b.triples[0].score for a, b in both) > 40


@pytest.mark.parametrize(
    ("graph", "caption", "n_words", "n_triples"),
    [
        (SceneGraph([]), said(("dog", "on", "tree")), 0, 0),
        (SceneGraph(["dog"]), said(("dog", "on", "tree")), 5, 0),
        (GRAPH, said(), 0, 0),
        (GRAPH, {"text": "dog", "triples": []}, 1, 0),
        (GRAPH, SceneGraph(["dog"]), 1, 0),
        (SceneGraph([]), said(), 0, 0),
    ],
)
def test_what_is_not_there_is_not_matched(fitted, plt, graph, caption, n_words, n_triples):
    found = fitted.explain(graph, caption)
    assert len(found.words) == n_words
    assert len(found.triples) == n_triples
    found.plot().figure.canvas.draw()


def test_as_text(untrained):
    text = str(untrained.explain(GRAPH, said(("dog", "chase", "tree"))))
    head, *lines = text.splitlines()
    assert head.startswith("'a dog chase the tree': ")
    assert "  dog -> dog [1]  1.00 (weight 0." in text
    assert lines[-1] == "  dog chase tree -> dog chase tree  1.00"
    assert len(lines) == 6
    twice = untrained.explain(GRAPH, {"text": "dog, dog", "triples": []})
    assert len(str(twice).splitlines()) == 2


def test_drawing(fitted, pairs, photos, plt):
    (graph, *_), ((caption, _), *_) = pairs
    found = fitted.explain(graph, caption)
    for image in (None, photos["cat"]):
        ax = found.plot(image)
        assert caption["text"] in ax.get_title()
        assert f"{found.similarity:.3f}" in ax.get_title()
        ax.figure.canvas.draw()
    (subject, verb, target), *_ = caption["triples"]
    shown = {text.get_text() for text in ax.texts}
    assert verb in shown
    assert all(any(text.startswith(f"{label}: ") for text in shown) for label in (subject, target))
    _, own = plt.subplots()
    assert found.plot(ax=own) is own


def test_how_many_words_are_drawn(untrained, plt):
    found = untrained.explain(GRAPH, {"text": "a dog the tree", "triples": []})
    texts = [text.get_text() for text in found.plot(n_words=1).texts]
    assert texts in (["dog: dog"], ["tree: tree"])
    assert len(found.plot(n_words=0).texts) == 0
    assert len(found.plot(n_words=99).texts) >= 2


def test_words_that_look_like_formulas(fitted, plt):
    graph = SceneGraph(["$x_", "a_{b$"], [(0, r"\frac$", 1)])
    caption = {"text": r"$x_ costs $5 \frac{", "triples": [("$x_", r"\frac$", "a_{b$")]}
    ax = fitted.explain(graph, caption).plot()
    ax.figure.canvas.draw()
    assert caption["text"] in ax.get_title()
