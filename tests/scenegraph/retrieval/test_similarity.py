import numpy as np
import pytest

from skdeepcluster import SceneGraph

from .._toy import (
    make_retriever,
)

FIRST = ["R@1", "R@5", "R@10"]


def test_score_is_the_mean_of_the_table(fitted, pairs):
    table = fitted.recall_table(*pairs)
    assert list(table.index) == ["image to text", "text to image"]
    assert list(table.columns) == [*FIRST, "median rank"]
    assert fitted.score(*pairs) == pytest.approx(table[FIRST].to_numpy().mean())


def test_lists_of_captions_stand_one_after_the_other(fitted, pairs):
    X, y = pairs
    nested = fitted.similarity(X, y)
    flat = fitted.similarity(X, [caption for several in y for caption in several])
    assert nested.shape == (60, 120)
    assert nested.dtype == np.float32
    np.testing.assert_array_equal(nested, flat)


def test_a_pair_does_not_depend_on_the_others(fitted, pairs):
    X, y = pairs
    part = fitted.similarity(X[5:8], y[20:23])
    np.testing.assert_allclose(part, fitted.similarity(X, y)[5:8, 40:46], atol=1e-5)


def test_a_graph_is_a_caption(fitted, pairs):
    X, _ = pairs
    assert (fitted.similarity(X, X).argmax(axis=1) == np.arange(60)).mean() > 0.9


def test_vectors(fitted, pairs):
    X, y = pairs
    seen, read = fitted.transform(X), fitted.transform_captions(y)
    assert seen.shape == (60, 3 * 129 + 2)
    assert read.shape == (120, 3 * 129 + 2)
    assert seen.dtype == read.dtype == np.float32


def test_products_of_vectors_are_the_similarity_of_wholes(pairs):
    X, y = pairs
    est = make_retriever(levels=("graph",), max_epochs=3).fit(X, y)
    products = est.transform(X) @ est.transform_captions(y).T
    np.testing.assert_allclose(products, est.similarity(X, y), atol=1e-5)


def test_products_of_vectors_of_single_nodes_are_the_similarity(fitted):
    X = [
        SceneGraph(["dog"], [(0, "near", 0)]),
        SceneGraph(["man"], [(0, "hold", 0)]),
        SceneGraph(["man"]),
        SceneGraph([]),
    ]
    y = [{"text": noun, "triples": [(noun, "near", noun)]} for noun in ("dog", "car")]
    y += [{"text": "dog", "triples": []}]
    products = fitted.transform(X) @ fitted.transform_captions(y).T
    np.testing.assert_allclose(products, fitted.similarity(X, y), atol=1e-5)


def test_the_same_graph_is_a_right_answer():
    X = [SceneGraph(["dog"]), SceneGraph(["dog"]), SceneGraph(["car"])]
    y = [{"text": word, "triples": []} for word in ("dog", "dog", "car")]
    table = make_retriever(max_epochs=0).fit(X, y).recall_table(X, y)
    assert (table[FIRST] == 1).all(axis=None)
    assert (table["median rank"] == 1).all()


def test_a_graph_without_objects_is_no_right_answer(fitted, pairs):
    X, y = pairs
    empty = [SceneGraph([])] * 60
    table = fitted.recall_table(empty, y)
    assert (table.loc["text to image", FIRST] == 0).all()
    # Of captions, all that is known is how plausible and how common they are: that is chance.
    assert table.loc["image to text", "R@10"] < 3 * 10 / len(y)
    plain = make_retriever(max_epochs=0).fit(X, y)
    assert (plain.recall_table(empty, y)[FIRST] == 0).all(axis=None)
