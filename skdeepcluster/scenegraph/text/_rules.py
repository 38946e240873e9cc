"""From the dependency tree of a sentence to objects and relations."""

from typing import Any, NamedTuple

from ._exclusions import excluded_nouns, rival_of
from ._lexicon import (
    ABSENT,
    ARTICLES,
    CONTAINERS,
    EMPHASIS,
    EXCEPT,
    FAILING,
    MERELY,
    NEGATIONS,
    NOTHING,
    NUMBERS,
    PLACES,
    PLURALS,
    POSSESSIVES,
    PRONOUNS,
    QUALITIES,
    SAME_PREPOSITIONS,
    SAME_VERBS,
)
from ._negation import (
    absent_nouns,
    is_aside,
    is_contrast,
    is_free_of,
    is_indefinite,
    is_lacking,
    is_missing,
    is_negated,
    is_negated_phrase,
    is_negated_word,
    is_of_same,
    is_uncertain,
    is_without,
)
from ._noun_phrases import compounds, label
from ._tokens import (
    counting_of,
    is_bare,
    is_fronted,
    is_object,
    is_predicate,
    is_stand_in,
    listed_after,
    prepositions,
    with_conjuncts,
)

Attribute = tuple[int, str]
Relation = tuple[int, str, int]


class Facts(NamedTuple):
    """The objects, attributes and relations that a sentence states, and those that it denies.

    ``nouns`` maps the position of a word to the label of its object; ``absent`` holds the
    positions of those that are said not to be there. ``attributes`` lists (position, attribute),
    ``relations`` (position, predicate, position); what is denied is in ``denied_attributes`` and
    ``denied_relations``, and not in the former.
    """

    nouns: dict[int, str]
    attributes: list[Attribute]
    relations: list[Relation]
    absent: frozenset[int]
    denied_attributes: list[Attribute]
    denied_relations: list[Relation]


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
        self.nouns = {t.i: _name(t) for t in doc if is_object(t)}
        self.absent = absent_nouns(doc, self.nouns)
        self.excluded, self.excluding = excluded_nouns(doc, self.nouns)
        # Whether each attribute and relation is denied.
        self.attributes = {}
        self.relations = {}

    def run(self):
        for token in self.doc:
            if token.i in self.nouns:
                self._noun(token)
            elif counting_of(token):
                self._quantity(token)
        for token in self.doc:
            if is_predicate(token) and not is_uncertain(token):
                self._verb(token, is_negated(token, self.absent))
        for noun, start in self.excluded.items():
            rival = rival_of(self.doc, self.nouns, self.excluded, self.relations, start)
            self._deny_like(rival, noun)
        for relation in self.relations:
            self.relations[relation] |= not self.absent.isdisjoint(relation[::2])
        for attribute in self.attributes:
            self.attributes[attribute] |= attribute[0] in self.absent
        stated, denied = (
            [
                [fact for fact, is_denied in found.items() if is_denied == wanted]
                for found in (self.attributes, self.relations)
            ]
            for wanted in (False, True)
        )
        absent = frozenset(self.absent)
        return Facts(self.nouns, stated[0], stated[1], absent, denied[0], denied[1])

    def _noun(self, noun):
        for compound in compounds(noun):
            if compound.lower_ in QUALITIES:
                self._describe(noun, compound.lower_)
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
        for prep in self._prepositions(noun):
            for predicate, target, negated in self._phrase(prep):
                if predicate == "of" and noun.lower_ in CONTAINERS:
                    self._relate(target, "in", noun)
                elif predicate == "of":
                    self._relate(target, "have", noun)
                else:
                    # "Lettuce and cabbage on the table": both are.
                    for listed in self._listed_before(noun, prep):
                        self._relate(listed, predicate, target, negated)

    def _quantity(self, word):
        """Give counted or grouped objects their number, and the word's prepositional phrases."""
        for thing in self._targets(counting_of(word)[0]):
            # Of five, "three of them" are still five.
            if word.pos_ == "NUM" and word.lower_ != "one" and thing.i > word.i:
                self._attribute(thing, word)
            for predicate, target, negated in self._phrases(word):
                if predicate not in ("of", *EXCEPT):
                    self._relate(thing, predicate, target, negated)

    def _listed_before(self, noun, prep):
        """Return a noun, with its list if a phrase ends that and is the only one in it."""
        first = noun.head if noun.dep_ == "conj" else noun
        listed = [n for n in (first, *listed_after(first)) if n.i in self.nouns]
        is_last = all(n.i < prep.i for n in listed) and noun in (first, *listed[-1:])
        others = [n for n in listed if n.i != noun.i]
        if not is_last or any(True for other in others for _ in self._phrases(other)):
            return [noun]
        return [*others, noun]

    def _attribute(self, noun, word, negated=False):
        if is_free_of(word):
            for prep in prepositions(word):
                for target in self._targets(prep):
                    self._relate(noun, "have", target, True)
            return
        if is_missing(word) or (noun.i in self.absent and word.lower_ in EMPHASIS):
            return
        negated = (negated and not is_contrast(word)) or is_negated_word(word)
        if word.pos_ == "VERB" and any(c.dep_ == "npadvmod" for c in word.children):
            # "A snow covered lake": the snow covers it.
            for cause in word.children:
                if cause.dep_ == "npadvmod" and cause.i in self.nouns:
                    self._relate(cause, word.lemma_, noun, negated)
            return
        before = [
            c.lower_
            for c in word.children
            if c.dep_ in ("advmod", "npadvmod") and c.lower_ not in NEGATIONS | MERELY | {"also"}
        ]
        text = NUMBERS.get(word.lower_, word.lower_)
        if text not in ARTICLES:
            self._describe(noun, " ".join([*before, text]), negated)

    def _verb(self, verb, negated):
        subjects = self._subjects(verb)
        objects = self._objects(verb)
        if is_lacking(verb) and objects:
            for subject in subjects:
                for target in objects:
                    self._relate(subject, "have", target, not negated)
            return
        lemma = verb.lemma_.lower()
        lemma = SAME_VERBS.get(lemma, lemma)
        name = " ".join([lemma, *(c.lower_ for c in verb.children if c.dep_ == "prt")])
        is_said = is_missing(verb) or lemma in FAILING
        agents = [
            noun
            for child in verb.children
            if child.dep_ == "agent"
            for noun in self._targets(child)
        ]
        for agent in agents:
            for subject in subjects:
                self._relate(agent, name, subject, negated)
                is_said = True
        for subject in subjects:
            if verb.lemma_ == "be":
                self._be(verb, subject, negated)
                continue
            for target in objects:
                self._relate(subject, name, target, negated)
                is_said = True
            for predicate, target in self._stranded(verb):
                is_said = True
                self._relate(subject, f"{name} {predicate}", target, negated)
            for prep in self._prepositions(verb):
                is_said |= self._prepositional(subject, name, objects, prep, negated)
            if not is_said and verb.pos_ == "VERB" and verb.tag_ in ("VBG", "VBN"):
                self._describe(subject, verb.lower_, negated)

    def _prepositional(self, subject, name, objects, prep, negated):
        """Relate the objects of a verb's preposition; return whether there are any."""
        # "Behind a fence a horse eats grass": the horse is there, not the grass.
        before = [thing for thing in objects if thing.i < prep.i]
        reached = list(self._phrase(prep))
        for predicate, target, phrase_negated in reached:
            denied = (negated and not is_contrast(prep)) != phrase_negated
            if is_without(prep):
                # "Walks without a hat": it is the walker who has none.
                self._relate(subject, predicate, target, denied)
            elif before and before[-1].i in self.absent and not is_of_same(prep):
                self._relate(subject, predicate, target, phrase_negated)
            elif before and predicate != "with":
                self._relate(before[-1], predicate, target, denied)
            elif name == "cover" and predicate in ("in", "with", "by"):
                self._relate(target, name, subject, denied)
            else:
                self._relate(subject, f"{name} {predicate}", target, denied)
        return bool(reached) and not is_without(prep)

    def _be(self, verb, subject, negated):
        is_existential = any(c.dep_ == "expl" for c in verb.children)
        for prep in self._prepositions(verb):
            if prep.dep_ in ("prep", "conj"):
                denied = negated and not is_contrast(prep)
                for predicate, target, phrase_negated in self._phrase(prep):
                    self._relate(subject, predicate, target, denied != phrase_negated)
        for child in verb.children:
            if child.dep_ in ("acomp", "attr", "advmod", "oprd"):
                if child.i not in self.nouns:
                    self._complement(subject, child, negated)
                # "There is a dog and a cat" says of none that it is the other.
                elif not is_existential:
                    for kind in self._resolved(child):
                        self._relate(subject, "is", kind, negated)
        for predicate, target in self._stranded(verb):
            self._relate(subject, predicate, target, negated)

    def _complement(self, subject, word, negated):
        """Read a complement of "be": "next to the tree", "full of water", "black and white"."""
        if is_free_of(word):
            self._attribute(subject, word)
            return
        reached = list(self._phrases(word))
        for predicate, target, phrase_negated in reached:
            joined = predicate in ("to", "of", "from", "than")
            name = f"{word.lower_} {predicate}" if joined else predicate
            self._relate(subject, name, target, negated != phrase_negated)
        a_quality = not reached or (word.pos_ == "ADJ" and word.lower_ != "next")
        # Who is taller than another need not be tall.
        a_quality &= all(predicate != "than" for predicate, *_ in reached)
        if a_quality and word.dep_ != "advmod" and word.lower_ not in NOTHING:
            for alternative in with_conjuncts(word):
                self._attribute(subject, alternative, negated)

    def _subjects(self, verb, depth=0):
        """Return the subjects of a verb; in the passive, those that undergo it."""
        if depth > 5:
            return []
        own = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass")]
        named = [n for c in own for n in self._resolved(c)]
        if any(c.dep_ == "expl" for c in verb.children):
            # "There is a dog", "there sits a dog".
            kinds = ("attr", "nsubj", "dobj")
            return [n for c in verb.children if c.dep_ in kinds for n in self._resolved(c)]
        if named or any(c.lower_ in NOTHING for c in own):
            return named
        if is_lacking(verb):
            # "A room lacking furniture": small models take the room for an adverb.
            before = [c for c in verb.lefts if c.dep_ == "npadvmod" and c.i in self.nouns]
            if before:
                return before
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
        if any(c.dep_ == "expl" for c in verb.children):
            return []
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

    def _prepositions(self, head):
        """Return the prepositions that a noun or verb is described by."""
        found = [prep for prep in prepositions(head) if prep.i not in self.excluding]
        for prep in list(found):
            for noun in (c for c in prep.children if c.i in self.absent and is_aside(c)):
                # "A man without a hat on a bench": he is on it, not the hat.
                found += [p for p in prepositions(noun) if not is_of_same(p)]
        if head.i in self.absent and is_aside(head):
            return [prep for prep in found if is_of_same(prep)]
        return found

    def _phrases(self, head):
        """Yield the prepositions of a noun or verb, each with its objects: see ``_phrase``."""
        for prep in self._prepositions(head):
            yield from self._phrase(prep)

    def _phrase(self, prep):
        """Yield (predicate, noun, whether it is denied) for the objects of a preposition."""
        name = SAME_PREPOSITIONS.get(prep.lower_, prep.lower_)
        if is_without(prep):
            name = "with"
        negated = is_negated_phrase(prep)
        for child in prep.children:
            if child.dep_ == "prep":
                for predicate, target, inner_negated in self._phrase(child):
                    yield f"{name} {predicate}", target, negated != inner_negated
            elif child.dep_ in ("pobj", "pcomp"):
                inner = [c for c in child.children if c.dep_ == "prep" and c.lower_ in ("of", "to")]
                if child.lower_ in PLACES and inner:
                    for of in inner:
                        for target in self._targets(of):
                            yield f"{name} {child.lower_} {of.lower_}", target, negated
                else:
                    for target in self._resolved(child):
                        yield name, target, negated and not is_contrast(target)

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

    def _relate(self, subject, predicate, target, negated=False):
        if subject.i != target.i:
            denied = negated and not is_contrast(target)
            fact = subject.i, predicate, target.i
            self.relations[fact] = self.relations.get(fact, False) or denied

    def _describe(self, noun, attribute, negated=False):
        fact = noun.i, attribute
        self.attributes[fact] = self.attributes.get(fact, False) or negated

    def _deny_like(self, rival, noun):
        """Deny of a noun what is said of the one that it is excluded for."""
        for relation in [relation for relation in self.relations if rival in relation[::2]]:
            subject, predicate, target = (noun if end == rival else end for end in relation)
            if subject != target:
                self.relations[subject, predicate, target] = True
                # "Everybody except a woman": there is one.
                if target == noun and is_indefinite(self.doc[noun]):
                    self.absent.add(noun)
        for position, attribute in list(self.attributes):
            if position == rival and not attribute.isdigit():
                self.attributes[noun, attribute] = True


def _name(token):
    return ABSENT[token.lower_] if is_stand_in(token) else label(token)
