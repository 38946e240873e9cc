"""Training that goes on from the last epoch after its process was killed."""

import contextlib
import os
import time
import uuid
import warnings
from pathlib import Path

import joblib
import numpy as np
import torch

from ..process_group import from_first, rank
from ._losses import Assignment

# A file that is older is not being written any more.
_SECONDS_TO_SAVE = 3600


class Checkpoint:
    """A file that holds the state of a training under way.

    Parameters
    ----------
    memory : path, joblib.Memory or None
        Folder of the user's cache; None keeps nothing.
    *depends_on
        All that decides what the training computes; equal values find the file again.
    """

    def __init__(self, memory, *depends_on):
        location = getattr(memory, "location", memory)
        self._path = None
        # Other ranks are told what rank 0 has.
        if location is not None and rank() == 0:
            folder = Path(location) / "skdeepcluster" / "checkpoints"
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / f"{joblib.hash((depends_on, torch.__version__))}.pt"

    def load(self):
        """Return the last state, the same on every rank, or None if there is none."""
        return from_first(self._read())

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

    def save(self, state):
        """Replace the last state by this one, of tensors, numbers and lists."""
        if self._path is None:
            return
        # Another run may save the same at the same time.
        partial = self._path.with_name(f"{self._path.stem}-{uuid.uuid4().hex}.partial")
        try:
            torch.save(state, partial)
            os.replace(partial, self._path)
        finally:
            partial.unlink(missing_ok=True)

    def remove(self):
        """Remove the file, and what killed processes left of one."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            for partial in self._path.parent.glob(f"{self._path.stem}-*.partial"):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - partial.stat().st_mtime > _SECONDS_TO_SAVE:
                        partial.unlink()


def train_epochs(trainer, n_epochs, random_state, *, memory, depends_on=(), renew=None):
    """Train a number of epochs, from the last checkpoint on if there is one.

    Parameters
    ----------
    trainer : StageTrainer
    n_epochs : int
    random_state : RandomState instance
        Draws what ``renew`` needs; its state is kept along.
    memory : path, joblib.Memory or None
        Where checkpoints are kept; None keeps none.
    depends_on : tuple
        What ``renew`` depends on.
    renew : callable, default=None
        ``renew(epoch, assignment)`` returns the assignment of an epoch, from that before; both
        may be None.

    Returns
    -------
    losses : list of float
        Mean loss of each epoch.
    """
    checkpoint = Checkpoint(
        memory,
        n_epochs,
        depends_on,
        random_state.get_state() if memory is not None else None,
        trainer.identity() if memory is not None else None,
    )
    losses: list[float] = []
    assignment = None
    saved = checkpoint.load()
    if saved is not None:
        trainer.load_state(saved["trainer"])
        _restore(random_state, saved["random_state"])
        losses = saved["losses"]
        assignment = saved["assignment"] and Assignment(*saved["assignment"])
    for epoch in trainer.epochs(len(losses), n_epochs):
        if renew is not None:
            assignment = renew(epoch, assignment)
        losses.append(trainer.train_epoch(assignment))
        if memory is not None:
            checkpoint.save(
                {
                    "trainer": trainer.state(),
                    "random_state": _plain(random_state),
                    "losses": losses,
                    "assignment": assignment and tuple(assignment),
                }
            )
    checkpoint.remove()
    return losses


def _plain(random_state):
    """Write a generator's state in types that torch reads without running code."""
    kind, keys, *rest = random_state.get_state()
    return [kind, torch.from_numpy(keys.astype(np.int64)), *rest]


def _restore(random_state, state):
    kind, keys, *rest = state
    random_state.set_state((kind, keys.numpy().astype(np.uint32), *rest))
