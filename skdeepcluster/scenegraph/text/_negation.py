"""What a sentence denies: the words that negate, and how far they reach.

An absent noun is one that is not there, as the sentence says: "no dog", "without a hat". What is
indefinite and comes after a negated verb is not there either ("is not holding an umbrella");
what is definite is ("is not sitting on the bench").
"""

from ._lexicon import (
    DEFINITES,
    FAILING,
    FREE,
    MERELY,
    MISSING,
    NEGATIONS,
    NOTHING,
    PARTLY,
    PRONOUNS,
)
from ._noun_phrases import compounds
from ._tokens import counting_of, is_predicate, is_stand_in, listed_after, with_conjuncts

_SUBJECTS = ("nsubj", "nsubjpass")
_OR = {"or", "nor"}


def absent_nouns(doc, nouns):
    """Return the positions of the nouns of which a sentence says that they are not there.

    Parameters
    ----------
    doc : spacy.tokens.Doc
    nouns : iterable of int
        Positions of all nouns that name something.

    Returns
    -------
    positions : set of int
    """
    named = [doc[i] for i in nouns]
    found = {noun.i for noun in named if _is_absent(noun)}
    for noun in named:
        if noun.i in found:
            found.update(word.i for word in listed_after(noun) if _is_absent_with(noun, word))
    for verb in doc:
        if is_predicate(verb) and is_negated(verb, found):
            found.update(noun.i for noun in _reached(verb) if is_indefinite(noun))
    # "No dog on a leash": no leash either.
    for noun in named:
        above = noun
        while above.dep_ in ("pobj", "prep", "acl", "relcl", "dobj") and is_indefinite(noun):
            above = above.head
            if above.i in found and not is_aside(above):
                found.add(noun.i)
                break
    return found & set(nouns)


def is_negated(verb, absent=()):
    """Whether a verb is negated by a word of its own, by its subject, or by what it depends on.

    Parameters
    ----------
    verb : spacy.tokens.Token
    absent : set of int, default=()
        Positions of absent nouns: "no man wears a hat".
    """
    own = list(verb.children)
    if any(_negates(word, verb) for word in own):
        return True
    arguments = [c for c in own if c.dep_ in (*_SUBJECTS, "dobj")]
    if any(_is_none(word) for word in arguments):
        return True
    subjects = [s for c in own if c.dep_ in _SUBJECTS for s in with_conjuncts(c)]
    if subjects and all(subject.i in absent for subject in subjects):
        return True
    head = verb.head
    if verb.dep_ == "conj" and _OR & links(head):
        return is_negated(head, absent)
    if verb.dep_ == "pcomp":
        return is_without(head)
    if verb.dep_ == "xcomp":
        return head.lemma_ in FAILING or is_negated(head, absent)
    return False


def is_uncertain(verb):
    """Whether a verb is said of some only: "not all of the men wear hats"."""
    firsts = [c.left_edge for c in verb.children if c.dep_ in _SUBJECTS]
    words = [word for first in firsts for word in (first, *_word_before(first))]
    return any(word.lower_ == "not" and _has_after(word, PARTLY) for word in words)


def is_negated_word(word):
    """Whether an adjective or preposition is negated by a word of its own: "neither wide"."""
    if any(_negates(child, word) for child in word.children):
        return True
    return word.dep_ == "conj" and bool(_OR & links(word.head)) and is_negated_word(word.head)


def is_negated_phrase(prep):
    """Whether a preposition denies what it says: "without a hat", "not on a leash"."""
    before = any(
        word.lower_ in NEGATIONS
        # "Is not in the house" is the verb's.
        and not (is_predicate(word.head) and word.head == prep.head)
        for word in _word_before(prep)
    )
    neither = any(c.dep_ == "pobj" and "neither" in links(c) for c in prep.children)
    return (before or neither) != is_without(prep)


def is_without(prep):
    """Whether a preposition says that its object is not there."""
    return prep.lower_ == "without"


def is_free_of(word):
    """Whether an adjective says that something is not there: "free of cars"."""
    return word.lower_ in FREE and any(c.lower_ in ("of", "from") for c in word.children)


def is_lacking(verb):
    """Whether a verb says that its object is not there: "lacks a wheel", "missing a wheel"."""
    # Who "misses the ball" has one in view.
    return verb.lemma_ == "lack" or (verb.lemma_ == "miss" and verb.lower_ == "missing")


def is_missing(word):
    """Whether a word says that what it describes is not there: "the lid is missing"."""
    return word.lower_ in MISSING and not any(
        c.dep_ in ("dobj", "neg", "ccomp", "xcomp") for c in word.children
    )


def is_aside(noun):
    """Whether an absent noun is said of another in passing, as that with "no" in "with no hat"."""
    return noun.dep_ == "pobj" and noun.head.lower_ in ("with", "without")


