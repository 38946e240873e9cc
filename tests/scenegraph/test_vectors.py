import numpy as np
import pytest

from skdeepcluster.scenegraph._vectors import PhraseVectors

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
