import numpy as np
import pytest

from skdeepcluster.scenegraph.graph import Caption
from skdeepcluster.scenegraph.retrieval._global_similarity import GlobalSimilarity


def share_on_the_diagonal(similarities):
    return float((similarities.argmax(axis=1) == np.arange(len(similarities))).mean())


@pytest.fixture
def similarity(clip_name):
    return GlobalSimilarity(clip_name)


@pytest.mark.parametrize("scale", [1, 1000])
def test_the_weight_goes_to_what_is_right(similarity, scale):
    right = np.eye(30) * scale
    wrong = np.random.default_rng(0).normal(size=(30, 30))
    assert similarity.fit(right, wrong, share_on_the_diagonal).weight < 0.5
    assert similarity.fit(wrong, right, share_on_the_diagonal).weight > 0.5
    assert share_on_the_diagonal(similarity.mix(wrong, right)) == 1


def test_equal_ones_weigh_the_same(similarity):
    assert similarity.fit(np.eye(5), np.eye(5), share_on_the_diagonal).weight == 0.5
    assert similarity.fit(np.ones((5, 5)), np.ones((5, 5)), lambda _: 0.0).weight == 0.5
    assert np.isfinite(similarity.mix(np.ones((5, 5)), np.ones((5, 5)))).all()


def test_images_and_captions_are_unit_vectors(similarity, snapshots):
    seen = similarity.encode_images(list(snapshots[0][:3]))
    read = similarity.encode_captions([Caption("a cat", None), Caption("", ())])
    assert seen.shape == (3, 16)
    assert read.shape == (2, 16)
    np.testing.assert_allclose(np.linalg.norm(np.vstack([seen, read]), axis=1), 1, atol=1e-5)