def is_of_same(prep):
    """Whether what a preposition adds is a part of what is described: "on his head"."""
    targets = [c for c in prep.children if c.dep_ == "pobj"]
    return all(t.lower_ in PRONOUNS or any(c.dep_ == "poss" for c in t.children) for t in targets)


def is_contrast(word):
    """Whether a word is what there is instead: "not a cat but a dog"."""
    return word.dep_ == "conj" and "but" in links(word.head)


def links(word):
    """Return the conjunctions of a list, in lower case."""
    return {c.lower_ for c in word.children if c.dep_ in ("cc", "preconj", "det")} & {
        *("and", "but", "neither", "nor", "or")
    }


def _is_absent(noun):
    """Whether a noun is denied by words next to it, not by what its verb says."""
    if is_stand_in(noun):
        return True
    if _has_no(noun):
        # A "no parking sign" exists.
        return not (noun.lemma_ == "sign" and compounds(noun))
    # "Neither man is smiling": there are two.
    if {"neither", "nor"} <= links(noun):
        return is_indefinite(noun)
    if _is_denied_before(noun) or any(is_missing(c) for c in noun.children):
        return True
    head = noun.head
    if noun.dep_ in _SUBJECTS:
        # Small models may hang the subject on the auxiliary.
        verbs = (head, head.head, *(c for c in head.children if c.dep_ == "acomp"))
        return any(is_missing(verb) for verb in verbs)
    if noun.dep_ == "dobj":
        return is_lacking(head)
    if noun.dep_ == "pobj":
        denied = is_negated_phrase(head) and (is_without(head) or is_indefinite(noun))
        return denied or is_free_of(head.head)
    return False


def _is_absent_with(noun, word):
    """Whether a list that begins with an absent noun denies another member."""
    if is_contrast(word) or not is_indefinite(word):
        return False
    whole = noun.dep_ == "pobj" and not _has_no(noun)
    whole = whole or (noun.dep_ == "dobj" and is_lacking(noun.head))
    # "No dogs, cats or birds", but "no dogs and a cat".
    return whole or any(_OR & links(n) for n in (noun, *listed_after(noun)))


def _has_no(noun):
    return any(c.lower_ in ("no", "zero") and c.i < noun.i for c in noun.children)


def _is_denied_before(noun):
    """Whether a noun phrase follows a negation: "not a cat", "hardly any cats"."""
    first = noun.left_edge
    for word in (first, *_word_before(first)):
        if word.lower_ in NEGATIONS and not _has_after(word, MERELY | PARTLY):
            # "Not" in "is not a cat" is the verb's.
            return word.head.lemma_ != "be"
    return False


def is_indefinite(noun):
    """Whether a noun phrase may name what was not spoken of before: "a hat", "hats"."""
    return not any(
        c.dep_ == "poss" or (c.dep_ == "det" and c.lower_ in DEFINITES) for c in noun.children
    )


def is_single(noun):
    """Whether a noun phrase names one thing: "a man"."""
    return any(c.lower_ in ("a", "an", "one", "this", "that") for c in noun.children)


def _is_none(word):
    """Whether an argument is "none of them" or "neither the dog nor the cat"."""
    if word.lower_ in NOTHING and any(of.lower_ == "of" for of in counting_of(word)):
        return True
    return "neither" in links(word)


def _negates(word, head):
    """Whether a child of a verb or adjective negates it."""
    if word.lower_ == "neither" and word.dep_ in ("preconj", "cc", "advmod", "det"):
        return True
    if word.lower_ in ("longer", "more"):
        return any(c.lower_ == "no" for c in word.children)
    if word.lower_ not in NEGATIONS or _has_after(word, MERELY):
        return False
    # "Is holding not a phone but a camera" negates the phone.
    return word.i < head.i or head.lemma_ == "be" or word.lower_ in ("n't", "nt", "never")


def _reached(verb):
    """Return the nouns after a verb that it relates to."""
    kinds = ("dobj", "dative", "attr", "oprd", "agent", "prep", "advmod", "acomp")
    objects = [c for c in verb.rights if c.dep_ == "dobj"]
    # "Not holding an umbrella in the rain": it is the object that is denied, not the place.
    found, left = [], [c for c in verb.rights if c.dep_ in (kinds[:5] if objects else kinds)]
    while left:
        word = left.pop()
        found.append(word)
        left += [
            c
            for c in word.rights
            if c.dep_ in ("pobj", "prep") or (c.dep_ == "conj" and not is_contrast(c))
        ]
    return found


def _word_before(word):
    return [word.nbor(-1)] if word.i else []


def _has_after(word, texts):
    return any(after.lower_ in texts for after in word.doc[word.i + 1 : word.i + 2])
