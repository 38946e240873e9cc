"""A clusterer that fits in a second."""

from skdeepcluster import DeepImageClusterer


def clusterer(n_clusters=4, **params):
    defaults = {
        "image_size": 64,
        "n_views": 1,
        "max_iter": 6,
        "n_neighbors": 8,
        "random_state": 0,
    }
    return DeepImageClusterer(n_clusters, **{**defaults, **params})
