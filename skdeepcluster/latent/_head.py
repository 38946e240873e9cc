"""The small network from features to latents."""

import warnings

import numpy as np
import torch
from torch import nn

from ..features import random_rows, row_chunks, scaled_rows

# Means and deviations of so many rows are those of all to half a percent of a deviation.
_N_ROWS_FOR_SCALE = 50_000
# Units of the hidden layer: fewer than clusters cannot tell these apart.
_LEAST_HIDDEN = 512
_HIDDEN_PER_COMPONENT = 2


class LatentHead(nn.Module):
    """Features to unit latents: standardise, linear, ReLU, linear, normalise.

    Parameters
    ----------
    n_features, n_components : int
        Sizes of the input and of the latent space.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, n_features, n_components):
        super().__init__()
        n_hidden = max(_LEAST_HIDDEN, _HIDDEN_PER_COMPONENT * n_components)
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.layers = nn.Sequential(
            nn.Linear(n_features, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_components)
        )

    @classmethod
    def for_features(cls, features, n_components, random_state):
        """Make a head whose standardisation fits the rows of ``features`` at unit length.

        Its weights are random. Of more than 50,000 rows, a random sample speaks for all.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(random_state.randint(2**31)))
            head = cls(features.shape[1], n_components)
        rows = random_rows(len(features), _N_ROWS_FOR_SCALE)
        mean, deviation = _moments(features, rows)
        head.mean.copy_(mean)
        # A feature that never varies says nothing, and must not be blown up later either.
        head.scale.copy_(torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), 0.0))
        return head

    def forward(self, features):
        """Map (n_samples, n_features) to unit latents (n_samples, n_components)."""
        return self.from_standardized(self.standardize(features))

    def standardize(self, features):
        """Scale rows to unit length, then columns to zero mean and unit variance."""
        # In place: of many rows each copy takes tens of megabytes.
        return nn.functional.normalize(features, dim=1).sub_(self.mean).mul_(self.scale)

    def from_standardized(self, standardized):
        """Map standardised features to unit latents."""
        return nn.functional.normalize(self.layers(standardized), dim=1)


def _moments(features, rows):
    """Means and standard deviations of the columns of unit rows, a chunk of these at a time."""
    sums, squares = torch.zeros((2, features.shape[1]), dtype=torch.float64)
    # Columns are measured from the first row: one that never varies has no rounding then.
    first = nn.functional.normalize(as_tensor(scaled_rows(features, rows[:1])), dim=1)[0]
    for chunk in row_chunks(len(rows)):
        unit = nn.functional.normalize(as_tensor(scaled_rows(features, rows[chunk])), dim=1)
        unit -= first
        sums += unit.sum(dim=0, dtype=torch.float64)
        squares += unit.square_().sum(dim=0, dtype=torch.float64)
    mean = sums / len(rows)
    return first + mean, (squares / len(rows) - mean.square()).clamp_min(0).sqrt()


def as_tensor(features):
    """View an array as a tensor that nothing will write to."""
    with warnings.catch_warnings():
        # Of arrays that cannot be written to, such as memory maps of features.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(features))


@torch.inference_mode()
def encode(head, features, chunk_size=8192):
    """Latents of all rows, a chunk at a time.

    Parameters
    ----------
    head : LatentHead
    features : ndarray of shape (n_samples, n_features), float32 or float16
    chunk_size : int, default=8192
        Rows that are computed together.

    Returns
    -------
    latents : ndarray of shape (n_samples, n_components), float32
    """
    device = head.mean.device
    latents = np.empty((len(features), head.layers[-1].out_features), dtype=np.float32)
    for start in range(0, len(features), chunk_size):
        chunk = slice(start, start + chunk_size)
        latents[chunk] = head(as_tensor(scaled_rows(features, chunk)).to(device)).cpu().numpy()
    return latents
