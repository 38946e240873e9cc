import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from .train_in_ranks import train_and_cluster

_SCRIPT = Path(__file__).with_name("train_in_ranks.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder, messages of two ranks, and results of one process and of two ranks."""
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("torch was built without gloo")
    folder = tmp_path_factory.mktemp("ranks")
    for name in ("one", "two"):
        (folder / name).mkdir()
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, *launcher, str(_SCRIPT), str(folder / "two")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    results = {
        "one": train_and_cluster(folder / "one"),
        **{f"rank {rank}": dict(np.load(folder / f"two/rank-{rank}.npz")) for rank in range(2)},
    }
    return folder, done.stderr, results


def test_every_rank_ends_with_the_same(runs):
    _, _, results = runs
    for name, values in results["rank 0"].items():
        np.testing.assert_array_equal(values, results["rank 1"][name])


def relative_errors(found, expected):
    return np.linalg.norm(found - expected, axis=-1) / np.linalg.norm(expected, axis=-1)


def test_two_ranks_do_what_one_process_does(runs):
    """In the first gradient, sums in another order are all the difference."""
    _, _, results = runs
    one, two = results["one"], results["rank 0"]
    np.testing.assert_array_equal(two["frozen"], one["frozen"])
    assert relative_errors(two["gradient"], one["gradient"]) < 1e-5
    assert relative_errors(two["first"], one["first"]).max() < 1e-4
    # Adam magnifies rounding from step to step: a process of two threads, instead of one,
    # drifts as far.
    assert relative_errors(two["tuned"], one["tuned"]).max() < 0.02
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-3)
    assert relative_errors(one["tuned"], one["frozen"]).min() > 0.05
    np.testing.assert_array_equal(two["labels"], one["labels"])


def test_rank_0_alone_writes(runs):
    folder, messages, _ = runs
    assert (folder / "two" / "model-0").is_dir()
    assert not (folder / "two" / "model-1").exists()
    one, two = (
        sorted(path.stat().st_size for path in (folder / name).rglob("cache/**/*.safetensors"))
        for name in ("one", "two")
    )
    assert two == one
    # Rank 0 alone shows how far it is.
    assert messages.count("random views: 170 of 170 images") == 1


def test_ranks_that_would_drift_apart_are_refused(runs):
    _, _, results = runs
    assert "random_state" in str(results["rank 1"]["error"])
