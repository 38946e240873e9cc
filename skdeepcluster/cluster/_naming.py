"""Words and names for clusters."""

import numpy as np
from sklearn.preprocessing import normalize

from ..backbones import encode_texts
from ..images import as_image_source

_PHRASE = "a photo of {}"


def check_names(names, n_clusters):
    """Check names that a user gives.

    Parameters
    ----------
    names : list of str or dict of int to str
    n_clusters : int

    Returns
    -------
    names : dict of int to str or None
        By cluster; None where a name is taken back.

    Raises
    ------
    TypeError
        If it is a single string.
    ValueError
        If there are not as many names as clusters, a cluster does not exist, or a name is not
        valid text.
    """
    if isinstance(names, str):
        raise TypeError(f"names is a list of names or a dict, not one name: {names!r}.")
    if not isinstance(names, dict):
        if len(names) != n_clusters:
            raise ValueError(f"There are {n_clusters} clusters, and {len(names)} names.")
        names = dict(enumerate(names))
    unknown = [label for label in names if label not in range(n_clusters)]
    if unknown:
        raise ValueError(f"There are no clusters {unknown}; labels go to {n_clusters - 1}.")
    names = {label: None if name is None else str(name) or None for label, name in names.items()}
    for name in filter(None, names.values()):
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"The name {name!r} is not valid text, and could not be saved. If it comes from a "
                "file name, use name.encode('utf-8', 'backslashreplace').decode()."
            ) from None
    return names


def images_of(partition, X=None):
    """Find the images that a partition is of.

    Parameters
    ----------
    partition : Partition
    X : images, default=None
        Those of the fit; needed if they are not files.

    Returns
    -------
    source : ImageSource

    Raises
    ------
    ValueError
        If they are not at hand.
    """
    record = partition.images
    source = as_image_source(record.paths if X is None else X, record.reader)
    if source is None or len(source) != len(partition.labels):
        raise ValueError(
            "The images are not at hand: pass X, the ones the estimator was fitted on."
        )
    return source


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
        An open_clip backbone, whose text tower is used; of several there is none.
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
    if isinstance(model, list | tuple):
        raise ValueError(
            "Words need the features of one open_clip backbone, and these are of a list: "
            f"backbone={model!r}. Fit with one backbone, or pass as model= the one whose features "
            "the clusters are of."
        )
    vocabulary = [str(word) for word in vocabulary]
    texts = encode_texts(str(model), [_PHRASE.format(word) for word in vocabulary])
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
