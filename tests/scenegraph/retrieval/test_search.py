import pickle

import numpy as np
import pytest

from .._toy import (
    make_retriever,
)


def test_an_index_is_pickled(fitted, pairs):
    X, y = pairs
    expected = fitted.index(X).kneighbors(y, 3)
    for one, other in zip(
        pickle.loads(pickle.dumps(fitted)).kneighbors(y, 3), expected, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_search_wants_an_index(pairs):
    X, y = pairs
    est = make_retriever(max_epochs=0).fit(X, y)
    with pytest.raises(ValueError, match=r"call index\(X\) first"):
        est.kneighbors(y)
    with pytest.raises(ValueError, match="X is empty"):
        est.index([])
    est.index(X[:5])
    for n in (0, 6):
        with pytest.raises(ValueError, match=f"n_neighbors={n} must be from 1 .* 5"):
            est.kneighbors(y, n)
    with pytest.raises(ValueError, match="n_neighbors=10"):
        est.kneighbors(y)
    assert est.kneighbors(y[:2], 5, n_candidates=1)[1].shape == (4, 5)


def test_fitting_anew_forgets_the_index(pairs):
    X, y = pairs
    est = make_retriever(max_epochs=0).fit(X, y).index(X).fit(X[:9], y[:9])
    with pytest.raises(ValueError, match=r"call index\(X\) first"):
        est.kneighbors(y[:2], 1)
