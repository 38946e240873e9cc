"""The nouns of WordNet 3.0, whose offsets are the names of ImageNet's classes.

Read from the files of Princeton's database as Debian packs them: ``apt-get install wordnet-base``.
"""

import os
import re
from collections import Counter, deque
from functools import cached_property
from itertools import pairwise
from pathlib import Path

FOLDER = Path(os.environ.get("SKDEEPCLUSTER_WORDNET", "/usr/share/wordnet"))


class Nouns:
    """Synsets of nouns by their offsets, such as "02084071" of the dog."""

    def __init__(self, folder=FOLDER):
        self._folder = Path(folder)
        if not (self._folder / "data.noun").is_file():
            raise SystemExit(f"{folder} has no data.noun: apt-get install wordnet-base")
        self.words, self.parents, self._keys, self._glosses = {}, {}, {}, []
        for line in self._lines("data.noun"):
            entry, _, gloss = line.partition("|")
            offset, file, _, n_words, *rest = entry.split()
            n_words = int(n_words, 16)
            words, numbers = rest[: 2 * n_words : 2], rest[1 : 2 * n_words : 2]
            pointers = rest[2 * n_words + 1 :]
            self.words[offset] = [word.replace("_", " ") for word in words]
            self.parents[offset] = [
                target
                for kind, target in zip(pointers[::4], pointers[1::4], strict=False)
                if kind in ("@", "@i")
            ]
            self._keys[offset] = [
                f"{word.lower()}%1:{file}:{int(number, 16):02}::"
                for word, number in zip(words, numbers, strict=True)
            ]
            self._glosses.append(gloss.lower())

    def _lines(self, name):
        lines = (self._folder / name).read_text("utf-8").splitlines()
        return (line for line in lines if not line.startswith("  "))

    def distances_up(self, offset):
        """Count the steps to a synset's hypernyms, of which it is itself one, at 0."""
        steps, waiting = {offset: 0}, deque([offset])
        while waiting:
            current = waiting.popleft()
            for parent in self.parents[current]:
                if parent not in steps:
                    steps[parent] = steps[current] + 1
                    waiting.append(parent)
        return steps

    def distance(self, one, other):
        """Count the steps between two synsets by way of the nearest hypernym that they share."""
        up, down = self.distances_up(one), self.distances_up(other)
        return min(up[shared] + down[shared] for shared in up.keys() & down.keys())

    @cached_property
    def _tagged(self):
        rows = map(str.split, self._lines("cntlist.rev"))
        return {key: int(count) for key, _, count in rows}

    def n_tagged(self, offset):
        """How often a synset occurs in the texts that WordNet's authors tagged."""
        return sum(self._tagged.get(key, 0) for key in self._keys[offset])

    @cached_property
    def _in_glosses(self):
        found = Counter()
        for gloss in self._glosses:
            words = re.findall("[a-z-]+", gloss)
            found.update({*words, *map(" ".join, pairwise(words))})
        return found

    def n_glosses(self, word):
        """How many definitions of nouns use a word of one or two parts."""
        return self._in_glosses[word.lower()] + self._in_glosses[f"{word.lower()}s"]
