"""Nouns in whose place there is another: "a donkey instead of a horse"."""

from ._lexicon import ABSENT, EXCEPT, EXCLUSIONS, NOTHING
from ._negation import is_contrast, is_single
from ._tokens import listed_after

# Words between the beginning of a noun phrase and its noun.
_BEFORE_NOUNS = ("advmod", "amod", "compound", "det", "neg", "nmod", "nummod", "poss", "predet")


def excluded_nouns(doc, nouns):
    """Return the nouns in whose place there is another: "a donkey instead of a horse".

    Parameters
    ----------
    doc : spacy.tokens.Doc
    nouns : container of int
        Positions of all nouns that name something.

    Returns
    -------
    excluded : dict of int to int
        The position of the noun, and of the first of the words that exclude it.
    words : set of int
        Positions of all words that exclude.
    """
    texts = [token.lower_ for token in doc]
    excluded: dict[int, int] = {}
    words: set[int] = set()
    for start, first in enumerate(texts):
        for phrase in EXCLUSIONS.get(first, ()):
            end = start + len(phrase)
            if tuple(texts[start:end]) != phrase or start in words or end >= len(texts):
                continue
            noun = doc[end]
            while noun.i not in nouns and noun.dep_ in _BEFORE_NOUNS and noun.head.i > noun.i:
                noun = noun.head
            # "Nothing except a hat" is a hat.
            if noun.i in nouns and not (start and texts[start - 1] in {*NOTHING, *ABSENT}):
                words.update(range(start, end))
                for word in (noun, *listed_after(noun)):
                    if not is_contrast(word):
                        excluded[word.i] = start
    return excluded, words


def rival_of(doc, nouns, excluded, relations, start):
    """Return the noun that another is excluded for, by position; None if there is none.

    Parameters
    ----------
    doc : spacy.tokens.Doc
    nouns : iterable of int
    excluded : dict of int to int
        As ``excluded_nouns`` returns it.
    relations : iterable of (int, str, int)
        Those that are known.
    start : int
        Position of the first word that excludes.
    """
    before = [i for i in nouns if i < start and i not in excluded]
    if not before:
        # "Instead of a horse, a man rides a donkey".
        return next((target for subject, _, target in relations if subject not in excluded), None)
    # "A man in brown except for his hat": a man has no exceptions.
    is_whole = doc[start].lower_ in EXCEPT and is_single(doc[before[-1]])
    return None if is_whole else before[-1]
