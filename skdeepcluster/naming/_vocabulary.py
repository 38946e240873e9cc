"""The words for what a network was taught to tell apart, and for kinds of it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

_N_CLASSES = 1000


class Vocabulary(NamedTuple):
    """Words, each for one class or for several.

    ``words`` is a list of str, ``synsets`` the names of their meanings in WordNet, ``members`` a
    bool array of shape (n_words, n_classes): which classes each is a word for. Classes come first,
    their hypernyms after them.
    """

    words: list[str]
    synsets: list[str]
    members: np.ndarray


@cache
def imagenet_vocabulary() -> Vocabulary:
    """Return the names of the 1,000 classes of ImageNet, and their hypernyms in WordNet."""
    words, synsets, members = [], [], []
    table = files(__package__).joinpath("imagenet_words.tsv").read_text("utf-8")
    for line in table.splitlines():
        if line.startswith("#"):
            continue
        synset, word, ranges = line.split("\t")
        words.append(word)
        synsets.append(synset)
        members.append(np.isin(np.arange(_N_CLASSES), [*_numbers(ranges)]))
    return Vocabulary(words, synsets, np.stack(members))


def _numbers(ranges):
    """Yield the numbers of "1-3,7"."""
    for run in ranges.split(","):
        first, _, last = run.partition("-")
        yield from range(int(first), int(last or first) + 1)
