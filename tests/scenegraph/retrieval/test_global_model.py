import pickle

import numpy as np
import pytest

from .._toy import (
    make_pairs,
    make_retriever,
)


@pytest.fixture
def seen_pairs(snapshots):
    X, y = make_pairs(20)
    return list(zip(snapshots[0][:20], X, strict=True)), y


def test_a_global_model_is_mixed_in(seen_pairs, clip_name):
    X, y = seen_pairs
    est = make_retriever(global_model=clip_name, max_epochs=1, validation_fraction=0.3).fit(X, y)
    assert 0 <= est.global_weight_ <= 1
    assert len(est.history_["validation_recall"]) == 1
    found = est.similarity(X, y)
    assert found.shape == (20, 40)
    assert np.isfinite(found).all()
    similarities, indices = est.index(X).kneighbors(y, 20, n_candidates=20)
    np.testing.assert_allclose(similarities, np.take_along_axis(found.T, indices, axis=1), atol=0.1)
    again = pickle.loads(pickle.dumps(est))
    np.testing.assert_allclose(again.similarity(X, y), found, atol=1e-5)
    assert est.explain(X[0], y[0][0]).words


@pytest.fixture
def mixed(seen_pairs, clip_name):
    return make_retriever(global_model=clip_name, max_epochs=0, validation_fraction=0.3).fit(
        *seen_pairs
    )


def test_a_global_model_is_that_of_the_fit(mixed, seen_pairs, fitted, clip_name):
    X, y = seen_pairs
    expected = mixed.similarity(X, y)
    np.testing.assert_array_equal(mixed.set_params(global_model=None).similarity(X, y), expected)
    without = pickle.loads(pickle.dumps(fitted)).set_params(global_model=clip_name)
    assert without.similarity([graph for _, graph in X], y).shape == (20, 40)


def test_a_global_model_with_nothing_to_compare(mixed, seen_pairs):
    X, y = seen_pairs
    assert mixed.similarity(X, []).shape == (20, 0)
    assert mixed.similarity([], y).shape == (0, 40)
    assert mixed.index(X).kneighbors([], 3)[1].shape == (0, 3)


def test_an_index_that_fails_leaves_the_one_before(mixed, seen_pairs):
    X, y = seen_pairs
    expected = mixed.index(X[:10]).kneighbors(y[:3], 5)
    with pytest.raises(Exception, match=r"nofile\.jpg"):
        mixed.index([("nofile.jpg", graph) for _, graph in X])
    for found, before in zip(mixed.kneighbors(y[:3], 5), expected, strict=True):
        np.testing.assert_array_equal(found, before)


def test_a_global_model_wants_images(seen_pairs, clip_name):
    X, y = seen_pairs
    est = make_retriever(global_model=clip_name, max_epochs=0)
    with pytest.raises(ValueError, match="not graphs alone"):
        est.fit([graph for _, graph in X], y)
    with pytest.raises(ValueError, match="pairs held out, and there are none"):
        est.set_params(validation_fraction=0).fit(X, y)


def test_what_needs_no_image_takes_graphs_alone(seen_pairs, clip_name):
    X, y = seen_pairs
    est = make_retriever(global_model=clip_name, max_epochs=0, validation_fraction=0.3).fit(X, y)
    graph = X[0][1]
    np.testing.assert_array_equal(est.transform([graph]), est.transform(X[:1]))
    assert est.explain(graph, y[0][0]).words == est.explain(X[0], y[0][0]).words
