"""Vectors of words that are learned from the pairs alone."""

from zlib import crc32

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from ._phrases import words_of


def words_of_images(graphs, captions, owners):
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
        [word for phrase in (*graph.labels, *graph.predicates) for word in words_of(phrase)]
        for graph in graphs
    ]
    for caption, owner in zip(captions, owners, strict=True):
        documents[owner] += words_of(caption.text)
    return documents


def learn_vectors(documents, random_state, n_dimensions=100, n_signs=156):
    """Learn vectors of words from documents: words that share documents get similar ones.

    Half of a vector is latent semantic analysis (the words' loadings in a truncated singular
    value decomposition of TF-IDF), half random signs that only the same word has: two words of
    a language that is seldom heard are not the same because they were heard together once.

    Parameters
    ----------
    documents : list of list of str
        A document is what ``words_of_images`` finds of an image.
    random_state : RandomState
    n_dimensions, n_signs : int
        Length of the two halves.

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
    weigh = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    weighted = weigh.fit_transform(documents)
    words = weigh.get_feature_names_out()
    meaning = np.zeros((len(words), n_dimensions), np.float32)
    n_found = min(n_dimensions, min(weighted.shape) - 1)
    if n_found:
        decomposition = TruncatedSVD(n_found, random_state=random_state).fit(weighted)
        meaning[:, :n_found] = decomposition.components_.T * decomposition.singular_values_
    signs = np.stack([_signs(word, n_signs) for word in words])
    vectors = normalize(np.hstack([normalize(meaning), normalize(signs)]))
    return dict(zip(words, vectors, strict=True))


def _signs(word, n_signs):
    # The same for a word whatever the other words are.
    generator = np.random.RandomState(crc32(word.encode()))
    return generator.choice(np.array([-1, 1], np.float32), n_signs)
