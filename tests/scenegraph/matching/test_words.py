import pytest

from skdeepcluster.scenegraph.matching import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A dog, running (fast)!", ["a", "dog", "running", "fast"]),
        ("T-shirt -- well-known -x- ", ["t-shirt", "well-known", "x"]),
        ("the man's 'hat'", ["the", "man's", "hat"]),
        ("don\u2019t", ["don't"]),
        ("Käse, 犬 и Кот", ["käse", "犬", "и", "кот"]),
        ("3 dogs/cats", ["3", "dogs", "cats"]),
        ("", []),
        (" .,!? ", []),
    ],
)
def test_words(text, words):
    assert split_words(text) == words
