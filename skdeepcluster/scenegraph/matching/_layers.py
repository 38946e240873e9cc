"""What the encoders of images and of captions have in common.

Both start as the plain vectors of the words: every learned part is added to them and begins at
zero, so that training sets out from the untrained similarity. On a thousand images that is
worth more than width.
"""

import torch
from torch import nn


def zero_linear(n_inputs: int, n_outputs: int) -> nn.Linear:
    """Make a linear layer that returns zeros until it is trained."""
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def zero_embedding(n_rows: int, n_dimensions: int) -> nn.Embedding:
    """Make an embedding of zeros; row 0 is not trained."""
    embedding = nn.Embedding(n_rows, n_dimensions, padding_idx=0)
    nn.init.zeros_(embedding.weight)
    return embedding


def is_known(vectors: torch.Tensor) -> torch.Tensor:
    """Return where vectors are not 0, as those of unknown words and of padding are."""
    return (vectors != 0).any(dim=-1)


def trained_rows(rows: torch.Tensor, n_trained: int) -> torch.Tensor:
    """Replace rows of phrases that were not met in training by 0."""
    return torch.where(rows < n_trained, rows, torch.zeros_like(rows))
