import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skdeepcluster.starts import STARTS, _n_clusters, estimate_n_clusters, find_start


def most_threads():
    return max(library["num_threads"] for library in threadpool_info())


@pytest.mark.parametrize(("n_samples", "is_one"), [(200, True), (1200, False)])
def test_few_samples_are_clustered_in_one_thread(monkeypatch, n_samples, is_one):
    seen = []

    def start(features, *_):
        seen.append(most_threads())

    def number(*_):
        seen.append(most_threads())
        return 2, {}

    monkeypatch.setitem(STARTS, "consensus", start)
    monkeypatch.setattr(_n_clusters, "_best_number", number)
    X = np.zeros((n_samples, 3), dtype=np.float32)
    with threadpool_limits(2):
        before = most_threads()
        find_start("consensus", X, 2, None, None)
        estimate_n_clusters(X, 2, 5, np.random.RandomState(0))
        assert most_threads() == before
    if before == 1:
        pytest.skip("no library has two threads here")
    assert [threads == 1 for threads in seen] == [is_one, is_one]
