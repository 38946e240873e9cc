"""Training of an encoder, with a progress bar, up to its best epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ...progress import progress_bar, step
from ...storage import BestState
from ..matching import (
    PairEncoder,
    TrainingPairs,
    TrainingSettings,
    train_matching_model,
)
from ._held_out import HeldOut


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw what networks draw, on the CPU and on a device, from a seed; put the state back."""
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield


def train_pair_encoder(
    encoder: PairEncoder,
    pairs: TrainingPairs,
    held_out: HeldOut | None,
    settings: TrainingSettings,
    random_state: np.random.RandomState,
    verbose: int,
) -> dict[str, list[float]]:
    """Train the matching model of an encoder up to the epoch that was best on held-out pairs.

    Parameters
    ----------
    encoder : PairEncoder
    pairs : TrainingPairs
    held_out : HeldOut or None
        None keeps the last epoch.
    settings : TrainingSettings
    random_state : RandomState
    verbose : int
        Above 0, a progress bar is shown.

    Returns
    -------
    history : dict of str to list of float
        "loss", "seconds" and, if there are held-out pairs, "validation_recall".
    """
    history: dict[str, list[float]] = {"loss": [], "seconds": []}
    best = BestState(encoder.model.state_dict().values())
    best_epoch = 0

    def on_epoch(row: dict[str, Any]) -> None:
        nonlocal best_epoch
        if held_out is not None:
            row["validation_recall"] = held_out.recall(held_out.similarities())
        for name, value in row.items():
            history.setdefault(name, []).append(value)
        shown = {name: f"{row[name]:.3g}" for name in row if name != "seconds"}
        if held_out is not None:
            if best.offer(row["validation_recall"]):
                best_epoch = len(history["loss"])
            shown["best_epoch"] = str(best_epoch)
        bar.set_postfix(shown, refresh=False)
        bar.update()

    n_epochs = settings.max_epochs
    with (
        step("training"),
        progress_bar("training", total=n_epochs, unit="epoch", verbose=verbose) as bar,
    ):
        train_matching_model(
            encoder.model,
            pairs,
            encoder.visual_phrases.vectors,
            encoder.textual_phrases.vectors,
            settings,
            random_state,
            on_epoch,
        )
        if best_epoch:
            bar.set_postfix_str(f"best epoch kept: {best_epoch}")
    best.restore()
    return history
