"""Labels of objects: a noun and the nouns before it."""

from ._lexicon import QUALITIES


def label(token):
    """Return the noun in the singular, with preceding nouns that make it another kind of thing."""
    words = [*(c for c in compounds(token) if c.lower_ not in QUALITIES), token]
    texts = [word.lower_ for word in words[:-1]] + [token.lemma_.lower()]
    joined = texts[0]
    for before, word, text in zip(words[:-1], words[1:], texts[1:], strict=True):
        joined += _between(before, word) + text
    return joined


def compounds(token):
    """Return the nouns of a compound before its head, in the order of the sentence."""
    found = []
    for child in token.lefts:
        if child.dep_ in ("compound", "nmod") or (child.dep_ == "amod" and child.pos_ == "NOUN"):
            found += [*compounds(child), child]
    return found


def _between(word, following):
    """Return what joins two words of a label: a hyphen if the sentence has one."""
    between = word.doc[word.i + 1 : following.i]
    return "-" if [t.text for t in between] == ["-"] else " "
