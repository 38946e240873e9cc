"""The role of a word, by its place in the dependency tree of its sentence."""

from ._lexicon import ABSENT, EXCEPT, NOTHING, PERSONS, PLACES, QUANTITIES, SENSES


def is_object(token):
    """Whether a word names a visible thing or person, or one that is said not to be there."""
    if token.lower_ in PERSONS or is_stand_in(token):
        return not counting_of(token)
    if token.pos_ not in ("NOUN", "PROPN") or token.dep_ in ("compound", "npadvmod"):
        return token.pos_ == "NOUN" and token.dep_ == "npadvmod" and token.head.pos_ == "VERB"
    if token.lower_ in NOTHING or counting_of(token):
        return False
    if token.lower_ in SENSES and token.i and token.nbor(-1).lower_ == "in":
        return False
    return not (token.lower_ in PLACES and token.dep_ == "pobj" and _of_phrases(token))


def is_stand_in(token):
    """Whether a word stands for what is not there: "nobody", "no one", "nothing"."""
    if token.lower_ == "one":
        return any(c.lower_ == "no" and c.dep_ in ("det", "neg") for c in token.children)
    return token.lower_ in ABSENT


def is_predicate(token):
    """Whether a word is a verb of its own, not an auxiliary or an adjective."""
    return token.pos_ in ("VERB", "AUX") and token.dep_ not in ("aux", "auxpass", "amod")


def _of_phrases(token):
    return [c for c in token.children if c.dep_ == "prep" and c.lower_ == "of"]


def counting_of(token):
    """Return the "of" of a word that only counts or groups: "two of the men", "a lot of men".

    So are "none of the men" and "nothing but a hat".
    """
    if token.lower_ in NOTHING or token.lower_ in ABSENT:
        but = [c for c in token.children if c.dep_ == "prep" and c.lower_ in EXCEPT]
        if but or token.lower_ == "nothing":
            return but
    return _of_phrases(token) if token.like_num or token.lower_ in QUANTITIES | NOTHING else []


def is_fronted(token):
    """Whether a noun stands in a phrase or clause in front of the main clause."""
    above = [token, *token.ancestors]
    return any(word.dep_ in ("prep", "advcl") and word.i < word.head.i for word in above)


def prepositions(head):
    """Return the prepositions of a word, and adverbs with one: "next" in "next to"."""
    found = [
        c
        for c in head.children
        if c.dep_ == "prep" or (c.dep_ in ("advmod", "acomp") and _has_prep(c))
    ]
    # "In a hat but without a coat".
    return [*found, *(c for p in found for c in p.conjuncts if c.pos_ == "ADP")]


def is_bare(prep):
    """Whether a preposition has no object of its own: "on", "on which"."""
    reached = [c for c in prep.children if c.dep_ in ("pobj", "pcomp", "prep")]
    return prep.lower_ != "where" and all(c.lower_ in ("which", "that", "whom") for c in reached)


def _has_prep(token):
    return any(c.dep_ == "prep" for c in token.children) and token.pos_ in ("ADV", "ADJ", "SCONJ")


def with_conjuncts(token):
    """Return a word with those listed with it; a member of a list itself is returned alone."""
    return [token, *listed_after(token)] if token.dep_ != "conj" else [token]


def listed_after(token):
    """Return the words that a list adds to a word."""
    found = []
    for child in token.children:
        # "Two dogs, a cat and a bird": small models take the cat for what the dogs are.
        in_list = child.dep_ == "appos" and any(c.dep_ == "conj" for c in child.children)
        if child.dep_ == "conj" or in_list:
            found += [child, *listed_after(child)]
    return found
