"""How many clusters there are."""

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from ..features import stored_rows, unit_rows
from ..neighbors import nearest_neighbors, neighborhood_modularity, shared_neighbor_graph
from ..processor import linear_algebra_in_one_thread, threads_worth_clusters
from ._kmeans import draw_seeds, k_means, k_means_from
from ._landmarks import draw_landmarks
from ._spectral import leading_eigenvectors
from ._views import centered_components

# One partition is a few percent better or worse than the next by luck: the criterion is averaged
# over numbers about this share apart, and what then is as good as the best to a percent is a tie.
_SMOOTHING = 0.1
_TOLERANCE = 0.01
_N_NEIGHBORS = 20
# The graph that is cut has half as many: small clusters have few neighbours.
_N_CUT_NEIGHBORS = 10
# Beyond this many clusters only numbers that are some percent apart are tried.
_DENSE = 20
_STEP = 1.1
# Of these, one in three at first, but all of the first few; then those beside what is so good, as a
# share of the best.
_FIRST_NUMBERS = 3
_COARSE_STEP = 3
_PROMISING = 0.9


def estimate_n_clusters(features, smallest, largest, random_state):
    """Find the number of clusters at which they are most compact and most closed.

    A partition is judged by its silhouette times its modularity. The silhouette asks how
    compact the clusters are, and on blurred data prefers two; modularity asks how seldom
    neighbours are parted, and finds about ten clusters nearly everywhere. A number of clusters
    is as good as the best of its partitions, by k-means on the principal components and on the
    eigenvectors of the graph of shared neighbours, and on the former from the centres of the
    latter, averaged with numbers within some ten percent. Between numbers that are far from the
    best, others are left out. Of numbers that tie, the geometric mean is taken.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        Of more than 20,000 samples so many are looked at.
    smallest, largest : int
        Bounds; those beyond the number of samples are not tried.
    random_state : RandomState instance

    Returns
    -------
    n_clusters : int
    criterion : dict of int to float
        Silhouette times modularity, in [0, 1], of each number that was tried, averaged as
        above.

    References
    ----------
    P. J. Rousseeuw, "Silhouettes: A Graphical Aid to the Interpretation and Validation of
    Cluster Analysis", J. Computational and Applied Mathematics 20 (1987), 53-65;
    M. E. J. Newman, M. Girvan, "Finding and Evaluating Community Structure in Networks",
    Physical Review E 69 (2004), 026113.
    """
    landmarks = draw_landmarks(len(features), random_state)
    if landmarks is not None:
        features = stored_rows(features, landmarks)
    # Of Python's kind, since they become keys of what is saved as JSON.
    largest = int(min(largest, len(features)))
    smallest = int(min(smallest, largest))
    with linear_algebra_in_one_thread(), threads_worth_clusters(len(features), largest):
        return _best_number(features, smallest, largest, random_state)


def _best_number(features, smallest, largest, random_state):
    unit = normalize(centered_components(unit_rows(features, slice(None)), random_state))
    neighbors = nearest_neighbors(unit, _N_NEIGHBORS)
    if neighbors.size == 0:
        return smallest, {smallest: 0.0}
    weights = shared_neighbor_graph(neighbors[:, :_N_CUT_NEIGHBORS])
    vectors = leading_eigenvectors(weights, largest, random_state)

    def merit(n_clusters):
        spaces = [unit, normalize(vectors[:, :n_clusters])]
        partitions = [k_means(rows, n_clusters, draw_seeds(random_state)) for rows in spaces]
        partitions.append(k_means_from(partitions[1], unit))
        return max(_merit(labels, n_clusters, unit, neighbors) for labels in partitions)

    merits = _merits_of_promising(_numbers(smallest, largest), merit)
    numbers = sorted(merits)
    criterion = _smoothed(np.log(numbers), np.array([merits[number] for number in numbers]))
    by_number = dict(zip(numbers, criterion.tolist(), strict=True))
    if criterion.max() <= 0:
        return smallest, by_number
    good = np.log(numbers)[criterion >= (1 - _TOLERANCE) * criterion.max()]
    return round(np.exp(good.mean())), by_number


def _merits_of_promising(numbers, merit):
    """Merits of some of the numbers, by number: one in three, and all beside the best of them."""
    first = {*numbers[:_FIRST_NUMBERS], *numbers[_FIRST_NUMBERS::_COARSE_STEP], numbers[-1]}
    merits = {number: merit(number) for number in sorted(first)}
    while True:
        least = _PROMISING * max(merits.values())
        promising = [i for i, n in enumerate(numbers) if merits.get(n, -np.inf) >= least]
        # As far as the next that was tried, to both sides.
        beside = (numbers[max(i - _COARSE_STEP + 1, 0) : i + _COARSE_STEP] for i in promising)
        untried = sorted(set().union(*beside) - set(merits))
        if not untried:
            return merits
        merits |= {number: merit(number) for number in untried}


def _merit(labels, n_clusters, unit, neighbors):
    if len(np.unique(labels)) < n_clusters:
        # There are fewer distinct samples: this is no partition into so many.
        return 0.0
    # Two negative factors must not make a good product.
    silhouette = max(cosine_silhouette(unit, labels), 0.0)
    return silhouette * max(neighborhood_modularity(labels, neighbors), 0.0)


def _smoothed(positions, values):
    """Average with a Gaussian kernel; crowded positions count no more than sparse ones."""
    weights = np.exp(-(((positions[:, None] - positions) / _SMOOTHING) ** 2) / 2)
    if len(positions) > 1:
        weights *= np.gradient(positions)
    return weights @ values / weights.sum(axis=1)


def _numbers(smallest, largest):
    """All numbers at first, then in steps of ten percent."""
    numbers = [smallest]
    while numbers[-1] < largest:
        last = numbers[-1]
        numbers.append(min(largest, last + 1 if last < _DENSE else round(last * _STEP)))
    return numbers


def cosine_silhouette(unit, labels):
    """Mean silhouette by cosine distance, without the distances of all pairs.

    The mean cosine distance of a unit vector to a cluster is one less its product with the
    cluster's mean, so that the exact index costs no more than a step of k-means.

    Parameters
    ----------
    unit : ndarray of shape (n_samples, n_features)
        Rows of length one.
    labels : ndarray of shape (n_samples,), int
        From 0, none left out.

    Returns
    -------
    silhouette : float in [-1, 1]
        0 for a single cluster.
    """
    n_samples, sizes = len(labels), np.bincount(labels)
    if len(sizes) == 1:
        return 0.0
    rows = np.arange(n_samples)
    ones = np.ones(n_samples, dtype=unit.dtype)
    members = sparse.csr_array((ones, labels, np.arange(n_samples + 1)))
    # Sums over the samples of each cluster; a sample's distance to itself is none.
    distances = sizes - unit @ (members.T @ unit).T
    own = distances[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    distances /= sizes
    distances[rows, labels] = np.inf
    other = distances.min(axis=1)
    # A sample on its own has, by convention, a silhouette of 0; so have copies of one sample
    # that are parted, whose distances are nothing but rounding.
    widths = (other - own) / np.maximum(np.maximum(other, own), 1e-5)
    return float(np.where(sizes[labels] > 1, widths, 0).mean())
