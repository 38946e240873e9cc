import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skdeepcluster import SceneGraphRetriever

from .._toy import (
    make_retriever,
)


def test_cloned_and_pickled(fitted, pairs):
    X, y = pairs
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copied.similarity(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.similarity(X, y), fitted.similarity(X, y))
    assert copied.set_params(levels=("object",), margin=0.1).get_params()["margin"] == 0.1


def test_grid_search(pairs):
    grid = {"levels": [("object",), ("object", "graph")]}
    search = GridSearchCV(make_retriever(max_epochs=1), grid, cv=2, error_score="raise")
    search.fit(*pairs)
    assert search.best_params_["levels"] in grid["levels"]
    assert (search.cv_results_["mean_test_score"] > 0.3).all()


@pytest.mark.parametrize("levels", [(), ("object", "object"), ("objects",), ("object", None)])
def test_levels_are_known(pairs, levels):
    with pytest.raises(ValueError, match="levels must be some of 'object', 'relation', 'graph'"):
        make_retriever(levels=levels).fit(*pairs)


@pytest.mark.parametrize(
    "params",
    [
        {"levels": "object"},
        {"loss": "triplet"},
        {"dropout": 1.0},
        {"batch_size": 1},
        {"validation_fraction": 1.0},
        {"text_parser": "spacy"},
    ],
)
def test_parameters_are_checked(pairs, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        make_retriever(**params).fit(*pairs)


def test_not_fitted(pairs):
    X, y = pairs
    est = SceneGraphRetriever()
    for call in (
        lambda: est.similarity(X, y),
        lambda: est.score(X, y),
        lambda: est.transform(X),
        lambda: est.transform_captions(y),
        lambda: est.index(X),
        lambda: est.kneighbors(y),
        lambda: est.explain(X[0], y[0][0]),
    ):
        with pytest.raises(NotFittedError):
            call()


def test_a_fit_that_fails_leaves_the_one_before(pairs):
    est = make_retriever(max_epochs=1).fit(*pairs)
    before = est.similarity(*pairs)
    with pytest.raises(ValueError):
        est.fit(pairs[0], pairs[1][:-1])
    np.testing.assert_array_equal(est.similarity(*pairs), before)
    first = make_retriever()
    with pytest.raises(ValueError):
        first.fit(pairs[0], pairs[1][:-1])
    with pytest.raises(NotFittedError):
        first.similarity(*pairs)
