import numpy as np
import pytest


def test_the_weight_goes_from_the_order_given_to_that_of_the_graphs(fitted, pairs):
    X, y = pairs
    caption = y[0][0] if isinstance(y[0], list) else y[0]
    scores = np.random.default_rng(0).normal(size=len(X))
    similarities = fitted.similarity(X, [caption])[:, 0]
    mixed, order = fitted.rerank(caption, X, scores, weight=0)
    np.testing.assert_array_equal(order, np.argsort(-scores, kind="stable"))
    np.testing.assert_allclose(mixed, (scores[order] - scores.mean()) / scores.std())
    _, order = fitted.rerank(caption, X, scores, weight=1)
    np.testing.assert_array_equal(order, np.argsort(-similarities, kind="stable"))
    mixed, order = fitted.rerank(caption, X, scores)
    expected = [(v - v.mean()) / v.std() for v in (scores, similarities.astype(np.float64))]
    np.testing.assert_allclose(mixed, np.mean(expected, axis=0)[order], atol=1e-9)
    assert (np.diff(mixed) <= 0).all()


def test_units_of_the_scores_do_not_matter(fitted, pairs):
    X, y = pairs
    caption = y[0][0] if isinstance(y[0], list) else y[0]
    scores = np.random.default_rng(1).normal(size=len(X))
    expected = fitted.rerank(caption, X, scores)[1]
    np.testing.assert_array_equal(fitted.rerank(caption, X, 30 * scores - 5)[1], expected)
    # Scores that say nothing leave the order to the graphs.
    same = fitted.rerank(caption, X, np.ones(len(X)))[1]
    np.testing.assert_array_equal(same, fitted.rerank(caption, X, scores, weight=1)[1])


def test_a_shortlist_of_one(fitted, pairs):
    X, y = pairs
    caption = y[0][0] if isinstance(y[0], list) else y[0]
    mixed, order = fitted.rerank(caption, X[:1], [0.3])
    assert mixed.tolist() == [0.0] and order.tolist() == [0]


@pytest.mark.parametrize(
    ("scores", "weight", "message"),
    [
        ([1, 2], 0.5, r"shape \(2,\), and there are 3"),
        ([1, np.nan, 2], 0.5, "candidate 1 is nan"),
        ([1, 2, 3], 1.5, "from 0 to 1"),
    ],
)
def test_errors(fitted, pairs, scores, weight, message):
    X, y = pairs
    with pytest.raises(ValueError, match=message):
        fitted.rerank(y[0], X[:3], scores, weight=weight)
