"""Training that resumes after its last completed epoch when its process was killed."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch

from ..images import PathLike
from ..process_group import broadcast_from_rank_0, rank
from ..storage import check_writable, remove_abandoned, whole_file
from ._stage_trainer import StageTrainer
from ._tuning import TuningTargets

# Raised whenever the content of a saved state changes: states of other versions are not found.
_FORMAT = 3


class TrainingStateFile:
    """File with the state of a training in progress, found again by what the training computes.

    Only rank 0 of a process group reads and writes it.

    Parameters
    ----------
    memory : path, joblib.Memory or None
        The user's cache folder; None saves nothing.
    *depends_on
        Everything that determines what the training computes; equal values name the same file.

    Raises
    ------
    OSError
        If nothing can be written to the folder.
    """

    def __init__(self, memory: PathLike | joblib.Memory | None, *depends_on: Any):
        location = getattr(memory, "location", memory)
        self._path: Path | None = None
        if location is not None and rank() == 0:
            folder = Path(location).expanduser() / "skdeepcluster" / "checkpoints"
            check_writable(folder)
            name = joblib.hash((_FORMAT, torch.__version__, depends_on))
            self._path = folder / f"{name}.pt"

    def load(self) -> dict | None:
        """Return the last saved state, the same on every rank, or None if there is none."""
        return broadcast_from_rank_0(self._read())

    def _read(self):
        if self._path is None or not self._path.exists():
            return None
        try:
            return torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception as error:
            # A damaged file fails in as many ways as zip files and pickles do.
            warnings.warn(
                f"The checkpoint {str(self._path)!r} is damaged ({type(error).__name__}); "
                "training starts anew.",
                stacklevel=2,
            )
            return None

    def save(self, state: dict) -> None:
        """Replace the last state by this one, which consists of tensors, numbers and lists."""
        if self._path is not None:
            # torch refuses the name of the partial file, which begins with a dot.
            with whole_file(self._path) as partial, open(partial, "wb") as file:
                torch.save(state, file)

    def remove(self) -> None:
        """Remove the file, and partial files that killed processes left beside it."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            remove_abandoned(self._path.parent)


def train_stages(
    trainer: StageTrainer,
    n_epochs: int,
    random_state: np.random.RandomState,
    *,
    memory: PathLike | joblib.Memory | None,
    depends_on: tuple = (),
    find_targets: Callable[[], TuningTargets] | None = None,
) -> list[float]:
    """Train a backbone's last stages, from the last saved epoch on if there is one.

    Parameters
    ----------
    trainer : StageTrainer
    n_epochs : int
    random_state : RandomState instance
        Draws what ``find_targets`` needs; its state is saved along.
    memory : path, joblib.Memory or None
        Where the state after each epoch is saved until the training is done; None saves none.
    depends_on : tuple, default=()
        What determines the result of ``find_targets``, besides the features and
        ``random_state``.
    find_targets : callable, default=None
        Returns the targets of an epoch, before which it is called. Without, only the
        contrastive loss is minimised.

    Returns
    -------
    losses : list of float
        Mean loss of each epoch.
    """
    # The identity of the images takes a look at every file.
    identity = () if memory is None else (trainer.identity(), random_state.get_state())
    state_file = TrainingStateFile(memory, n_epochs, depends_on, *identity)
    losses: list[float] = []
    saved = state_file.load()
    if saved is not None:
        trainer.load_state(saved["trainer"])
        _set_random_state(random_state, saved["random_state"])
        losses = saved["losses"]
    for _ in trainer.epochs(len(losses), n_epochs):
        targets = None if find_targets is None else find_targets()
        losses.append(trainer.train_epoch(targets))
        if memory is not None:
            state_file.save(
                {
                    "trainer": trainer.state(),
                    "random_state": _random_state_as_tensors(random_state),
                    "losses": losses,
                }
            )
    state_file.remove()
    return losses


def _random_state_as_tensors(random_state):
    """Return a generator's state in types that torch loads without running code."""
    algorithm, keys, *rest = random_state.get_state()
    return [algorithm, torch.from_numpy(keys.astype(np.int64)), *rest]


def _set_random_state(random_state, state):
    algorithm, keys, *rest = state
    random_state.set_state((algorithm, keys.numpy().astype(np.uint32), *rest))
