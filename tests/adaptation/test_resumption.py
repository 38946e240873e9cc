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
from skdeepcluster.adaptation._resumption import TrainingStateFile
from skdeepcluster.storage import whole_file

from .fine_tune_killed import fine_tune

_SCRIPT = Path(__file__).with_name("fine_tune_killed.py")


class Interrupted(Exception):
    pass


@pytest.fixture
def epochs(monkeypatch):
    """Counts the computed epochs; after ``limit`` of them, the training is interrupted."""
    counted = {"n": 0, "limit": 1}
    train = StageTrainer.train_epoch

    def counting(trainer, targets=None):
        if counted["n"] == counted["limit"]:
            raise Interrupted
        counted["n"] += 1
        return train(trainer, targets)

    monkeypatch.setattr(StageTrainer, "train_epoch", counting)
    return counted


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_fine_tuning_resumes_bit_for_bit(tmp_path, epochs):
    """The clusters, found anew before the next epoch, are those that it would have had."""
    command = [sys.executable, str(_SCRIPT), str(tmp_path / "killed"), "3"]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list((tmp_path / "killed").rglob("*.pt"))) == 1
    epochs.update(limit=9)
    resumed = fine_tune(tmp_path / "killed")
    assert epochs["n"] == 1
    uninterrupted = fine_tune(tmp_path / "uninterrupted")
    assert epochs["n"] == 1 + 4
    assert len(uninterrupted["losses"]) == 4
    for name, values in uninterrupted.items():
        np.testing.assert_array_equal(resumed[name], values)
    assert not list(tmp_path.rglob("checkpoints/*"))


def adapter(folder, **changed):
    settings = {"n_stages": 1, "max_iter": 2, "random_state": 0, **changed}
    return SelfSupervisedAdapter(
        "untrained:test_resnet", image_size=32, n_jobs=1, memory=folder, **settings
    )


def weights(fitted):
    return torch.cat(
        [tensor.flatten() for tensor in fitted.backbone_.network.state_dict().values()]
    )


def test_an_adapter_resumes(snapshots, tmp_path, epochs):
    with pytest.raises(Interrupted):
        adapter(tmp_path).fit(snapshots[0])
    epochs.update(n=0)
    resumed = adapter(tmp_path).fit(snapshots[0])
    assert epochs["n"] == 1
    epochs.update(n=0, limit=9)
    uninterrupted = adapter(None).fit(snapshots[0])
    assert epochs["n"] == 2
    assert torch.equal(weights(resumed), weights(uninterrupted))
    assert resumed.loss_curve_ == uninterrupted.loss_curve_


@pytest.mark.parametrize("changed", [{}, {"random_state": 1}, {"max_iter": 3}, {"n_stages": 2}])
def test_another_training_does_not_resume_it(changed, snapshots, tmp_path, epochs):
    images = snapshots[0][::4]
    with pytest.raises(Interrupted):
        adapter(tmp_path).fit(images)
    epochs.update(n=0, limit=9)
    est = adapter(tmp_path, **changed).fit(images if changed else images[::-1].copy())
    assert epochs["n"] == est.max_iter


def test_damaged_checkpoint(snapshots, tmp_path, epochs):
    with pytest.raises(Interrupted):
        adapter(tmp_path).fit(snapshots[0])
    (path,) = tmp_path.rglob("*.pt")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    epochs.update(n=0, limit=9)
    with pytest.warns(UserWarning, match="damaged.*starts anew"):
        adapter(tmp_path).fit(snapshots[0])
    assert epochs["n"] == 2


def test_nothing_is_saved_that_could_not_be_found_again(snapshots, tmp_path, epochs):
    with pytest.raises(Interrupted):
        adapter(tmp_path, random_state=None).fit(snapshots[0])
    assert not list(tmp_path.rglob("*.pt"))


def test_partial_states_of_killed_processes_are_removed(tmp_path):
    state_file = TrainingStateFile(tmp_path, "training")
    state_file.save({"losses": [1.0]})
    (path,) = tmp_path.rglob("*.pt")
    with whole_file(path) as partial:
        partial.touch()
    partial.write_bytes(b"half")
    os.utime(partial, (0, 0))
    state_file.remove()
    assert not list(path.parent.iterdir())


def test_states_of_another_format_are_not_read(tmp_path, monkeypatch):
    TrainingStateFile(tmp_path, "training").save({"losses": [1.0]})
    assert TrainingStateFile(tmp_path, "training").load() == {"losses": [1.0]}
    monkeypatch.setattr("skdeepcluster.adaptation._resumption._FORMAT", 99)
    assert TrainingStateFile(tmp_path, "training").load() is None


def test_any_random_number_generator(snapshots):
    generator = np.random.RandomState(np.random.PCG64(0))
    fitted = adapter(None, random_state=generator, max_iter=1).fit(snapshots[0][::4])
    assert len(fitted.loss_curve_) == 1
