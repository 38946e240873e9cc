import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdeepcluster import SceneGraph

from .._toy import (
    NOUNS,
    PREDICATES,
    make_retriever,
    said,
)


def test_as_many_captions_as_images(fitted, pairs):
    X, y = pairs
    for call in (make_retriever().fit, fitted.score, fitted.recall_table):
        with pytest.raises(ValueError, match="X has 60 images, y 59 entries"):
            call(X, y[:59])
    with pytest.raises(ValueError, match="empty"):
        make_retriever().fit([], [])


@pytest.mark.parametrize("y", [None, 3])
def test_y_is_a_list(pairs, y):
    with pytest.raises(TypeError, match=r"^y\b"):
        make_retriever().fit(pairs[0], y)


ODD = {
    "one pair": ([SceneGraph(["dog"])], [{"text": "a dog", "triples": []}]),
    "an empty caption": ([SceneGraph(["dog"]), SceneGraph(["car"])], [said(), said()]),
    "no relations": (
        [SceneGraph(["dog", "hat"]), SceneGraph(["car"])],
        [said(("dog", "wear", "hat")), said(("car", "on", "road"))],
    ),
    "no objects": (
        [SceneGraph([]), SceneGraph([])],
        [said(("dog", "wear", "hat")), said(("car", "on", "road"))],
    ),
    "the same graph twice": (
        [SceneGraph(["dog"]), SceneGraph(["dog"]), SceneGraph(["car"])],
        [said(("dog", "wear", "hat")), said(("dog", "on", "road")), said(("car", "on", "road"))],
    ),
}


@pytest.mark.parametrize("loss", ["contrastive", "hardest"])
@pytest.mark.parametrize("name", ODD)
def test_odd_pairs(name, loss):
    X, y = ODD[name]
    est = make_retriever(loss=loss, max_epochs=2).fit(X, y)
    assert np.isfinite(est.history_["loss"]).all()
    assert 0 <= est.score(X, y) <= 1
    est.index(X)
    if not y[0]["text"]:
        with pytest.raises(ValueError, match=r"have no word that is known: '' \(0\)"):
            est.kneighbors(y, 1)
        y = ["dog"]
    assert np.isfinite(est.similarity(X, y)).all()
    assert np.isfinite(est.kneighbors(y, 1)[0]).all()


def test_no_images_and_no_captions(fitted, pairs):
    X, y = pairs
    assert fitted.similarity([], y).shape == (0, 120)
    assert fitted.transform([]).shape == (0, 389)
    assert fitted.similarity(X, []).shape == (60, 0)
    assert fitted.transform_captions([]).shape == (0, 389)
    assert fitted.index(X).kneighbors([], 3)[0].shape == (0, 3)


def test_what_can_be_gone_through_once(fitted, pairs):
    X, y = pairs
    expected = fitted.similarity(X, y)
    np.testing.assert_array_equal(fitted.similarity(iter(X), iter(y)), expected)
    assert fitted.score(iter(X), iter(y)) == fitted.score(X, y)
    again = make_retriever(max_epochs=0).fit(iter(X), iter(y))
    assert again.index(iter(X)).kneighbors(iter(y), 1)[0].shape == (120, 1)
    assert again.transform(iter(X)).shape == (60, 389)


labels = st.sampled_from([*NOUNS, "zebra", "?", "t-shirt"])


verbs = st.sampled_from([*PREDICATES, "unheard of", "!"])


boxes = st.none() | st.tuples(*[st.floats(-50, 50)] * 2, *[st.floats(50, 200)] * 2)


@st.composite
def graphs(draw):
    objects = draw(st.lists(st.fixed_dictionaries({"label": labels, "box": boxes}), max_size=4))
    ends = st.integers(0, max(0, len(objects) - 1))
    relations = st.lists(st.tuples(ends, verbs, ends), max_size=3 if objects else 0)
    return SceneGraph(objects, draw(relations))


captions = st.fixed_dictionaries(
    {
        "text": st.lists(labels | verbs, max_size=5).map(" ".join) | st.text(max_size=9),
        "triples": st.lists(st.tuples(labels, verbs, labels), max_size=3),
    }
)


@pytest.mark.filterwarnings("ignore:Captions, here with")
@settings(max_examples=40)
@given(
    X=st.lists(graphs(), min_size=1, max_size=4),
    y=st.lists(captions | graphs(), min_size=1, max_size=4),
)
def test_no_nan(fitted, X, y):
    found = fitted.similarity(X, y)
    assert found.shape == (len(X), len(y))
    assert np.isfinite(found).all()
    assert np.isfinite(fitted.transform(X)).all()
    assert np.isfinite(fitted.transform_captions(y)).all()
    assert fitted.explain(X[0], y[0]).similarity == pytest.approx(float(found[0, 0]), abs=1e-5)
    try:
        similarities, indices = fitted.index(X).kneighbors(y, len(X))
    except ValueError as error:
        assert "have no word that is known" in str(error)
        return
    assert sorted(indices[0]) == list(range(len(X)))
    exact = np.take_along_axis(found.T, indices, axis=1)
    np.testing.assert_allclose(similarities, exact, atol=1e-2)
