"""Write ``skdeepcluster/naming/imagenet_hypernyms.tsv`` from WordNet.

A row for each hypernym of ImageNet's 1,000 classes by which a person would name things: neither
too wide (artifact) nor a technical term (placental, durables). ``python benchmarks/hypernyms.py``
"""

from itertools import groupby
from pathlib import Path

from _wordnet import Nouns
from timm.data import ImageNetInfo

TABLE = Path(__file__).parents[1] / "skdeepcluster" / "naming" / "imagenet_hypernyms.tsv"
# An eighth of all: the dog has 118, the device 130.
MOST_CLASSES = 125
# A word that is not in the tagged texts must be used to define others.
LEAST_GLOSSES = 10
HEAD = """\
# Hypernyms of the classes of ImageNet-1k: synset, word, classes (numbers from 0, with ranges).
# Made from WordNet 3.0 by benchmarks/hypernyms.py; its licence is in LICENSE-WordNet.
"""


def main():
    nouns = Nouns()
    classes = {}
    for number, synset in enumerate(ImageNetInfo().label_names()):
        for offset in nouns.distances_up(synset[1:]):
            classes.setdefault(offset, []).append(number)
    rows = [
        f"n{offset}\t{nouns.words[offset][0]}\t{_ranges(numbers)}\n"
        for offset, numbers in sorted(classes.items())
        if 1 < len(numbers) <= MOST_CLASSES and _is_common(nouns, offset)
    ]
    TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")
    print(f"{len(rows)} hypernyms")


def _is_common(nouns, offset):
    return nouns.n_tagged(offset) > 0 or nouns.n_glosses(nouns.words[offset][0]) >= LEAST_GLOSSES


def _ranges(numbers):
    """Write "1-3,7" of 1, 2, 3, 7."""
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ends = [(run[0][1], run[-1][1]) for run in (list(run) for _, run in runs)]
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)


if __name__ == "__main__":
    main()
