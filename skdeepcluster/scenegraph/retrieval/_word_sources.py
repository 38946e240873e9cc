"""Vectors of words before training, from whatever they are made of."""

import warnings
from os import PathLike
from typing import Any

import numpy as np

from ..matching import PhraseVectors, has_minilm, learn_word_vectors


def make_word_vectors(
    source: Any,
    documents: list[list[str]],
    n_components: int,
    random_state: np.random.RandomState,
) -> tuple[str, PhraseVectors]:
    """Make word vectors, and keep their principal directions.

    Parameters
    ----------
    source : {"auto", "minilm", "pairs"}, dict, path or encoder
    documents : list of list of str
        The words of each image and its captions.
    n_components : int
    random_state : RandomState

    Returns
    -------
    name : str
        "minilm", "pairs", a path, or the name of a class.
    vectors : PhraseVectors

    Warns
    -----
    UserWarning
        If the source knows no word of the documents.
    """
    if isinstance(source, str) and source == "auto":
        source = "minilm" if has_minilm() else "pairs"
    name = str(source) if isinstance(source, str | PathLike) else type(source).__name__
    if isinstance(source, str) and source == "pairs":
        source = learn_word_vectors(documents, random_state)
    vectors = PhraseVectors(source)
    vocabulary = sorted({word for document in documents for word in document})
    vectors.reduce(vocabulary, n_components)
    if vectors.words and not vectors(vocabulary).any():
        warnings.warn(
            "word_vectors has no word of X and y, so that their meanings are unknown. Its "
            "words must be in lower case.",
            # Of whoever calls the estimator.
            stacklevel=2,
        )
    return name, vectors
