"""The best state of a training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class BestState:
    """Keeps copies of tensors from when a criterion was highest.

    Parameters
    ----------
    tensors : iterable of torch.Tensor
        What is kept and restored in place, such as parameters and buffers.

    Attributes
    ----------
    score : float, tuple or None
        The highest score yet.
    """

    def __init__(self, tensors: Iterable[torch.Tensor]) -> None:
        self._tensors = [tensor.detach() for tensor in tensors]
        self._copies: list[torch.Tensor] = []
        self.score: Any = None

    def offer(self, score: Any) -> bool:
        """Keep the present values if the score is the highest yet; return whether it is.

        Parameters
        ----------
        score : float or tuple
            Tuples are compared item by item.
        """
        if self.score is not None and not score > self.score:
            return False
        self.score = score
        self._copies = [tensor.clone() for tensor in self._tensors]
        return True

    def restore(self) -> None:
        """Put the values of the best state back, if there was any."""
        if self._copies:
            for tensor, copy in zip(self._tensors, self._copies, strict=True):
                tensor.copy_(copy)
