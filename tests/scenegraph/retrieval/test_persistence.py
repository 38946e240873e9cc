import json

import numpy as np
import pytest
from sklearn.base import clone

from skdeepcluster import DeepImageClusterer, SceneGraphRetriever

from .._toy import NOUNS, PREDICATES, Parser, make_retriever, random_vectors


def assert_close(actual, expected):
    # Products of matrices are rounded as their rows happen to lie in memory.
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def round_trip(est, folder, **params):
    est.save(folder)
    return SceneGraphRetriever.load(folder, **params)


def test_round_trip(fitted, pairs, tmp_path):
    loaded = round_trip(fitted, tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "config.json",
        "tensors.safetensors",
    ]
    assert loaded.get_params() == fitted.get_params()
    for name in ("history_", "level_weights_", "n_parameters_", "word_vectors_"):
        assert getattr(loaded, name) == getattr(fitted, name)
    X, y = pairs
    assert_close(loaded.similarity(X, y), fitted.similarity(X, y))
    unseen = [{"text": "a zebra near a man", "triples": [("zebra", "near", "man")]}]
    assert_close(loaded.similarity(X, unseen), fitted.similarity(X, unseen))
    assert str(loaded.explain(X[0], y[0][0])) == str(fitted.explain(X[0], y[0][0]))
    # What was indexed is not part of it.
    with pytest.raises(ValueError, match="call index"):
        loaded.kneighbors(y[0])
    scores, places = loaded.index(X).kneighbors(y[0], 3)
    assert places[0, 0] == 0 and scores.shape == (2, 3)


@pytest.mark.parametrize(
    "params",
    [
        {"levels": ["graph", "object"]},
        {"symmetric": False, "neighbors": False},
        {"word_vectors": random_vectors((*NOUNS, *PREDICATES)), "n_components": 8},
        {"validation_fraction": 0.2},
    ],
    ids=str,
)
def test_whatever_was_fitted(params, pairs, tmp_path):
    X, y = pairs
    est = make_retriever(max_epochs=1, **params).fit(X, y)
    # Parameters may change after the fit; what was fitted does not.
    expected = est.similarity(X, y)
    est.set_params(
        symmetric=not est.symmetric, neighbors=not est.neighbors, dropout=0.9, levels=("graph",)
    )
    assert_close(round_trip(est, tmp_path / "m").similarity(X, y), expected)


class Encoder:
    def __init__(self, n_numbers=12):
        self.n_numbers = n_numbers

    def encode(self, phrases):
        rows = [np.resize([*map(ord, phrase)], self.n_numbers) - 100.0 for phrase in phrases]
        return np.stack(rows)


def test_an_encoder_of_ones_own_is_handed_over_again(pairs, tmp_path):
    X, y = pairs
    est = make_retriever(word_vectors=Encoder(), max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"an encoder of yours \(Encoder\).*word_vectors=encoder"):
        round_trip(est, tmp_path / "model")
    loaded = round_trip(est, tmp_path / "model", word_vectors=Encoder())
    assert isinstance(loaded.word_vectors, Encoder)
    assert_close(loaded.similarity(X, y), est.similarity(X, y))


@pytest.mark.parametrize("n_components", [8, 128])
def test_an_encoder_of_another_length(pairs, tmp_path, n_components):
    est = make_retriever(word_vectors=Encoder(), n_components=n_components, max_epochs=0)
    est.fit(*pairs)
    with pytest.raises(ValueError, match=r"word_vectors have 16 numbers.* 12: pass the same"):
        round_trip(est, tmp_path / "model", word_vectors=Encoder(16))


def test_a_dict_of_words_is_learned_from_again(pairs, tmp_path):
    words = random_vectors((*NOUNS, *PREDICATES))
    est = make_retriever(word_vectors=words, max_epochs=1).fit(*pairs)
    again = clone(round_trip(est, tmp_path / "model")).fit(*pairs)
    assert again.word_vectors_ == "dict"
    assert_close(again.similarity(*pairs), est.similarity(*pairs))


def test_a_parser_of_ones_own_is_handed_over_again(fitted, pairs, tmp_path):
    parser = Parser({"a man": pairs[0][0]})
    loaded = round_trip(fitted, tmp_path / "model", text_parser=parser)
    loaded.similarity(pairs[0], ["a man"])
    assert parser.asked == ["a man"]


def test_with_a_global_model(clip_name, pairs, tmp_path):
    X, y = pairs
    rng = np.random.default_rng(0)
    X = [(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8), graph) for graph in X]
    est = make_retriever(global_model=clip_name, max_epochs=1).fit(X, y)
    loaded = round_trip(est, tmp_path / "model")
    assert loaded.global_weight_ == est.global_weight_
    assert_close(loaded.similarity(X, y), est.similarity(X, y))


def test_what_is_no_saved_retriever(fitted, tmp_path):
    with pytest.raises(FileNotFoundError, match="no saved SceneGraphRetriever"):
        SceneGraphRetriever.load(tmp_path)
    fitted.save(tmp_path / "model")
    with pytest.raises(ValueError, match="a saved SceneGraphRetriever, not a DeepImageClusterer"):
        DeepImageClusterer.load(tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        SceneGraphRetriever.load(tmp_path / "model")
