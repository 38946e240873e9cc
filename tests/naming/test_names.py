import numpy as np
import pytest

from skdeepcluster.naming import class_probabilities, name_groups, name_images
from skdeepcluster.naming._vocabulary import Vocabulary

# Two breeds of dogs, other things, and the word for the former.
N_CLASSES = 100
WORDS = ["poodle", "beagle", "church", "truck", *map(str, range(4, N_CLASSES)), "dog"]
VOCABULARY = Vocabulary(
    WORDS, WORDS, np.stack([*np.eye(N_CLASSES, dtype=bool), np.arange(N_CLASSES) < 2])
)
CLASSIFIER = np.eye(N_CLASSES, dtype=np.float32), np.zeros(N_CLASSES, dtype=np.float32)


def named(logits, groups, n_words=2):
    """Names of groups of images of which a classifier has these logits."""
    groups = np.asarray(groups)
    features = np.asarray(logits, dtype=np.float32)
    return name_groups(features, groups, np.bincount(groups), *CLASSIFIER, VOCABULARY, n_words)


def showing(*classes):
    return 30 * np.eye(N_CLASSES)[list(classes)]


def test_a_group_of_one_class_has_its_name_and_one_of_breeds_that_of_the_kind():
    assert named(showing(0, 0, 0, 2), [0, 0, 0, 1]).names == ["poodle", "church"]
    found = named(showing(0, 1, 0, 1, 2, 2), [0, 0, 0, 0, 1, 1])
    assert found.names == ["dog", "church"]
    np.testing.assert_allclose(found.confidences, 1, atol=1e-3)
    assert found.words[0][0] == "dog" and found.scores[0][0] == pytest.approx(1, abs=1e-3)


def test_what_all_groups_share_names_none_of_them():
    # Half of each group is trucks: the other half tells them apart.
    found = named(showing(3, 0, 3, 2), [0, 0, 1, 1])
    assert found.names == ["poodle", "church"]
    np.testing.assert_allclose(found.confidences, 0.5, atol=1e-3)


@pytest.mark.parametrize("logit", [0, 5, 12])
def test_images_of_no_class_get_no_name(logit):
    found = named(logit * np.eye(N_CLASSES)[[0, 0, 2]], [0, 0, 1])
    assert found.names == [None, None]
    assert np.isnan(found.confidences).all()
    assert np.max(found.scores) < 0.1


def test_one_group_and_one_without_samples():
    assert named(showing(2, 2), [0, 0]).names == ["church"]
    found = name_groups(showing(2), np.array([1]), np.array([1, 1]), *CLASSIFIER, VOCABULARY, 1)
    assert found.names == [None, "church"]


def test_a_word_that_few_of_the_images_show_is_no_name():
    # One of four shows a church; the others are of different kinds, or of none.
    logits = np.concatenate([showing(2), np.zeros((3, N_CLASSES))])
    assert named(np.concatenate([logits, showing(3)]), [0, 0, 0, 0, 1]).names == [None, "truck"]


def test_chunks_do_not_matter(monkeypatch):
    from skdeepcluster.naming import _names

    logits = np.random.default_rng(0).normal(5, 5, (50, N_CLASSES))
    groups = np.arange(50) % 3
    whole = named(logits, groups)
    monkeypatch.setattr(_names, "_CHUNK_SIZE", 7)
    parts = named(logits, groups)
    assert whole.words == parts.words
    np.testing.assert_allclose(whole.scores, parts.scores)


def words_of(*likely):
    """Words for images of which classes are this likely, given as dicts."""
    probabilities = np.zeros((len(likely), N_CLASSES))
    for row, image in zip(probabilities, likely, strict=True):
        row[list(image)] = list(image.values())
    words, confidences = name_images(probabilities, VOCABULARY)
    return [WORDS[word] if word >= 0 else None for word in words], confidences


def test_an_image_is_named_by_the_narrowest_word_that_says_enough():
    words, confidences = words_of({0: 0.9}, {0: 0.45, 1: 0.45}, {0: 0.8, 1: 0.1}, {2: 0.4, 3: 0.3})
    assert words == ["poodle", "dog", "poodle", "church"]
    np.testing.assert_allclose(confidences, [0.9, 0.9, 0.8, 0.4])


def test_an_image_of_which_no_word_is_likely_has_no_name():
    words, confidences = words_of({}, {2: 0.29, 3: 0.29}, {2: 0.3})
    assert words == [None, None, "church"]
    np.testing.assert_allclose(confidences, [0, 0, 0.3])


def test_probabilities_leave_room_for_no_class_at_all():
    probabilities = class_probabilities(showing(0, 1)[:, :] * [[1.0], [0.2]], *CLASSIFIER)
    assert probabilities[0, 0] > 0.99
    # All logits are low: none of the classes is likely.
    assert probabilities[1].sum() < 0.01
