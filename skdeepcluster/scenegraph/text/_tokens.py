"""The role of a word, by its place in the dependency tree of its sentence."""

from ._lexicon import NOTHING, PERSONS, PLACES, QUANTITIES
from ._noun_phrases import compounds


def is_object(token):
    """Whether a word names a visible thing or person."""
    if token.lower_ in PERSONS:
        return True
    if token.pos_ not in ("NOUN", "PROPN") or token.dep_ in ("compound", "npadvmod"):
        return token.pos_ == "NOUN" and token.dep_ == "npadvmod" and token.head.pos_ == "VERB"
    if is_negated(token) or counting_of(token):
        return False
    return not (token.lower_ in PLACES and token.dep_ == "pobj" and _of_phrases(token))


def is_predicate(token):
    """Whether a word is a verb of its own, not an auxiliary or an adjective."""
    return token.pos_ in ("VERB", "AUX") and token.dep_ not in ("aux", "auxpass", "amod")


def is_negated(token):
    """Whether a noun or verb is negated: "no dog", "is not sitting"."""
    if token.lower_ in NOTHING or (token.dep_ == "pcomp" and token.head.lower_ == "without"):
        return True
    if is_predicate(token):
        negated = any(c.dep_ == "neg" for c in token.children)
    else:
        negated = any(c.dep_ == "det" and c.lower_ in ("no", "neither") for c in token.children)
        # A "no parking sign" exists.
        negated &= not (token.lemma_ == "sign" and compounds(token))
    # "No dogs or cats", "is not sitting or standing", "does not want to eat".
    either = token.dep_ == "conj" and any(c.lower_ in ("or", "nor") for c in token.head.children)
    return negated or ((either or token.dep_ == "xcomp") and is_negated(token.head))


def _of_phrases(token):
    return [c for c in token.children if c.dep_ == "prep" and c.lower_ == "of"]


def counting_of(token):
    """Return the "of" of a word that only counts or groups: "two of the men", "a lot of men"."""
    return _of_phrases(token) if token.like_num or token.lower_ in QUANTITIES else []


def is_fronted(token):
    """Whether a noun stands in a phrase or clause in front of the main clause."""
    above = [token, *token.ancestors]
    return any(word.dep_ in ("prep", "advcl") and word.i < word.head.i for word in above)


def prepositions(head):
    """Return the prepositions of a word, and adverbs with one: "next" in "next to"."""
    return [
        c
        for c in head.children
        if (c.dep_ == "prep" or (c.dep_ in ("advmod", "acomp") and _has_prep(c)))
        # "A dog not on a leash": small models make "not" depend on the dog.
        and not (c.i and c.nbor(-1).dep_ == "neg")
    ]


def is_bare(prep):
    """Whether a preposition has no object of its own: "on", "on which"."""
    reached = [c for c in prep.children if c.dep_ in ("pobj", "pcomp", "prep")]
    return prep.lower_ != "where" and all(c.lower_ in ("which", "that", "whom") for c in reached)


def _has_prep(token):
    return any(c.dep_ == "prep" for c in token.children) and token.pos_ in ("ADV", "ADJ", "SCONJ")


def with_conjuncts(token):
    """Return a word with its conjuncts; a conjunct itself is returned alone."""
    return [token, *token.conjuncts] if token.dep_ != "conj" else [token]
