"""From the dependency tree of a sentence to objects and relations."""

from typing import Any, NamedTuple

from ._lexicon import (
    ARTICLES,
    CONTAINERS,
    NUMBERS,
    PLACES,
    PLURALS,
    POSSESSIVES,
    PRONOUNS,
    QUALITIES,
    SAME_PREPOSITIONS,
    SAME_VERBS,
)
from ._noun_phrases import compounds, label
from ._tokens import (
    counting_of,
    is_bare,
    is_fronted,
    is_negated,
    is_object,
    is_predicate,
    prepositions,
    with_conjuncts,
)


class Facts(NamedTuple):
    """The objects, attributes and relations that a sentence states.

    ``nouns`` maps the position of a word to the label of its object; ``attributes`` lists
    (position, attribute); ``relations`` lists (position, predicate, position).
    """

    nouns: dict[int, str]
    attributes: list[tuple[int, str]]
    relations: list[tuple[int, str, int]]


def extract_facts(doc: Any) -> Facts:
    """Find objects, attributes and relations in a parsed sentence.

    Parameters
    ----------
    doc : spacy.tokens.Doc
        With tags, lemmas and dependencies.

    Returns
    -------
    facts : Facts
    """
    return _Extraction(doc).run()


class _Extraction:
    def __init__(self, doc):
        self.doc = doc
        self.nouns = {t.i: label(t) for t in doc if is_object(t)}
        self.attributes = []
        self.relations = []

    def run(self):
        for token in self.doc:
            if token.i in self.nouns:
                self._noun(token)
            elif counting_of(token):
                self._quantity(token)
        for token in self.doc:
            if is_predicate(token) and not is_negated(token):
                self._verb(token)
        attributes = list(dict.fromkeys(self.attributes))
        relations = [r for r in dict.fromkeys(self.relations) if r[0] != r[2]]
        return Facts(self.nouns, attributes, relations)

    def _noun(self, noun):
        for compound in compounds(noun):
            if compound.lower_ in QUALITIES:
                self.attributes.append((noun.i, compound.lower_))
        for child in noun.children:
            if child.dep_ in ("amod", "nummod", "acomp") and child.pos_ != "NOUN":
                for word in with_conjuncts(child):
                    self._attribute(noun, word)
            elif child.dep_ == "poss":
                named = [child] if child.i in self.nouns else []
                for owner in self._antecedents(child) if child.lower_ in POSSESSIVES else named:
                    self._relate(owner, "have", noun)
            elif child.dep_ == "acl" and child.pos_ == "ADJ":
                self._attribute(noun, child)
        for predicate, target in self._phrases(noun):
            if predicate == "of" and noun.lower_ in CONTAINERS:
                self._relate(target, "in", noun)
            elif predicate == "of":
                self._relate(target, "have", noun)
            else:
                # "Lettuce and cabbage on the table": both are.
                for listed in self._listed_before(noun):
                    self._relate(listed, predicate, target)

    def _quantity(self, word):
        """Give counted or grouped objects their number, and the word's prepositional phrases."""
        for thing in self._targets(counting_of(word)[0]):
            # Of five, "three of them" are still five.
            if word.pos_ == "NUM" and word.lower_ != "one" and thing.i > word.i:
                self._attribute(thing, word)
            for predicate, target in self._phrases(word):
                if predicate != "of":
                    self._relate(thing, predicate, target)

    def _listed_before(self, noun):
        """Return a noun, with the others of its list if it is the last and they have no phrase."""
        listed = [noun.head, *noun.head.conjuncts] if noun.dep_ == "conj" else [noun]
        others = [n for n in listed if n.i < noun.i and n.i in self.nouns]
        if noun.dep_ != "conj" or any(True for other in others for _ in self._phrases(other)):
            return [noun]
        return [*others, noun]

    def _attribute(self, noun, word):
        if word.pos_ == "VERB" and any(c.dep_ == "npadvmod" for c in word.children):
            # "A snow covered lake": the snow covers it.
            for cause in word.children:
                if cause.dep_ == "npadvmod" and cause.i in self.nouns:
                    self._relate(cause, word.lemma_, noun)
            return
        before = [c.lower_ for c in word.children if c.dep_ in ("advmod", "npadvmod")]
        text = NUMBERS.get(word.lower_, word.lower_)
        if text not in ARTICLES:
            self.attributes.append((noun.i, " ".join([*before, text])))

    def _verb(self, verb):
        subjects = self._subjects(verb)
        objects = self._objects(verb)
        lemma = verb.lemma_.lower()
        lemma = SAME_VERBS.get(lemma, lemma)
        name = " ".join([lemma, *(c.lower_ for c in verb.children if c.dep_ == "prt")])
        # "A man wearing no hat" has no attribute "wearing".
        is_stated = any(c.dep_ == "dobj" and is_negated(c) for c in verb.children)
        agents = [
            noun
            for child in verb.children
            if child.dep_ == "agent"
            for noun in self._targets(child)
        ]
        for agent in agents:
            for subject in subjects:
                self._relate(agent, name, subject)
                is_stated = True
        for subject in subjects:
            if verb.lemma_ == "be":
                self._be(verb, subject)
                continue
            for target in objects:
                self._relate(subject, name, target)
                is_stated = True
            for predicate, target in self._stranded(verb):
                is_stated = True
                self._relate(subject, f"{name} {predicate}", target)
            for prep in prepositions(verb):
                is_stated |= self._prepositional(subject, name, objects, prep)
            if not is_stated and verb.pos_ == "VERB" and verb.tag_ in ("VBG", "VBN"):
                self.attributes.append((subject.i, verb.lower_))

    def _prepositional(self, subject, name, objects, prep):
        """Relate the objects of a verb's preposition; return whether there are any."""
        # "Behind a fence a horse eats grass": the horse is there, not the grass.
        before = [thing for thing in objects if thing.i < prep.i]
        reached = list(self._phrase(prep))
        for predicate, target in reached:
            if before and predicate != "with":
                self._relate(before[-1], predicate, target)
            elif name == "cover" and predicate in ("in", "with", "by"):
                self._relate(target, name, subject)
            else:
                self._relate(subject, f"{name} {predicate}", target)
        return bool(reached)

    def _be(self, verb, subject):
        for child in verb.children:
            if child.dep_ == "prep":
                for predicate, target in self._phrase(child):
                    self._relate(subject, predicate, target)
            elif child.dep_ in ("acomp", "attr", "advmod", "oprd"):
                if child.i not in self.nouns:
                    self._complement(subject, child)
                elif child.i != subject.i:
                    self.attributes.append((subject.i, self.nouns[child.i]))
        for predicate, target in self._stranded(verb):
            self._relate(subject, predicate, target)

    def _complement(self, subject, word):
        """Read a complement of "be": "next to the tree", "full of water", "black and white"."""
        reached = list(self._phrases(word))
        for predicate, target in reached:
            joined = predicate in ("to", "of", "from", "than")
            self._relate(subject, f"{word.lower_} {predicate}" if joined else predicate, target)
        a_quality = not reached or (word.pos_ == "ADJ" and word.lower_ != "next")
        # Who is taller than another need not be tall.
        a_quality &= all(predicate != "than" for predicate, _ in reached)
        if a_quality and word.dep_ != "advmod":
            for alternative in with_conjuncts(word):
                self._attribute(subject, alternative)

    def _subjects(self, verb, depth=0):
        """Return the subjects of a verb; in the passive, those that undergo it."""
        if depth > 5:
            return []
        own = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass")]
        named = [n for c in own for n in self._resolved(c)]
        if verb.lemma_ == "be" and any(c.dep_ == "expl" for c in verb.children):
            return [
                n for c in verb.children if c.dep_ in ("attr", "nsubj") for n in self._resolved(c)
            ]
        if named or any(is_negated(c) for c in own):
            return named
        if verb.dep_ in ("acl", "relcl"):
            return self._resolved(verb.head)
        if verb.dep_ in ("conj", "advcl", "xcomp", "ccomp", "pcomp", "dep") and not own:
            head = verb.head
            if head.i in self.nouns:
                return self._resolved(head)
            while head.dep_ == "prep":
                head = head.head
            if head.pos_ in ("VERB", "AUX"):
                return self._subjects(head, depth + 1)
        return []

    def _stranded(self, verb):
        """Return stranded prepositions and their noun: "the desk the computer is on"."""
        named = any(c.dep_ == "nsubj" and self._resolved(c) for c in verb.children)
        if verb.dep_ != "relcl" or verb.head.i not in self.nouns or not named:
            return []
        # A particle is a part of the verb: "the cup she holds up".
        kinds = ("prep", "prt", "advmod") if verb.lemma_ == "be" else ("prep", "advmod")
        return [
            (child.lower_, verb.head)
            for child in verb.children
            if child.dep_ in kinds and child.pos_ in ("ADP", "SCONJ") and is_bare(child)
        ]

    def _objects(self, verb):
        found = [
            n
            for c in verb.children
            if c.dep_ in ("dobj", "dative") or (c.dep_ == "attr" and verb.lemma_ != "be")
            for n in self._resolved(c)
        ]
        if not found and verb.dep_ == "relcl":
            own = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass")]
            # "The shoes the woman is wearing": the noun before is the object.
            if any(self._resolved(c) for c in own) and not self._stranded(verb):
                found = self._resolved(verb.head)
        return found

    def _phrases(self, head):
        """Yield the prepositions of a noun or verb, each with its objects."""
        for prep in prepositions(head):
            yield from self._phrase(prep)

    def _phrase(self, prep):
        name = SAME_PREPOSITIONS.get(prep.lower_, prep.lower_)
        for child in prep.children:
            if child.dep_ == "prep":
                for predicate, target in self._phrase(child):
                    yield f"{name} {predicate}", target
            elif child.dep_ in ("pobj", "pcomp"):
                inner = [c for c in child.children if c.dep_ == "prep" and c.lower_ in ("of", "to")]
                if child.lower_ in PLACES and inner:
                    for of in inner:
                        for target in self._targets(of):
                            yield f"{name} {child.lower_} {of.lower_}", target
                else:
                    for target in self._resolved(child):
                        yield name, target

    def _targets(self, prep):
        return [n for c in prep.children if c.dep_ == "pobj" for n in self._resolved(c)]

    def _resolved(self, token):
        """Return the objects that a noun refers to: all of a list, the members of "a group of"."""
        found = []
        for noun in with_conjuncts(token):
            counted = counting_of(noun)
            if counted:
                found += self._targets(counted[0])
            elif noun.i in self.nouns:
                found.append(noun)
            elif noun.lower_ in PRONOUNS:
                found += self._antecedents(noun)
        return found

    def _antecedents(self, pronoun):
        """Resolve a pronoun to the noun that is named first; "they" to its whole list."""
        before = [self.doc[i] for i in self.nouns if i < pronoun.i]
        # "On a bench, a man reads his book": the book is not the bench's.
        named = [noun for noun in before if not is_fronted(noun)] or before
        many = named[0].conjuncts if named and pronoun.lower_ in PLURALS else ()
        return [*named[:1], *(noun for noun in named if noun in many)]

    def _relate(self, subject, predicate, target):
        self.relations.append((subject.i, predicate, target.i))
