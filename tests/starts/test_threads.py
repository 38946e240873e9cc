import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skdeepcluster.starts import (
    STARTS,
    _consensus,
    _kmeans,
    _n_clusters,
    estimate_n_clusters,
    find_start,
)


def most_threads():
    return max(library["num_threads"] for library in threadpool_info())


@pytest.mark.parametrize(("n_clusters", "is_one"), [(800, True), (900, False)])
def test_few_clusters_of_few_samples_have_one_thread(monkeypatch, n_clusters, is_one):
    seen = []

    def start(features, *_):
        seen.append(most_threads())

    def number(*_):
        seen.append(most_threads())
        return 2, {}

    monkeypatch.setitem(STARTS, "consensus", start)
    monkeypatch.setattr(_n_clusters, "_best_number", number)
    X = np.zeros((1200, 3), dtype=np.float32)
    with threadpool_limits(2):
        before = most_threads()
        find_start("consensus", X, n_clusters, None, None)
        estimate_n_clusters(X, 2, n_clusters, np.random.RandomState(0))
        assert most_threads() == before
    if before == 1:
        pytest.skip("no library has two threads here")
    assert [threads == 1 for threads in seen] == [is_one, is_one]


@pytest.mark.parametrize("init", ["consensus", "kmeans"])
def test_landmarks_of_many_samples_are_few(monkeypatch, init):
    class Seen(Exception):
        pass

    def see(*_):
        raise Seen(most_threads())

    def draw_landmarks(n_samples, *_):
        return np.arange(300) if n_samples > 300 else None

    for module in (_consensus, _kmeans):
        monkeypatch.setattr(module, "draw_landmarks", draw_landmarks)
    monkeypatch.setattr(_consensus, "candidates", see)
    monkeypatch.setattr(_kmeans.Centers, "of", see)
    X = np.random.default_rng(0).normal(size=(3000, 20)).astype(np.float32)
    neighbors = np.zeros((len(X), 5), dtype=np.int64)
    with threadpool_limits(2):
        if most_threads() == 1:
            pytest.skip("no library has two threads here")
        with pytest.raises(Seen) as seen:
            find_start(init, X, 400, neighbors, np.random.RandomState(0))
    assert seen.value.args == (1,)
