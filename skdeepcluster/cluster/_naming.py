"""Words and names for clusters."""

import numpy as np
from sklearn.preprocessing import normalize

from ..backbones import encode_texts

_PHRASE = "a photo of {}"


def best_words(vocabulary, feature_means, model, n_words):
    """Words whose text features are nearest to the mean features of each cluster.

    Both sides are centred first: what all clusters, and all words, have in common would
    otherwise give every cluster the same words.

    Parameters
    ----------
    vocabulary : list of str
    feature_means : ndarray of shape (n_clusters, n_features)
        Of unit features of the model's image tower.
    model : str
        An open_clip backbone, whose text tower is used.
    n_words : int

    Returns
    -------
    words : list of list of str
        The best first.
    scores : list of list of float
        Cosines.
    """
    if isinstance(vocabulary, str) or not len(vocabulary):
        raise ValueError(f"vocabulary must be a list of words, got {vocabulary!r}.")
    vocabulary = [str(word) for word in vocabulary]
    texts = encode_texts(model, [_PHRASE.format(word) for word in vocabulary])
    if texts.shape[1] != feature_means.shape[1]:
        raise ValueError(
            f"The texts of {model!r} have {texts.shape[1]} features, the images "
            f"{feature_means.shape[1]}: they come from different models."
        )
    similarities = _centered(feature_means) @ _centered(texts).T
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :n_words]
    scores = np.take_along_axis(similarities, order, axis=1)
    return [[vocabulary[i] for i in row] for row in order], scores.round(4).tolist()


def _centered(rows):
    if len(rows) > 1:
        rows = rows - rows.mean(axis=0)
    return normalize(rows)
