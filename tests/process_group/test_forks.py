"""Children that are forked after the parent has computed."""

import multiprocessing
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")

# In a process of its own, since the tests compute in one thread, which hides what would hang.
_SCRIPT = """
import multiprocessing, sys
import numpy as np
from skdeepcluster import DeepImageClusterer, ImageEmbedder

kind = sys.argv[1]
rng = np.random.default_rng(0)
if kind == "features":
    X = rng.normal(size=(600, 64)).astype(np.float32)
    est = DeepImageClusterer(3, max_iter=1, random_state=0)
else:
    X = rng.integers(0, 255, (30, 40, 40, 3), dtype=np.uint8)
    est = DeepImageClusterer(
        3, max_iter=1, n_views=0, image_size=32, engine=kind, random_state=0
    )
est.fit(X)
score = est.score(X)

def ask(method):
    return getattr(est, method)(X)

with multiprocessing.get_context("fork").Pool(1) as pool:
    for method in ("predict", "transform", "score", "fit_predict"):
        found = pool.apply_async(ask, [method]).get(timeout=300)
        expected = {
            "predict": est.labels_, "transform": est.embedding_, "score": score,
            "fit_predict": est.labels_,
        }[method]
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=method)
# The parent computes as before.
np.testing.assert_array_equal(est.predict(X), est.labels_)
print("answered")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["features", "torch", "onnxruntime"])
def test_children_answer(kind):
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    process = subprocess.run(
        [sys.executable, "-c", _SCRIPT, kind],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.stdout == "answered\n", process.stderr


def test_only_children_compute_in_one_thread():
    import torch

    from skdeepcluster.process_group import heed_forks

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        heed_forks()
        assert torch.get_num_threads() == 2
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply(_threads_of_a_child) == 1
        heed_forks()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def _threads_of_a_child():
    import torch

    from skdeepcluster.process_group import heed_forks

    heed_forks()
    return torch.get_num_threads()
