"""What the head is trained on: samples, views of them, and neighbours to pull them to."""

import numpy as np
from sklearn.preprocessing import normalize

from ..features import row_chunks, stored_rows, unit_rows
from ..latent import TrainingData
from ..neighbors import nearest_neighbors, purest_neighbors
from ..starts import supervised_start

# Of more samples, so many at random are trained on, or so many a cluster if those are more: the
# head is the same for all.
TRAINING_SIZE = 20_000
_SAMPLES_PER_CLUSTER = 60
_LEAST_NEIGHBORS = 5


def draw_training_rows(n_samples, n_clusters, random_state):
    """Draw the samples that the head is trained on; all up to 20,000, or 60 a cluster.

    Returns
    -------
    rows : ndarray of shape (n_rows,), int64
        In order.
    """
    size = max(TRAINING_SIZE, _SAMPLES_PER_CLUSTER * n_clusters)
    if n_samples <= size:
        return np.arange(n_samples)
    return np.sort(random_state.choice(n_samples, size, replace=False))


def with_known_rows(rows, supervision, random_state):
    """Add the samples of which something is known; of many, as many as there are others."""
    known = np.setdiff1d(np.flatnonzero(supervision.is_known), rows)
    if len(known) > len(rows):
        known = random_state.choice(known, len(rows), replace=False)
    return np.union1d(rows, known)


def embed_views(embedder, images, n_views, features, rows):
    """Embed random views of images.

    Parameters
    ----------
    embedder : ImageEmbedder
    images : ImageSource
    n_views : int
    features : ndarray of shape (n_samples, n_features), float32 or float16
    rows : ndarray of shape (n_images,), int64
        Of the features: those of the images.

    Returns
    -------
    views : ndarray of shape (n_images, n_views, n_features), float16
    """
    views = embedder.transform_views(images, n_views)
    # An image that has become unreadable since is its own view.
    lost = np.isnan(views[:, 0, 0])
    if lost.any():
        views[lost] = unit_rows(features, rows[lost])[:, None]
    return views


def training_data(features, rows, views, neighbors, start, n_clusters):
    """Put together what the head is trained on.

    Partners are neighbours in the features and, with views, in the mean over an image and its
    views, which is what they have in common; those with most neighbours in common in both.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
    rows : ndarray of shape (n_rows,), int64
        Of the features: those to train on.
    views : ndarray of shape (n_rows, n_views, n_features), float16, or None
        Unit features of random views of the same images.
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        Of all features.
    start : ndarray of shape (n_samples,), int64, or None
    n_clusters : int

    Returns
    -------
    data : TrainingData
    """
    n_neighbors = neighbors.shape[1]
    if len(rows) < len(features):
        features = stored_rows(features, rows)
        neighbors = nearest_neighbors(features, n_neighbors)
        start = None if start is None else start[rows]
    n_near = n_near_neighbors(n_neighbors, len(rows), n_clusters)
    spaces = [neighbors[:, :n_near]]
    if views is not None:
        spaces.append(nearest_neighbors(_mean_view(features, views), n_near))
    return TrainingData(features, views, purest_neighbors(spaces), neighbors, start)


def supervised(data, partitions, supervision, n_clusters, is_numbered):
    """Let what is known of samples into what the head is trained on.

    Parameters
    ----------
    data : TrainingData
    partitions : ndarray of shape (n_partitions, n_samples), int, or None
        Those that the start is a consensus of.
    supervision : Supervision
        Of the same samples.
    n_clusters : int
    is_numbered : bool
        Whether clusters of the start have the numbers of the classes already.

    Returns
    -------
    data : TrainingData
    """
    start = data.start
    if start is not None:
        of_data = start, partitions, data.features, data.neighbors
        start = supervised_start(*of_data, supervision, n_clusters, is_numbered)
    return data._replace(start=start, supervision=supervision)


def n_near_neighbors(n_neighbors, n_samples, n_clusters):
    """Count the neighbours that may be of the same cluster.

    Beyond half of a cluster of the expected size, they are of other clusters.
    """
    return min(n_neighbors, max(_LEAST_NEIGHBORS, n_samples // (2 * n_clusters)))


def _mean_view(features, views):
    """Mean of the unit features of images and their views, (n_rows, n_features), float32."""
    means = np.empty(features.shape, dtype=np.float32)
    for chunk in row_chunks(len(features)):
        means[chunk] = unit_rows(features, chunk) + views[chunk].sum(axis=1, dtype=np.float32)
    return normalize(means, copy=False)
