import numpy as np
import pytest

from skdeepcluster import SceneGraph

from .._toy import NOUNS, Parser, make_retriever, said

ABSENT = [{"label": "man"}, {"label": "hat", "negated": True}]
NO_HAT = SceneGraph(ABSENT, [(0, "with", 1)])


@pytest.fixture
def seen():
    """Images of a man: with a hat, with a tree, and with nothing else."""
    return [
        SceneGraph(["man", "hat"], [(0, "wear", 1)]),
        SceneGraph(["man", "tree"], [(0, "near", 1)]),
        SceneGraph(["man"]),
    ]


def test_what_is_denied_ranks_below(fitted, seen):
    similarities = fitted.similarity(seen, [NO_HAT, SceneGraph(["man"])])
    assert (similarities[0, 0] < similarities[1:, 0]).all()
    # Only what is denied counts against an image.
    np.testing.assert_allclose(similarities[2, 0], similarities[2, 1], atol=0.05)
    assert similarities[0, 0] < similarities[0, 1] - 0.2


def test_the_index_knows_negation(fitted, seen):
    similarities, indices = fitted.index(seen).kneighbors([NO_HAT], 3)
    assert indices[0, 2] == 0
    np.testing.assert_allclose(
        np.sort(similarities[0]), np.sort(fitted.similarity(seen, [NO_HAT])[:, 0]), atol=1e-2
    )


def test_on_many_images(fitted, pairs):
    X, _ = pairs
    for label in NOUNS:
        shown = np.array([label in graph.labels for graph in X])
        denial = SceneGraph([{"label": label, "negated": True}])
        row = fitted.similarity(X, [denial])[:, 0]
        assert row[shown].max() < row[~shown].min()


def test_a_denied_relation_of_things_that_are_there(fitted, seen):
    denied = [{"subject": 0, "predicate": "wear", "object": 1, "negated": True}]
    caption = SceneGraph(["man", "hat"], denied)
    lying = SceneGraph(["man", "hat"], [(1, "on", 0)])
    worn, beside = fitted.similarity([seen[0], lying], [caption])[:, 0]
    assert worn < beside


def test_sentences_are_parsed_with_their_negation(pairs):
    parser = Parser({"a man without a hat": NO_HAT})
    X, y = pairs
    est = make_retriever(max_epochs=1, text_parser=parser).fit(X, y)
    assert parser.asked == []
    found = est.similarity(X, ["a man without a hat", NO_HAT])
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-6)


def test_what_a_graph_of_an_image_negates_is_not_seen(fitted):
    plain = SceneGraph(["man"])
    caption = said(("man", "wear", "hat"))
    similarities = fitted.similarity([plain, NO_HAT], [caption])
    np.testing.assert_allclose(*similarities, atol=1e-6)
    assert [match.label for match in fitted.explain(NO_HAT, caption).words] == ["man"] * 5


def test_explanations_tell_what_was_denied(fitted, seen):
    found = fitted.explain(seen[0], NO_HAT)
    assert [match.word for match in found.words] == ["man"]
    assert found.triples == []
    assert [match[:2] for match in found.denied] == [
        ("hat", "hat"),
        ("man with hat", "man wear hat"),
    ]
    assert found.denied[0].score > 0.8
    assert "not hat -> hat" in str(found)
    assert fitted.explain(seen[0], SceneGraph(["man"])).denied == []
    assert fitted.explain(SceneGraph([]), NO_HAT).denied == []
