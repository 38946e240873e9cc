"""Hubs: images that are similar to any caption, and captions that are similar to any image."""

from typing import NamedTuple, Self

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from torch import nn

# Others that are kept, and compared exactly when hubness is learned.
MOST_IMAGES, MOST_CAPTIONS = 1024, 2048
_PENALTIES = np.logspace(-4, 2, 13)


class Compared(NamedTuple):
    """Images or captions that were compared with others, to learn their hubness from.

    ``pooled`` and ``others`` are the vectors of the two sides, float of shapes (n, n_numbers) and
    (n_others, n_numbers), whose inner products are a first guess of the ``similarities``, float of
    shape (n, n_others); ``matching``, bool of that shape, is where the two belong together.
    """

    pooled: torch.Tensor
    others: torch.Tensor
    similarities: torch.Tensor
    matching: torch.Tensor

    def exchanged(self) -> Self:
        """Return the same with the sides exchanged."""
        return type(self)(self.others, self.pooled, self.similarities.T, self.matching.T)


class Hubness(nn.Module):
    """Tells how similar images are to captions that do not match, or captions to such images.

    In high dimensions a few points are near to most others, and rank first wherever they do not
    belong. Hubness is ``log(mean_b exp(s * S_b)) / s`` over the similarities ``S_b`` with a bank of
    others from the training, where ``s`` is the logit scale: subtracted, what is left is by how
    much a pair is more similar than the softmax of the loss expects of one that does not match
    (inverted softmax; querybank normalisation).

    The bank is compared by one vector each. By how much that misses the similarities of all nodes
    is learned by a ridge regression on the vector.

    Parameters
    ----------
    n_others, n_numbers : int
        Size of the bank, and length of its vectors.

    References
    ----------
    S. L. Smith et al., "Offline bilingual word vectors, orthogonal transformations and the inverted
    softmax", ICLR 2017. S.-V. Bogolin et al., "Cross Modal Retrieval with Querybank Normalisation",
    CVPR 2022.
    """

    others: torch.Tensor
    slope: torch.Tensor
    intercept: torch.Tensor

    def __init__(self, n_others: int, n_numbers: int) -> None:
        super().__init__()
        self.register_buffer("others", torch.zeros(n_others, n_numbers))
        self.register_buffer("slope", torch.zeros(n_numbers))
        self.register_buffer("intercept", torch.zeros(()))

    def forward(self, pooled: torch.Tensor, steepness: torch.Tensor) -> torch.Tensor:
        """Return the hubness of images or captions, beyond the mean of those of the training.

        Parameters
        ----------
        pooled : torch.Tensor of shape (n, n_numbers)
        steepness : torch.Tensor, scalar
            The logit scale.

        Returns
        -------
        hubness : torch.Tensor of shape (n,)
        """
        guessed = soft_mean(pooled @ self.others.T, steepness)
        return guessed + pooled @ self.slope + self.intercept

    @classmethod
    def learn(cls, compared: Compared, steepness: torch.Tensor) -> Self:
        """Learn from what was compared with others of which some do not match.

        Parameters
        ----------
        compared : Compared
        steepness : torch.Tensor, scalar
            The logit scale.

        Returns
        -------
        hubness : Hubness
        """
        pooled, others, similarities, matching = compared
        guessed, measured = (
            soft_mean(values.masked_fill(matching, -torch.inf), steepness)
            for values in (pooled @ others.T, similarities)
        )
        missed = (measured - guessed).double().numpy()
        regression = RidgeCV(_PENALTIES).fit(pooled.double().numpy(), missed)
        hubness = cls(*others.shape)
        hubness.others = others.clone()
        hubness.slope = torch.from_numpy(regression.coef_).float()
        hubness.intercept = torch.tensor(regression.intercept_).float() - measured.mean()
        return hubness


def soft_mean(similarities: torch.Tensor, steepness: torch.Tensor) -> torch.Tensor:
    """Return the value of each row whose exponential is the mean of those of the finite ones.

    Parameters
    ----------
    similarities : torch.Tensor of shape (n, n_others)
    steepness : torch.Tensor, scalar
        Their factor in the exponentials.

    Returns
    -------
    means : torch.Tensor of shape (n,)
    """
    counts = similarities.isfinite().sum(dim=1)
    return ((steepness * similarities).logsumexp(dim=1) - counts.log()) / steepness
