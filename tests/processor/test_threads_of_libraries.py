import numpy as np
import pytest
from scipy import linalg
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info, threadpool_limits

from skdeepcluster import DeepImageClusterer
from skdeepcluster.processor import linear_algebra_in_one_thread


def threads_of_blas():
    return {each["num_threads"] for each in threadpool_info() if has_own_threads(each)}


def has_own_threads(library):
    return library.get("threading_layer") == "pthreads"


@pytest.fixture
def two_threads_of_blas():
    with threadpool_limits(2, user_api="blas"):
        if threads_of_blas() != {2}:
            pytest.skip("linear algebra has no second thread here")
        yield


def test_linear_algebra_gets_its_threads_back(two_threads_of_blas):
    before = threadpool_info()
    with linear_algebra_in_one_thread():
        assert threads_of_blas() == {1}
        others = [each for each in threadpool_info() if not has_own_threads(each)]
        assert others == [each for each in before if not has_own_threads(each)]
    assert threadpool_info() == before


@pytest.mark.parametrize("init", ["consensus", "kmeans"])
@pytest.mark.parametrize("n_clusters", [10, "auto"])
def test_decompositions_of_a_fit_have_one_thread(
    two_threads_of_blas, monkeypatch, init, n_clusters
):
    seen = {}

    def watch(module, name):
        decompose = getattr(module, name)

        def watched(*args, **kwargs):
            seen.setdefault(name, set()).update(threads_of_blas())
            return decompose(*args, **kwargs)

        monkeypatch.setattr(module, name, watched)

    # Scikit-learn's randomised ones, those of the modules that call them by these names, and
    # NumPy's.
    for name in ("svd", "qr", "eigh"):
        watch(linalg, name)
        watch(np.linalg, name)
    X = load_digits().data.astype(np.float32)
    est = DeepImageClusterer(n_clusters, init=init, max_iter=2, random_state=0).fit(X)
    assert len(est.tree_.children_) == est.n_clusters_ - 1
    assert seen
    assert set().union(*seen.values()) == {1}, seen
