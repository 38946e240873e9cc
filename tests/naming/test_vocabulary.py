import numpy as np

from skdeepcluster.naming import imagenet_vocabulary


def classes_of(word):
    vocabulary = imagenet_vocabulary()
    return np.flatnonzero(vocabulary.members[vocabulary.words.index(word)])


def test_classes_come_first_in_the_order_of_the_network():
    vocabulary = imagenet_vocabulary()
    assert vocabulary.words[0] == "tench" and vocabulary.words[970] == "alp"
    np.testing.assert_array_equal(vocabulary.members[:1000], np.eye(1000, dtype=bool))
    assert vocabulary.synsets[0] == "n01440764"
    assert len(vocabulary.words) == len(vocabulary.synsets) == len(vocabulary.members)


def test_hypernyms_stand_for_their_classes():
    np.testing.assert_array_equal(classes_of("dog"), np.arange(151, 269))
    np.testing.assert_array_equal(classes_of("mountain"), [970, 980])
    assert {281, 282, 283, 284, 285} < set(classes_of("cat"))
    synsets = dict(zip(imagenet_vocabulary().words, imagenet_vocabulary().synsets, strict=True))
    assert synsets["dog"] == "n02084071"


def test_neither_wide_nor_technical_words():
    vocabulary = imagenet_vocabulary()
    assert not {"entity", "artifact", "animal", "placental", "durables"} & {*vocabulary.words}
    sizes = vocabulary.members[1000:].sum(axis=1)
    assert sizes.min() >= 2 and sizes.max() <= 125
