"""How plausible triples are by themselves: which predicates go between which nouns."""

from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

# Of three triples that are stated, one is taken to be mixed up.
_LOG_ODDS = float(np.log(2))
_EPOCHS = 30
# Of many sentences, not all are read thirty times.
_MOST_STEPS = 2000
_BATCH = 512
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 0.05


class TriplePlausibility(nn.Module):
    """Tells triples that people state from the same words mixed up.

    It learns to tell triples of captions from such with the predicate of another one, and from
    such with subject and object exchanged. Its output is then the logarithm of the ratio of both
    likelihoods (noise-contrastive estimation).

    Parameters
    ----------
    n_dimensions : int
        Length of the vectors of phrases.
    n_hidden : int, default=256
    dropout : float, default=0.2

    References
    ----------
    M. Gutmann, A. Hyvärinen, "Noise-contrastive estimation: A new estimation principle for
    unnormalized statistical models", AISTATS 2010.
    """

    def __init__(self, n_dimensions: int, n_hidden: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(3 * n_dimensions, n_hidden)
        self.output = nn.Linear(n_hidden, 1)

    def forward(self, triples: torch.Tensor) -> torch.Tensor:
        """Return the log-likelihood ratio of triples.

        Parameters
        ----------
        triples : torch.Tensor of shape (..., 3, n_dimensions)
            Vectors of subject, predicate and object.

        Returns
        -------
        log_ratios : torch.Tensor of shape (...)
        """
        hidden = self.hidden(self.dropout(triples.flatten(-2))).relu()
        return self.output(self.dropout(hidden))[..., 0]

    def log_odds(self, triples: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the odds that stated triples are not mixed up.

        It is infinite if a word of a triple is unknown, a vector of zeros: that is no evidence.
        """
        known = (triples != 0).any(dim=-1).all(dim=-1)
        return torch.where(known, self(triples) + _LOG_ODDS, torch.inf)

    def implausibility(self, triples: torch.Tensor) -> torch.Tensor:
        """Return less the log probability that captions have no triple that is mixed up.

        Parameters
        ----------
        triples : torch.Tensor of shape (n_captions, n_triples, 3, n_dimensions)

        Returns
        -------
        implausibility : torch.Tensor of shape (n_captions,), not negative
        """
        return functional.softplus(-self.log_odds(triples)).sum(dim=1)

    @classmethod
    def learn(
        cls, triples: np.ndarray, vectors: torch.Tensor, random_state: np.random.RandomState
    ) -> Self:
        """Learn from triples.

        Parameters
        ----------
        triples : ndarray of shape (n_triples, 3), int64
            Rows of ``vectors``.
        vectors : torch.Tensor of shape (n_phrases, n_dimensions)
        random_state : RandomState

        Returns
        -------
        plausibility : TriplePlausibility
        """
        network = cls(vectors.shape[1])
        n = len(triples)
        n_batches = -(-n // _BATCH)
        n_steps = min(_EPOCHS * n_batches, _MOST_STEPS)
        optimizer = torch.optim.AdamW(
            network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, _LEARNING_RATE, total_steps=max(2, n_steps)
        )
        for step in range(n_steps):
            place = step % n_batches
            if not place:
                order = random_state.permutation(n)
            batch = triples[order[place * _BATCH : (place + 1) * _BATCH]]
            others = triples[random_state.randint(n, size=len(batch)), 1]
            replaced = np.stack([batch[:, 0], others, batch[:, 2]], axis=1)
            stated, *mixed = (
                network(vectors[torch.from_numpy(rows)])
                for rows in (batch, replaced, batch[:, ::-1].copy())
            )
            loss = functional.softplus(-stated).mean()
            loss = loss + sum(functional.softplus(ratios).mean() for ratios in mixed) / len(mixed)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        return network.eval().requires_grad_(False)
