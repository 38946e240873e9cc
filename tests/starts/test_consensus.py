import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from scipy.stats import entropy, zscore
from sklearn.datasets import make_circles
from sklearn.decomposition import PCA
from sklearn.metrics import mutual_info_score, pairwise_distances
from sklearn.preprocessing import normalize

from skdeepcluster.features import pays_to_reduce
from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import nearest_neighbors, shared_neighbor_graph
from skdeepcluster.starts import _landmarks, _spectral, consensus_start, kmeans_start
from skdeepcluster.starts._consensus import _kinds, candidates, vote
from skdeepcluster.starts._merits import merits
from skdeepcluster.starts._probe import linear_information
from skdeepcluster.starts._spectral import leading_eigenvectors, normalized
from skdeepcluster.starts._views import half_whitened, principal_components


def start(X, k, n_neighbors=20, **params):
    neighbors = nearest_neighbors(X, n_neighbors)
    return consensus_start(X, k, neighbors, np.random.RandomState(0), **params)[0]


def test_digits_are_found_better_than_by_kmeans(digits):
    X, y = digits
    labels = start(X, 10)
    assert labels.dtype == np.int64
    graph = nearest_neighbors(X, 20)
    by_kmeans = kmeans_start(X, 10, graph, np.random.RandomState(0))
    assert clustering_accuracy(y, labels) > clustering_accuracy(y, by_kmeans) + 0.03
    np.testing.assert_array_equal(labels, start(X, 10))


def test_unequal_clusters_are_kept_whole(digits):
    X, y = digits
    kept = [np.flatnonzero(y == digit)[:n] for digit, n in enumerate((170, 60, 60, 20))]
    X, y = X[np.concatenate(kept)], y[np.concatenate(kept)]
    assert clustering_accuracy(y, start(X, 4, 10)) > 0.9
    assert clustering_accuracy(y, start(X, 4, 10, uneven=True)) > 0.9


@pytest.mark.parametrize("uneven", [False, True])
def test_a_large_class_is_not_cut_for_even_sizes(uneven):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(10), (130 * 10 ** (-np.arange(10) / 9)).astype(int))
    X = (4 * np.eye(10)[y] + rng.normal(size=(len(y), 10))).astype(np.float32)
    far = (y == 0) & (X[:, 5] > np.median(X[y == 0, 5]))
    # The two smallest together, the largest in halves.
    cut = np.where(far, 9, np.where(y == 9, 8, y))
    random = rng.permutation(y)
    graph = nearest_neighbors(X, 10)
    of_right, of_cut, of_random = merits([y, cut, random], X, [graph], 10, uneven)
    assert of_right > of_cut > of_random


def test_merits_of_even_partitions_are_shared_information(digits):
    X, y = digits
    rng = np.random.default_rng(0)
    guesses = [np.where(rng.random(len(y)) < share, y, rng.permutation(y)) for share in (0.9, 0.5)]
    partitions = [y, *guesses]
    graph = nearest_neighbors(X, 10)
    known = [
        mutual_info_score(np.repeat(labels, 10), labels[graph].ravel()) for labels in partitions
    ]
    foretold = linear_information(X, partitions, 10)
    even = [(entropy(np.bincount(labels)) / np.log(10)) ** (1 / 3) for labels in partitions]
    expected = zscore(np.divide(known, even)) + zscore(np.divide(foretold, even)) / 2
    assert expected.argmax() == 0
    np.testing.assert_allclose(merits(partitions, X, [graph], 10), expected, rtol=1e-4)


def test_a_sample_stands_for_many(digits, monkeypatch):
    X, y = digits
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 900)
    labels, partitions = consensus_start(X, 10, nearest_neighbors(X, 20), np.random.RandomState(0))
    assert labels.shape == y.shape
    assert partitions.shape == (32, len(y))
    assert clustering_accuracy(y, labels) > 0.8


@pytest.mark.parametrize("n_samples", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("n_clusters", [1, 2, 3])
def test_few_samples(digits, n_samples, n_clusters):
    if n_clusters <= n_samples:
        labels = start(digits[0][:n_samples], n_clusters)
        assert labels.shape == (n_samples,)
        assert 0 <= labels.min() <= labels.max() < n_clusters


def test_samples_that_are_alike():
    labels = start(np.ones((30, 4), dtype=np.float32), 3)
    assert labels.shape == (30,)
    two_kinds = np.repeat(np.eye(2, dtype=np.float32), 15, axis=0)
    assert clustering_accuracy(np.repeat([0, 1], 15), start(two_kinds, 2, 5)) == 1


def test_shared_neighbors_by_sets():
    X = np.random.default_rng(0).normal(size=(25, 3)).astype(np.float32)
    neighbors = nearest_neighbors(X, 4)
    expected = np.zeros((25, 25))
    closed = [{i, *row} for i, row in enumerate(neighbors.tolist())]
    for i in range(25):
        for j in range(25):
            if i != j and (j in closed[i] or i in closed[j]):
                expected[i, j] = len(closed[i] & closed[j]) / 5
    np.testing.assert_allclose(shared_neighbor_graph(neighbors).toarray(), expected, atol=1e-6)


def test_eigenvectors_of_separate_components_tell_them_apart():
    block = sparse.csr_array(np.ones((60, 60), dtype=np.float32) - np.eye(60, dtype=np.float32))
    weights = sparse.block_diag([block] * 3, format="csr")
    for matrix in (weights, weights[:9, :9], weights[50:70][:, 50:70]):
        vectors = leading_eigenvectors(sparse.csr_array(matrix), 3, np.random.RandomState(0))
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-4)
    vectors = normalize(leading_eigenvectors(weights, 3, np.random.RandomState(0)))
    same = np.repeat(np.arange(3), 60)
    np.testing.assert_allclose(vectors @ vectors.T, same[:, None] == same, atol=1e-3)


