"""The judge of clusters without labels: the same for all, whatever network clustered."""

from math import isqrt

import numpy as np

from ..embedding import ImageEmbedder
from ..features import without_gaps
from ..neighbors import nearest_neighbors, neighborhood_score
from ._fixed_network import BACKBONE, IMAGE_SIZE, has_fixed_network

_N_NEIGHBORS = 20


def judge(labels, features, n_clusters):
    """Score clusters by modularity and information on the graph of nearest neighbours.

    The graph does not depend on parameters of an estimator, so scores can be compared.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0.
    features : ndarray of shape (n_samples, n_features), float32 or float16
    n_clusters : int
        How many there are; not all need have a sample here.

    Returns
    -------
    score : float in [-0.5, 1]
        Higher is better.
    """
    # In a small fold, twenty neighbours would reach far beyond a cluster.
    n_neighbors = min(_N_NEIGHBORS, isqrt(len(labels)))
    return neighborhood_score(labels, nearest_neighbors(features, n_neighbors), n_clusters)


def judge_images(labels, source, features, embedder, n_clusters):
    """Score clusters of images by the neighbours that one fixed network sees.

    Neighbours in the features of the network that clustered are partial: the worse the
    features, the fewer things they tell apart, and the better clusters may agree with them.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int
        From 0; -1 for an image that was skipped.
    source : ImageSource
    features : ndarray of shape (n_samples, n_features), float32 or float16
        Of ``embedder``; used, and moved, if it has the very network that judges.
    embedder : ImageEmbedder
        Its engine, device and cache are used.
    n_clusters : int

    Returns
    -------
    score : float in [-0.5, 1]
        Higher is better.
    """
    readable = np.flatnonzero(labels >= 0)
    if not len(readable):
        raise ValueError(
            f"None of the {len(labels)} images can be read: there is nothing to score."
        )
    if has_fixed_network(embedder):
        features = without_gaps(features, labels >= 0)
    else:
        parameters = embedder.get_params(deep=False)
        parameters.update(backbone=BACKBONE, image_size=IMAGE_SIZE, reader=embedder.reader_)
        network = ImageEmbedder(**parameters).set_output(transform="default")
        features = network.fit_transform(source.subset(readable))
    return judge(labels[readable], features, n_clusters)
