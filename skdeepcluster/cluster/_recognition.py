"""Names of clusters from what a classifier recognizes in their images."""

import numpy as np

from ..backbones import imagenet_classifier
from ..naming import imagenet_vocabulary, name_groups
from ._fixed_network import BACKBONE, IMAGE_SIZE, has_fixed_network
from ._naming import images_of
from ._predicting import embedder_of_images, make_embedder

# Of a larger cluster so many images are looked at.
_N_SEEN = 100


def recognized_names(estimator, X, n_words):
    """Name the clusters by what sets the things in their images apart.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted.
    X : images or None
        Those of the fit; needed if they are not files.
    n_words : int

    Returns
    -------
    names : GroupNames

    Raises
    ------
    ValueError
        If the images are not at hand.
    """
    partition = estimator._partition
    source = images_of(partition, X)
    seen = _some_of_each(partition.labels, partition.n_clusters)
    features = _embedder(estimator, source).transform(source.subset(seen))
    is_read = ~np.isnan(features).any(axis=1)
    return name_groups(
        features[is_read],
        partition.labels[seen][is_read],
        partition.sizes,
        *imagenet_classifier(),
        imagenet_vocabulary(),
        n_words,
    )


def _some_of_each(labels, n_clusters):
    """Positions of at most so many images of each cluster, evenly spread over the list."""
    members = [np.flatnonzero(labels == cluster) for cluster in range(n_clusters)]
    return np.sort(np.concatenate([_evenly_spread(of) for of in members]))


def _evenly_spread(positions):
    n_seen = min(len(positions), _N_SEEN)
    return positions[np.arange(n_seen) * len(positions) // n_seen]


def _embedder(estimator, source):
    """Find the embedder of the fit if it has the network that recognizes, or make one."""
    if estimator.embedder_ is not None and has_fixed_network(estimator.embedder_):
        return embedder_of_images(estimator)
    return make_embedder(estimator, BACKBONE, IMAGE_SIZE, source.reader).fit(source)
