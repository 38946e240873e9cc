import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from skdeepcluster import SelfSupervisedAdapter
from skdeepcluster.adaptation import StageTrainer
from skdeepcluster.adaptation._checkpoint import Checkpoint

_SCRIPT = Path(__file__).with_name("fine_tune_killed.py")


def run(folder, n_epochs=0):
    command = [sys.executable, str(_SCRIPT), str(folder), str(n_epochs), f"{folder}.npz"]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_fine_tuning_goes_on_bit_for_bit(tmp_path):
    """Killed in the middle of a round, so that the assignment is of before."""
    assert run(tmp_path / "whole").returncode == 0
    assert run(tmp_path / "killed", 3).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "killed").rglob("*.pt"))) == 1
    done = run(tmp_path / "killed")
    assert done.returncode == 0, done.stderr
    whole, resumed = (dict(np.load(tmp_path / f"{name}.npz")) for name in ("whole", "killed"))
    assert (len(whole.pop("computed")), len(resumed.pop("computed"))) == (4, 1)
    for name, values in whole.items():
        np.testing.assert_array_equal(resumed[name], values)
    assert not list(tmp_path.rglob("checkpoints/*"))


def adapter(folder, **changed):
    settings = {"n_stages": 1, "max_iter": 2, "random_state": 0, **changed}
    return SelfSupervisedAdapter(
        "untrained:resnet18", image_size=32, n_jobs=1, memory=folder, **settings
    )


class Interrupted(Exception):
    pass


@pytest.fixture
def epochs(monkeypatch):
    """Epochs that are computed; after as many as ``most``, the training is interrupted."""
    counted = {"n": 0, "most": 1}
    train = StageTrainer.train_epoch

    def counting(trainer, assignment=None):
        if counted["n"] == counted["most"]:
            raise Interrupted
        counted["n"] += 1
        return train(trainer, assignment)

    monkeypatch.setattr(StageTrainer, "train_epoch", counting)
    return counted


def weights(fitted):
    return torch.cat(
        [tensor.flatten() for tensor in fitted.backbone_.network.state_dict().values()]
    )


def test_an_adapter_goes_on(snapshots, tmp_path, epochs):
    with pytest.raises(Interrupted):
        adapter(tmp_path).fit(snapshots[0])
    epochs.update(n=0)
    resumed = adapter(tmp_path).fit(snapshots[0])
    assert epochs["n"] == 1
    epochs.update(n=0, most=9)
    whole = adapter(None).fit(snapshots[0])
    assert epochs["n"] == 2
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("changed", [{}, {"random_state": 1}, {"max_iter": 3}, {"n_stages": 2}])
def test_another_training_does_not_take_over(changed, snapshots, tmp_path, epochs):
    images = snapshots[0][::4]
    with pytest.raises(Interrupted):
        adapter(tmp_path).fit(images)
    epochs.update(n=0, most=9)
    est = adapter(tmp_path, **changed).fit(images if changed else images[::-1].copy())
    assert epochs["n"] == est.max_iter


def test_damaged_checkpoint(snapshots, tmp_path, epochs):
    with pytest.raises(Interrupted):
        adapter(tmp_path).fit(snapshots[0])
    (path,) = tmp_path.rglob("*.pt")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    epochs.update(n=0, most=9)
    with pytest.warns(UserWarning, match="damaged.*starts anew"):
        adapter(tmp_path).fit(snapshots[0])
    assert epochs["n"] == 2


def test_nothing_is_kept_that_could_not_be_found(snapshots, tmp_path, epochs):
    with pytest.raises(Interrupted):
        adapter(tmp_path, random_state=None).fit(snapshots[0])
    assert not list(tmp_path.rglob("*.pt"))


def test_what_another_run_is_writing_is_left(tmp_path):
    checkpoint = Checkpoint(tmp_path, "training")
    checkpoint.save({"losses": [1.0]})
    (path,) = tmp_path.rglob("*.pt")
    fresh, old = (path.with_name(f"{path.stem}-{name}.partial") for name in ("fresh", "old"))
    for partial in (fresh, old):
        partial.write_bytes(b"half")
    os.utime(old, (0, 0))
    checkpoint.remove()
    assert [*path.parent.iterdir()] == [fresh]


def test_any_generator_of_numbers(snapshots):
    generator = np.random.RandomState(np.random.PCG64(0))
    fitted = adapter(None, random_state=generator, max_iter=1).fit(snapshots[0][::4])
    assert len(fitted.loss_curve_) == 1
