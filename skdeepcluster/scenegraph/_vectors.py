"""Vectors of words and phrases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


class PhraseVectors:
    """Unit vectors of phrases, from vectors of words or from a sentence encoder.

    Parameters
    ----------
    source : dict, path or object with ``encode``
        A dict of words to vectors; a ``.npz`` file with ``words`` and ``vectors``; a text file
        as GloVe's, a word and its numbers a line; or a sentence encoder, such as a
        ``sentence_transformers.SentenceTransformer``.

    Attributes
    ----------
    n_dimensions : int

    Raises
    ------
    ValueError
        If a file or dict does not hold vectors of one length.
    """

    def __init__(self, source):
        self._encoder: Any = None if isinstance(source, str | Path | Mapping) else source
        self._words: dict = {}
        self._known: dict = {}
        if self._encoder is None:
            self._words = _read(source)
            lengths = {vector.shape for vector in self._words.values()}
            if len(lengths) != 1 or len(next(iter(lengths))) != 1:
                raise ValueError(
                    f"Word vectors must be of one length; found the shapes {sorted(lengths)}."
                )
            self.n_dimensions = next(iter(lengths))[0]
        else:
            self.n_dimensions = self(["dog"]).shape[1]

    def __call__(self, phrases):
        """Look phrases up.

        Parameters
        ----------
        phrases : sequence of str

        Returns
        -------
        vectors : ndarray of shape (n_phrases, n_dimensions), float32
            Unit vectors; of words the mean, where unknown ones do not count. Zeros if no word
            of a phrase is known.
        """
        new = list(dict.fromkeys(p for p in phrases if p not in self._known))
        if new:
            found = self._encode(new) if self._encoder is not None else map(self._mean, new)
            self._known.update(zip(new, found, strict=True))
        if not len(phrases):
            return np.zeros((0, self.n_dimensions), dtype=np.float32)
        return np.stack([self._known[phrase] for phrase in phrases])

    def _encode(self, phrases):
        return _unit(np.asarray(self._encoder.encode(phrases), dtype=np.float32))

    def _mean(self, phrase):
        # A word may be known with its hyphen, or in its parts.
        words = phrase.lower().split()
        parts = [w for word in words for w in ([word] if word in self._words else word.split("-"))]
        vectors = [self._words[word] for word in parts if word in self._words]
        if not vectors:
            return np.zeros(self.n_dimensions, dtype=np.float32)
        return _unit(np.mean(vectors, axis=0, keepdims=True))[0]


def _read(source):
    if isinstance(source, Mapping):
        return {word: np.asarray(vector, dtype=np.float32) for word, vector in source.items()}
    path = Path(source)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            missing = {"words", "vectors"} - set(arrays.files)
            if missing:
                raise ValueError(f"{str(path)!r} has no array {sorted(missing)}.")
            words, vectors = arrays["words"], arrays["vectors"].astype(np.float32)
        return dict(zip(map(str, words), vectors, strict=True))
    vectors = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            word, *numbers = line.rstrip().split(" ")
            try:
                vectors[word] = np.array(numbers, dtype=np.float32)
            except ValueError as error:
                raise ValueError(f"Line {number} of {str(path)!r} is no vector: {error}") from None
    return vectors


def _unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
