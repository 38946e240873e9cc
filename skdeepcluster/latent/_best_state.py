"""The best state of a training, as an unsupervised criterion sees it."""

import math

import numpy as np
import torch


class BestState:
    """Remembers the parameters of the epoch that the unsupervised criterion liked best.

    More occupied clusters come first, then a higher neighbourhood information.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its parameters are the ones remembered.
    """

    def __init__(self, optimizer):
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._saved: list[torch.Tensor] = []
        self.merit = (-1, -math.inf)

    def offer(self, labels, score):
        """Keep the present parameters if they are better; return whether they are."""
        merit = (len(np.unique(labels)), score)
        if merit <= self.merit:
            return False
        self.merit = merit
        self._saved = [p.detach().clone() for p in self._parameters]
        return True

    @torch.no_grad()
    def restore(self):
        """Put the best parameters back."""
        for parameter, saved in zip(self._parameters, self._saved, strict=True):
            parameter.copy_(saved)
