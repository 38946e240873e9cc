"""Write ``skdeepcluster/naming/imagenet_words.tsv`` from timm's class names and WordNet.

A row for each of ImageNet's 1,000 classes, and one for each of their hypernyms by which a person
would name things: neither too wide (artifact) nor a technical term (placental, durables).
``python benchmarks/imagenet_words.py``
"""

from itertools import groupby
from pathlib import Path

from _wordnet import Nouns
from timm.data import ImageNetInfo

TABLE = Path(__file__).parents[1] / "skdeepcluster" / "naming" / "imagenet_words.tsv"
# An eighth of all: the dog has 118, the device 130.
MOST_CLASSES = 125
# A word that is not in the tagged texts must be used to define others.
LEAST_GLOSSES = 10
HEAD = """\
# The classes of ImageNet-1k and their hypernyms: synset, word, classes (numbers, with ranges).
# Made from WordNet 3.0 by benchmarks/imagenet_words.py; its licence is in LICENSE-WordNet.
"""


def main():
    nouns, names = Nouns(), ImageNetInfo()
    synsets = names.label_names()
    # "tench, Tinca tinca": synonyms, the best known first.
    words = [name.partition(",")[0] for name in names.label_descriptions()]
    rows = [
        f"{synset}\t{word}\t{number}\n"
        for number, (synset, word) in enumerate(zip(synsets, words, strict=True))
    ]
    classes = {}
    for number, synset in enumerate(synsets):
        for offset in nouns.distances_up(synset[1:]):
            classes.setdefault(offset, []).append(number)
    rows += [
        f"n{offset}\t{nouns.words[offset][0]}\t{_ranges(numbers)}\n"
        for offset, numbers in sorted(classes.items())
        if 1 < len(numbers) <= MOST_CLASSES and _is_common(nouns, offset)
    ]
    TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")
    print(f"{len(rows)} words")


def _is_common(nouns, offset):
    return nouns.n_tagged(offset) > 0 or nouns.n_glosses(nouns.words[offset][0]) >= LEAST_GLOSSES


def _ranges(numbers):
    """Write "1-3,7" of 1, 2, 3, 7."""
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ends = [(run[0][1], run[-1][1]) for run in (list(run) for _, run in runs)]
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)


if __name__ == "__main__":
    main()
