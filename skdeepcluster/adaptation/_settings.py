"""Settings of the training of a backbone's last stages."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class StageSettings:
    """Which stages of a backbone are trained, and with what resources.

    Parameters
    ----------
    n_stages : int
        How many of the backbone's last stages are trained; the others are frozen.
    device : torch.device
    n_views : int, default=6
        Random views of each image that are kept; at least two.
    n_epochs : int or None, default=None
        Epochs towards targets over which the learning rate falls to zero; None keeps it.
    n_jobs : int or None, default=None
        Threads that decode images; None is one per processor.
    verbose : int, default=0
        Above 0, progress bars are shown.
    """

    n_stages: int
    device: torch.device
    n_views: int = 6
    n_epochs: int | None = None
    n_jobs: int | None = None
    verbose: int = 0
