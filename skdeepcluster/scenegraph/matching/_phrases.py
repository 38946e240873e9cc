"""Numbers for phrases, and the sentences they come from."""

import re

import numpy as np
import torch

_WORD = re.compile(r"\w+(?:[-']\w+)*")


def words_of(text):
    """Split a sentence into words, in small letters and without punctuation."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


class PhraseTable:
    """Phrases in the order they were met, with their vectors; row 0 stands for none.

    Parameters
    ----------
    lookup : callable
        Phrases to unit vectors: see ``PhraseVectors``.
    phrases : list of str, default=()
        Those that are in it from the beginning, with
    vectors : torch.Tensor of shape (1 + n_phrases, n_dimensions), default=None
        their vectors, after a row of zeros.
    """

    def __init__(self, lookup, phrases=(), vectors=None):
        self._lookup = lookup
        self._rows = {phrase: row for row, phrase in enumerate(phrases, 1)}
        self.vectors = torch.zeros(1, lookup.n_dimensions) if vectors is None else vectors

    def __len__(self):
        return len(self.vectors)

    def copy(self):
        """Return a table to which phrases can be added without changing this one."""
        return PhraseTable(self._lookup, self._rows, self.vectors)

    @property
    def phrases(self):
        """The phrases, by row, from row 1."""
        return [*self._rows]

    def rows(self, phrases):
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


def document_frequencies(rows, n_phrases):
    """Count the graphs or captions that each phrase is in.

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
    # Row 0 fills up, and stands for phrases that are not met in training: they are in none.
    counts[0] = 0
    return counts


def rarity(counts, n_documents):
    """Inverse document frequency, ``log((1 + n) / (1 + df))``, and not less than 0.05."""
    return torch.log((1 + n_documents) / (1 + counts)).clamp_min(0.05)
