import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import normalize

from skdeepcluster.starts import _n_clusters, estimate_n_clusters
from skdeepcluster.starts._n_clusters import _merits_of_promising, cosine_silhouette


@pytest.mark.parametrize("n_clusters", [3, 7, 15, 40])
def test_separate_blobs_are_counted(n_clusters):
    X, _ = make_blobs(30 * n_clusters, 50, centers=n_clusters, random_state=0)
    found, criterion = estimate_n_clusters(X, 2, 60, np.random.RandomState(0))
    assert abs(found - n_clusters) <= 0.2 * n_clusters
    assert min(criterion) == 2
    assert max(criterion) == 60
    assert min(criterion.values()) >= 0
    assert max(criterion.values()) < 1


@pytest.mark.parametrize("classes", [range(10), [0, 2, 4, 6], [0, 4, 6]])
def test_digits_and_some_of_them(classes):
    X, y = load_digits(return_X_y=True)
    found, criterion = estimate_n_clusters(X[np.isin(y, classes)], 2, 40, np.random.RandomState(0))
    assert abs(found - len(classes)) <= 0.2 * len(classes)
    good = [n for n, value in criterion.items() if value >= 0.99 * max(criterion.values())]
    assert min(good) <= found <= max(good)


def test_numbers_far_from_the_best_are_left_out():
    numbers, tried = list(range(2, 60)), []

    def merit(number):
        tried.append(number)
        # Two peaks, of which the lower one is below what is promising.
        return np.exp(-(((number - 40) / 8) ** 2)) + 0.8 * np.exp(-(((number - 10) / 3) ** 2))

    merits = _merits_of_promising(numbers, merit)
    assert merits == {number: merit(number) for number in merits}
    assert len(tried) == 2 * len(merits) < 1.2 * len(numbers)
    promising = [number for number in numbers if merit(number) > 0.9]
    # With those beside them, for the average.
    assert set(range(promising[0] - 1, promising[-1] + 2)) <= set(merits)
    assert {2, 3, 4, 59} <= set(merits) and not {9, 10, 11} <= set(merits)


def test_partitions_from_the_centres_of_cuts_count(monkeypatch):
    X, y = make_blobs(200, 10, centers=5, random_state=0)
    # The only ones that are any good.
    monkeypatch.setattr(_n_clusters, "k_means", lambda rows, n, seed: np.arange(len(rows)) % n)
    seen = []

    def from_cut(labels, rows):
        seen.append(len(np.unique(labels)))
        return y if seen[-1] == 5 else labels

    monkeypatch.setattr(_n_clusters, "k_means_from", from_cut)
    found, criterion = estimate_n_clusters(X, 2, 12, np.random.RandomState(0))
    assert found == 5 == max(criterion, key=criterion.get)


def test_clusters_of_uneven_sizes():
    X, _ = make_blobs([300, 150, 100, 75, 60], 30, random_state=0)
    assert estimate_n_clusters(X, 2, 30, np.random.RandomState(0))[0] == 5


def test_same_number_from_the_same_random_state():
    X, _ = load_digits(return_X_y=True)
    first, again = (estimate_n_clusters(X[:400], 2, 20, np.random.RandomState(3)) for _ in range(2))
    assert first == again


def test_bounds_and_few_samples():
    X, _ = make_blobs(60, 5, centers=4, random_state=0)
    random_state = np.random.RandomState(0)
    assert estimate_n_clusters(X, 6, 9, random_state)[0] >= 6
    assert estimate_n_clusters(X, 2, 3, random_state)[0] <= 3
    assert estimate_n_clusters(X, 5, 5, random_state)[0] == 5
    assert estimate_n_clusters(X, 2, 100, random_state)[0] >= 2
    assert estimate_n_clusters(X[:1], 2, 100, random_state)[0] == 1
    assert 1 <= estimate_n_clusters(X[:3], 2, 100, random_state)[0] <= 3


def test_identical_samples():
    X = np.ones((40, 8), dtype=np.float32)
    found, criterion = estimate_n_clusters(X, 2, 10, np.random.RandomState(0))
    assert found == 2
    assert set(criterion.values()) == {0.0}


@pytest.mark.parametrize("n_clusters", [2, 5, 30])
def test_silhouette_equals_that_of_all_pairs(n_clusters):
    unit = normalize(load_digits().data[:200])
    labels = np.random.RandomState(0).randint(n_clusters, size=200)
    labels[:n_clusters] = np.arange(n_clusters)
    expected = silhouette_score(unit, labels, metric="cosine")
    assert cosine_silhouette(unit, labels) == pytest.approx(expected, abs=1e-6)


def test_silhouette_of_a_cluster_of_one_and_of_a_single_cluster():
    unit = normalize(load_digits().data[:20])
    labels = np.zeros(20, dtype=int)
    assert cosine_silhouette(unit, labels) == 0
    labels[0] = 1
    expected = silhouette_score(unit, labels, metric="cosine")
    assert cosine_silhouette(unit, labels) == pytest.approx(expected, abs=1e-6)
