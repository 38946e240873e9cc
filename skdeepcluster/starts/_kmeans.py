"""K-means: one run by scikit-learn or faiss, and the start that is the best of several runs."""

import warnings
from functools import partial

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from ..features import row_chunks, unit_rows
from ..neighbors import nearest_neighbors, neighborhood_modularity
from ..processor import linear_algebra_in_one_thread, threads_worth_clusters
from ._first_centers import first_centers
from ._landmarks import draw_landmarks

_N_RUNS = 20
# With more clusters runs of k-means hardly differ, and most of their time is first centres.
MANY_CLUSTERS = 100
_N_RUNS_FOR_MANY = 3
# Centres of fewer samples are noisy (docs/scaling.md).
LANDMARKS_PER_CLUSTER = 60
_N_PRINCIPAL_COMPONENTS = 100


def kmeans_start(features, n_clusters, neighbors, random_state):
    """Cluster features by k-means, several times, and keep the run that neighbours agree with.

    K-means on features of images has many optima of nearly the same inertia. The run with
    the highest neighbourhood modularity is kept: over six sets of images it picked a better
    or an equal run more often than the lowest inertia did (``docs/method.md``).

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        Of more than 20,000 samples so many, or 60 a cluster if those are more, are clustered,
        judged by neighbours among them, and every sample joins the nearest centre.
    n_clusters : int
    neighbors : ndarray of shape (n_samples, n_neighbors), int
    random_state : RandomState instance

    Returns
    -------
    labels : ndarray of shape (n_samples,), int64
    """
    landmarks = draw_landmarks(len(features), random_state, LANDMARKS_PER_CLUSTER * n_clusters)
    if landmarks is not None:
        return _kmeans_of_landmarks(features, landmarks, n_clusters, neighbors, random_state)
    reduced = unit_rows(features, slice(None))
    # The leading components hold nearly all of the distances at a tenth of the cost.
    if min(reduced.shape) > _N_PRINCIPAL_COMPONENTS:
        pca = PCA(_N_PRINCIPAL_COMPONENTS, svd_solver="randomized", random_state=random_state)
        with linear_algebra_in_one_thread():
            reduced = pca.fit_transform(reduced)
    runs = (k_means(reduced, n_clusters, seed) for seed in _seeds(n_clusters, random_state))
    return max(runs, key=lambda labels: neighborhood_modularity(labels, neighbors))


def _kmeans_of_landmarks(features, landmarks, n_clusters, neighbors, random_state):
    unit = unit_rows(features, landmarks)
    if len(landmarks) < len(features):
        neighbors = nearest_neighbors(unit, neighbors.shape[1])
    n_components = min(_N_PRINCIPAL_COMPONENTS, *unit.shape)
    components = PCA(n_components, svd_solver="covariance_eigh")
    with linear_algebra_in_one_thread():
        components.fit(unit)
    reduced = components.transform(unit)
    runs = (Centers.of(reduced, n_clusters, seed) for seed in _seeds(n_clusters, random_state))
    with threads_worth_clusters(len(reduced), n_clusters):
        best = max(runs, key=lambda run: neighborhood_modularity(run.nearest(reduced), neighbors))
    labels = np.empty(len(features), dtype=np.int64)
    for chunk in row_chunks(len(features)):
        labels[chunk] = best.nearest(components.transform(unit_rows(features, chunk)))
    return labels


def _seeds(n_clusters, random_state):
    n_runs = _N_RUNS if n_clusters <= MANY_CLUSTERS else _N_RUNS_FOR_MANY
    return draw_seeds(random_state, n_runs)


def draw_seeds(random_state, size=None):
    """Draw seeds for runs of k-means, or a single one if no size is given."""
    return random_state.randint(np.iinfo(np.int32).max, size=size)


def k_means(rows, n_clusters, seed, n_init=1, sizes=None):
    """Labels by k-means, which may be fewer than asked for if rows are alike.

    Parameters
    ----------
    rows : ndarray or sparse array of shape (n_rows, n_columns), float
    n_clusters, seed : int
    n_init : int, default=1
        Runs, of which that with the lowest inertia counts.
    sizes : ndarray of shape (n_rows,), default=None
        Weights of the rows.

    Returns
    -------
    labels : ndarray of shape (n_rows,), int64
    """
    init = partial(first_centers, sizes=sizes)
    return _labels(KMeans(n_clusters, init=init, n_init=n_init, random_state=seed), rows, sizes)


def k_means_from(labels, rows):
    """Labels by k-means from the centres of clusters that were found elsewhere.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), int
    rows : ndarray of shape (n_rows, n_columns), float

    Returns
    -------
    labels : ndarray of shape (n_rows,), int64
    """
    centers = np.stack([rows[labels == label].mean(axis=0) for label in np.unique(labels)])
    return _labels(KMeans(len(centers), init=centers, n_init=1), rows)


def _labels(model, rows, sizes=None):
    with warnings.catch_warnings():
        # Fewer distinct samples than clusters: said once, of the final result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(rows, sample_weight=sizes).astype(np.int64)


class Centers:
    """Centres of clusters, found by one run of faiss's k-means: quick for many rows."""

    def __init__(self, index):
        self._index = index

    @classmethod
    def of(cls, rows, n_clusters, seed):
        """Find the centres of rows, an ndarray of shape (n_rows, n_columns), float32."""
        import faiss

        kmeans = faiss.Kmeans(
            rows.shape[1],
            n_clusters,
            seed=int(seed),
            # All rows are trained on, and no number of them is warned about.
            max_points_per_centroid=len(rows),
            min_points_per_centroid=1,
        )
        kmeans.train(np.ascontiguousarray(rows))
        return cls(kmeans.index)

    def nearest(self, rows):
        """Give the number of the centre that each row is nearest to, (n_rows,), int64."""
        return self._index.search(np.ascontiguousarray(rows), 1)[1][:, 0]