def test_eigenvectors_of_many_samples_are_those_of_arpack(digits):
    X, _ = digits
    weights = shared_neighbor_graph(nearest_neighbors(X, 15))
    assert len(X) > 1000
    for n_vectors in (3, 40):
        vectors = leading_eigenvectors(weights, n_vectors, np.random.RandomState(0))
        assert vectors.dtype == np.float32 and vectors.shape == (len(X), n_vectors)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(n_vectors), atol=1e-4)
        values, expected = eigsh(normalized(weights).astype(np.float64), n_vectors, which="LA")
        found = (vectors * (normalized(weights) @ vectors)).sum(axis=0)
        np.testing.assert_allclose(found, values[::-1], atol=1e-3)
        cosines = np.linalg.svd(expected.T @ vectors, compute_uv=False)
        assert (cosines**2).mean() > 0.99


def test_eigenvectors_are_found_without_the_smallest_one(digits, monkeypatch):
    def fails(*args, **params):
        raise ArpackNoConvergence("no convergence", np.empty(0), np.empty((0, 0)))

    weights = shared_neighbor_graph(nearest_neighbors(digits[0], 15))
    expected = leading_eigenvectors(weights, 10, np.random.RandomState(0))
    monkeypatch.setattr(_spectral, "eigsh", fails)
    vectors = leading_eigenvectors(weights, 10, np.random.RandomState(0))
    assert (np.linalg.svd(expected.T @ vectors, compute_uv=False) ** 2).mean() > 0.99


def test_cuts_follow_shapes_that_kmeans_does_not():
    X, y = make_circles(240, noise=0.03, factor=0.3, random_state=0)
    # The rings on a sphere, where neighbours by cosine are neighbours in the plane.
    X = np.column_stack([X, np.full(len(X), 3)]).astype(np.float32)
    cuts = candidates([nearest_neighbors(X, 10)], 2, np.random.RandomState(0))
    assert max(clustering_accuracy(y, cut) for cut in cuts) > 0.98


def test_half_whitening_halves_the_ratio_of_scales():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3)) * [100, 10, 1]
    components = principal_components(X, np.random.RandomState(0))
    before, after = components.std(axis=0), half_whitened(components).std(axis=0)
    np.testing.assert_allclose(after**2, before, rtol=1e-5)


def test_principal_components_of_many_columns():
    rng = np.random.default_rng(0)
    scales = 1 / np.sqrt(1 + np.arange(600) ** 1.5)
    rows = rng.normal(size=(4500, 600)) * scales + 2 * scales
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    assert pays_to_reduce(unit.shape)
    found = principal_components(unit, np.random.RandomState(0))
    expected = PCA(200, svd_solver="full").fit_transform(unit)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.std(axis=0), expected.std(axis=0), rtol=0.02)
    # Distances, which neighbours are found by, do not depend on the axes.
    distances = [pairwise_distances(each[:300]) for each in (found, expected)]
    np.testing.assert_allclose(*distances, rtol=0.01, atol=1e-3)


def test_data_without_clusters_repeats():
    rng = np.random.RandomState(0)
    for _ in range(5):
        X = rng.normal(loc=100, size=(100, 2)).astype(np.float32)
        np.testing.assert_array_equal(start(X, 8), start(X, 8))


def test_more_samples_than_are_solved_densely_and_many_copies():
    X = np.repeat(np.random.default_rng(0).normal(size=(40, 6)), 40, axis=0).astype(np.float32)
    assert clustering_accuracy(np.repeat(np.arange(40), 40), start(X, 40)) > 0.9


@pytest.mark.parametrize("n_repeats", [1, 70])
def test_samples_of_one_kind_are_everywhere_in_the_same_parts(n_repeats):
    partitions = np.random.RandomState(0).randint(3, size=(4, 200))
    # Many partitions can part samples in more ways than integers count, also if they do not.
    halves = np.tile(partitions[0] // 2, (n_repeats, 1))
    partitions = np.concatenate([partitions, halves])
    firsts, kind_of, sizes = _kinds(partitions)
    expected, inverse, counts = np.unique(
        partitions.T, axis=0, return_inverse=True, return_counts=True
    )
    assert len(firsts) == len(expected) <= 81
    np.testing.assert_array_equal(partitions.T[firsts][kind_of], partitions.T)
    np.testing.assert_array_equal(sizes[kind_of], counts[inverse.ravel()])


def test_most_votes_win_whatever_parts_are_called():
    truth = np.arange(60) % 3
    rng = np.random.RandomState(0)
    partitions = []
    for shift in range(9):
        partition = (truth + shift) % 3
        wrong = rng.choice(60, 12, replace=False)
        partition[wrong] = rng.randint(3, size=12)
        partitions.append(partition)
    labels = vote(np.stack(partitions), 3, np.random.RandomState(0), 10)
    assert max(clustering_accuracy(truth, partition) for partition in partitions) < 0.95
    assert clustering_accuracy(truth, labels) == 1
    # Samples that come five times each are voted on like one with five times the weight.
    repeated = np.repeat(partitions, 5, axis=1)
    labels = vote(repeated, 3, np.random.RandomState(0), 10)
    assert clustering_accuracy(np.repeat(truth, 5), labels) == 1


def test_partitions_that_agree_are_their_consensus():
    parts = np.repeat([[0, 1, 2], [2, 0, 1]], 4, axis=1)
    labels = vote(parts, 3, np.random.RandomState(0))
    assert clustering_accuracy(parts[0], labels) == 1
    assert len(set(vote(parts, 5, np.random.RandomState(0)))) == 3
