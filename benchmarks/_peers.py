"""What else a user could take, each ``method(X, n_clusters, seed) -> labels``."""

import warnings

import numpy as np
from _deep_baselines import scan, temi, turtle
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize


def k_means(X, k, seed):
    return KMeans(k, n_init=20, random_state=seed).fit_predict(X)


def spherical_k_means(X, k, seed):
    return k_means(normalize(X), k, seed)


def gaussian_mixture(X, k, seed):
    reduced = _principal(normalize(X), 50, seed)
    return GaussianMixture(k, n_init=5, random_state=seed).fit_predict(reduced)


def pca16_k_means(X, k, seed):
    """Do as tasnif does."""
    return k_means(_principal(X, 16, seed), k, seed)


def umap50_k_means(X, k, seed):
    """Do as imcluster does."""
    return k_means(_umap(X, min(50, X.shape[1]), 0.1, seed), k, seed)


def umap_gaussian_mixture(X, k, seed):
    """Do as N2D does, on the features."""
    return GaussianMixture(k, n_init=5, random_state=seed).fit_predict(_umap(X, 10, 0.0, seed))


def umap_hdbscan(X, k, seed):
    """Cluster by density, which is not told the number of clusters."""
    reduced = _umap(X, 10, 0.0, seed)
    labels = HDBSCAN(min_cluster_size=max(5, len(X) // 100), copy=False).fit_predict(reduced)
    return _without_noise(reduced, labels)


def evoc(X, k, seed):
    from evoc import EVoC

    model = EVoC(approx_n_clusters=k, random_state=seed)
    return _without_noise(normalize(X), model.fit_predict(X))


def spectral(X, k, seed):
    model = SpectralClustering(
        k, affinity="nearest_neighbors", n_neighbors=20, n_init=20, random_state=seed
    )
    return model.fit_predict(normalize(X))


def ward(X, k, seed):
    return AgglomerativeClustering(k).fit_predict(normalize(X))


def dec(X, k, seed):
    return _clustpy("DEC", X, k, seed)


def dcn(X, k, seed):
    return _clustpy("DCN", X, k, seed)


def acedec(X, k, seed):
    return _clustpy("ACeDeC", X, k, seed)


def _clustpy(name, X, k, seed):
    from clustpy import deep

    # A third of the epochs that are the default there: a CPU's share.
    model = getattr(deep, name)(k, pretrain_epochs=30, clustering_epochs=50, random_state=seed)
    scale = np.sqrt(X.shape[1])
    return model.fit(normalize(X - X.mean(axis=0)).astype(np.float32) * scale).labels_


def _principal(X, n_components, seed):
    return PCA(min(n_components, *X.shape), random_state=seed).fit_transform(X)


def _without_noise(X, labels):
    """Noise counts for the cluster of its nearest neighbours: no peer loses by its caution."""
    noise = labels < 0
    if noise.any() and not noise.all():
        known = KNeighborsClassifier(5).fit(X[~noise], labels[~noise])
        labels = labels.copy()
        labels[noise] = known.predict(X[noise])
    return labels - labels.min()


def _umap(X, n_components, min_dist, seed):
    from umap import UMAP

    warnings.filterwarnings("ignore", message="n_jobs value")
    return UMAP(
        n_components=n_components,
        n_neighbors=15,
        min_dist=min_dist,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    ).fit_transform(X)


PEERS = {
    method.__name__: method
    for method in (
        k_means,
        spherical_k_means,
        gaussian_mixture,
        pca16_k_means,
        umap50_k_means,
        umap_gaussian_mixture,
        umap_hdbscan,
        evoc,
        spectral,
        ward,
        scan,
        temi,
        turtle,
        dec,
        dcn,
        acedec,
    )
}
