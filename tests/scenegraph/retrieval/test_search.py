import pickle
import re
import warnings

import numpy as np
import pytest

from .._toy import (
    make_retriever,
)


def test_an_index_is_pickled(fitted, pairs):
    X, y = pairs
    expected = fitted.index(X).kneighbors(y, 3)
    for one, other in zip(
        pickle.loads(pickle.dumps(fitted)).kneighbors(y, 3), expected, strict=True
    ):
        np.testing.assert_array_equal(one, other)


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


def test_ids(fitted, pairs):
    X, y = pairs
    names = [f"{i}.jpg" for i in range(60)]
    similarities, places = fitted.index(X, names).kneighbors(y[:3], 4)
    same, found = fitted.kneighbors(y[:3], 4, return_ids=True)
    np.testing.assert_array_equal(same, similarities)
    assert found.tolist() == [[names[i] for i in row] for row in places]
    numbers = pickle.loads(pickle.dumps(fitted.index(X, range(100, 160))))
    np.testing.assert_array_equal(numbers.kneighbors(y[:3], 4, return_ids=True)[1], places + 100)
    for wrong in (names[:5], [names] * 60, "abc"):
        with pytest.raises(ValueError, match="ids is a list with one name for each of the 60"):
            fitted.index(X, wrong)
    with pytest.raises(ValueError, match=r"no ids: pass them as index\(X, ids=...\)"):
        fitted.index(X).kneighbors(y[:3], 4, return_ids=True)


NOTHING = ["", " . ", "xqzzy", "the xqzzy is a blorp", "the"]


def sentence(text):
    return {"text": text, "triples": []}


def test_what_has_no_known_word_is_not_searched(fitted, pairs):
    X, y = pairs
    fitted.index(X)
    for text in NOTHING:
        with pytest.raises(ValueError, match=rf"no word that is known: '{re.escape(text)}' \(1\)"):
            fitted.kneighbors([y[0][0], sentence(text)], 3)
    with pytest.raises(ValueError, match=r"'xqzzy' \(2\) and 2 more"):
        fitted.kneighbors([sentence(text) for text in NOTHING], 3)
    assert fitted.kneighbors([sentence("a xqzzy dog")], 3)[0].shape == (1, 3)


def test_similarity_warns_of_what_has_no_known_word(fitted, pairs):
    X, y = pairs
    with pytest.warns(UserWarning, match=r"'xqzzy' \(2\)\. Their similarities mean nothing") as w:
        fitted.similarity(X, [y[0], sentence("xqzzy")])
    assert [each.filename for each in w] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.similarity(X, y)


class Spelling:
    """An encoder that has a vector for any letters, and spells those it does not know."""

    words = ("dog", "man", "paint", "kayaking")

    def __init__(self):
        self.tokenizer = self
        self.unk_token = "[UNK]"

    def encode(self, phrases):
        # The more letters two phrases share, the nearer they are.
        rows = [np.bincount([ord(c) % 64 for c in phrase], minlength=64) for phrase in phrases]
        return np.array(rows, float) + 1e-3

    def tokenize(self, word):
        if "?" in word:
            return [self.unk_token]
        first = next((known for known in self.words if word.startswith(known)), word[0])
        return [first, *(f"##{letter}" for letter in word[len(first) :])]


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ("dog", True),
        ("horse", True),  # met in training
        ("horses", True),  # like it
        ("paintbrush", True),  # begins with a word
        ("kayaking", True),
        ("xqzzy", False),
        ("vbnm", False),
        ("xqzzy blorp", False),
        ("xqzzy paint", True),
    ],
)
def test_words_that_an_encoder_only_spells(pairs, text, is_known):
    X, y = pairs
    est = make_retriever(word_vectors=Spelling(), max_epochs=0).fit(X, y).index(X)
    if is_known:
        assert est.kneighbors([sentence(text)], 3)[0].shape == (1, 3)
    else:
        with pytest.raises(ValueError, match="no word that is known"):
            est.kneighbors([sentence(text)], 3)
