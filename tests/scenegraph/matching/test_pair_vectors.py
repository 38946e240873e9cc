import numpy as np
import pytest

from skdeepcluster.scenegraph import SceneGraph
from skdeepcluster.scenegraph.graph import as_captions
from skdeepcluster.scenegraph.matching._pair_vectors import learn_word_vectors, words_by_image


def learn(documents, seed=0):
    return learn_word_vectors(documents, np.random.RandomState(seed))


DOCUMENTS = [["dog", "bone"], ["dog", "bone", "hat"], ["boat", "sea"], ["boat", "sea", "hat"]] * 5


def test_words_that_share_documents_are_more_similar():
    vectors = learn(DOCUMENTS)
    assert sorted(vectors) == ["boat", "bone", "dog", "hat", "sea"]
    for vector in vectors.values():
        assert vector.shape == (256,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert vectors["dog"] @ vectors["bone"] > vectors["dog"] @ vectors["boat"] + 0.3
    assert vectors["boat"] @ vectors["sea"] > vectors["boat"] @ vectors["bone"] + 0.3


def test_learned_vectors_are_determined():
    one, other = learn(DOCUMENTS), learn(DOCUMENTS)
    assert all((one[word] == other[word]).all() for word in one)


def test_half_of_a_vector_depends_on_the_word_alone():
    one, other = learn(DOCUMENTS), learn([["dog", "car"], ["car", "road"]], seed=1)
    np.testing.assert_allclose(one["dog"][100:], other["dog"][100:], atol=1e-6)
    assert abs(one["dog"][100:] @ one["bone"][100:]) < 0.25


def test_one_document_is_enough():
    vectors = learn([["dog", "bone"]])
    assert all(np.isfinite(vector).all() for vector in vectors.values())
    assert abs(vectors["dog"] @ vectors["bone"]) < 0.5
    assert list(learn([[], ["dog"]])) == ["dog"]


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_no_word_to_learn(documents):
    with pytest.raises(ValueError, match="no word"):
        learn(documents)


def test_words_of_an_image():
    graphs = [SceneGraph(["fire hydrant", "dog"], [(1, "next to", 0)]), SceneGraph(["sea"])]
    captions, owners = as_captions([["A dog!", "The hydrant"], "waves"])
    assert words_by_image(graphs, captions, owners) == [
        ["fire", "hydrant", "dog", "next", "to", "a", "dog", "the", "hydrant"],
        ["sea", "waves"],
    ]
