"""Word vectors that are learned from the images and captions alone."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from ..graph import Caption, SceneGraph
from ._words import split_words


def words_by_image(
    graphs: Sequence[SceneGraph], captions: list[Caption], owners: np.ndarray
) -> list[list[str]]:
    """Collect the words of the labels, predicates and captions of each image.

    Parameters
    ----------
    graphs : sequence of SceneGraph, length n_images
    captions : list of Caption
    owners : ndarray of shape (n_captions,), int64

    Returns
    -------
    documents : list of list of str, length n_images
    """
    documents = [
        [word for phrase in (*graph.labels, *graph.predicates) for word in split_words(phrase)]
        for graph in graphs
    ]
    for caption, owner in zip(captions, owners, strict=True):
        documents[owner] += split_words(caption.text)
    return documents


def learn_word_vectors(
    documents: list[list[str]],
    random_state: np.random.RandomState,
    n_dimensions: int = 100,
    n_signs: int = 156,
) -> dict[str, np.ndarray]:
    """Learn word vectors from documents: words that occur together get similar ones.

    Half of a vector is latent semantic analysis (the words' loadings in a truncated singular
    value decomposition of TF-IDF), half random signs that are the word's own: two rare words are
    not the same because they occurred together once.

    Parameters
    ----------
    documents : list of list of str
        For each image its words, as from ``words_by_image``.
    random_state : RandomState
    n_dimensions, n_signs : int
        Lengths of the two halves.

    Returns
    -------
    vectors : dict of str to ndarray of shape (n_dimensions + n_signs,), float32

    References
    ----------
    S. Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 41(6), 1990.
    """
    if not any(documents):
        raise ValueError(
            "There is no word in any graph or caption: word vectors cannot be learned."
        )
    tfidf = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    weighted = tfidf.fit_transform(documents)
    words = tfidf.get_feature_names_out()
    meaning = np.zeros((len(words), n_dimensions), np.float32)
    n_components = min(n_dimensions, min(weighted.shape) - 1)
    if n_components:
        decomposition = TruncatedSVD(n_components, random_state=random_state).fit(weighted)
        meaning[:, :n_components] = decomposition.components_.T * decomposition.singular_values_
    signs = np.stack([_signs(word, n_signs) for word in words])
    vectors = normalize(np.hstack([normalize(meaning), normalize(signs)]))
    return dict(zip(words, vectors, strict=True))


def _signs(word, n_signs):
    # Independent of the other words.
    generator = np.random.RandomState(crc32(word.encode()))
    return generator.choice(np.array([-1, 1], np.float32), n_signs)
