"""Rows of phrases and of their vectors, and how rare phrases are."""

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
import torch

from ._phrase_vectors import PhraseVectors


class PhraseTable:
    """Phrases in the order they were met, with their vectors; row 0 is for padding.

    Parameters
    ----------
    lookup : PhraseVectors
        Where the vectors of new phrases are looked up.
    phrases : iterable of str, default=()
        Phrases of the table from the start.
    vectors : torch.Tensor of shape (1 + n_phrases, n_dimensions), default=None
        Their vectors, after a row of zeros.
    """

    def __init__(
        self,
        lookup: PhraseVectors,
        phrases: Iterable[str] = (),
        vectors: torch.Tensor | None = None,
    ) -> None:
        self._lookup = lookup
        self._rows = {phrase: row for row, phrase in enumerate(phrases, 1)}
        self.vectors = torch.zeros(1, lookup.n_dimensions) if vectors is None else vectors

    def __len__(self) -> int:
        return len(self.vectors)

    def copy(self) -> Self:
        """Return a table to which phrases can be added without changing this one."""
        return type(self)(self._lookup, self._rows, self.vectors)

    @property
    def phrases(self) -> list[str]:
        """The phrases of rows 1, 2, ..."""
        return [*self._rows]

    def knows(self, phrase: str) -> bool:
        """Tell whether a phrase is in the table, and has a vector."""
        row = self._rows.get(phrase)
        return row is not None and bool(self.vectors[row].any())

    def long_phrases(self, n_letters: int) -> np.ndarray:
        """Return the vectors of phrases of at least so many letters, (n, n_dimensions)."""
        rows = [row for phrase, row in self._rows.items() if len(phrase) >= n_letters]
        return self.vectors[rows].numpy()

    def rows(self, phrases: Sequence[str]) -> np.ndarray:
        """Return the rows of phrases, which are added if they are new.

        Parameters
        ----------
        phrases : list of str

        Returns
        -------
        rows : ndarray of shape (n_phrases,), int64
        """
        new = [phrase for phrase in dict.fromkeys(phrases) if phrase not in self._rows]
        if new:
            self._rows.update(zip(new, range(len(self), len(self) + len(new)), strict=True))
            self.vectors = torch.cat([self.vectors, torch.from_numpy(self._lookup(new))])
        return np.fromiter((self._rows[phrase] for phrase in phrases), np.int64, len(phrases))


def document_frequencies(rows: torch.Tensor, n_phrases: int) -> torch.Tensor:
    """Count the graphs or captions that contain each phrase.

    Parameters
    ----------
    rows : torch.Tensor of shape (n, n_nodes), int64
    n_phrases : int

    Returns
    -------
    counts : torch.Tensor of shape (n_phrases,), float32
    """
    pairs = torch.unique(torch.arange(len(rows))[:, None] * n_phrases + rows)
    counts = torch.bincount(pairs % n_phrases, minlength=n_phrases).float()
    # Row 0 is padding, and stands for phrases that were not met in training: no document has it.
    counts[0] = 0
    return counts


def rarity(counts: torch.Tensor, n_documents: int) -> torch.Tensor:
    """Return the inverse document frequency ``log((1 + n) / (1 + df))``, at least 0.05."""
    return torch.log((1 + n_documents) / (1 + counts)).clamp_min(0.05)
