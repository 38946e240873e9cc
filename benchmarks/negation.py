"""Negation: whether it is found in sentences, and whether images that show it rank lower.

- Sentences: 110 captions that deny something, or seem to, with graphs written by hand
  (``negated_captions.jsonl``): rules were made with one part in view, the other judges. A graph
  is the set of its objects and triples, each with whether it is negated.
- Retrieval, folds of the Flickr30k graphs. Captions: to the first caption of a photograph "and
  there is no ..." (or the like) is added, once with an object that the photograph has, by its
  graph, and once with one that it has not and that another photograph has; the share of pairs in
  which the second is more similar. Images: "a man without a hat", for pairs of labels; the share of
  pairs of photographs, both with a man, one with a hat, where that without is more similar.

``python benchmarks/negation.py`` writes ``benchmarks/results/negation.json``.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
from _data import machine
from retrieval import data, encoder, folds, pick
from text_parsing import base_form

from skdeepcluster import SceneGraphRetriever, TextGraphParser

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "negation.json"
ADDED = (
    "{caption}, and there is no {label}.",
    "{caption}, without a {label}.",
    "{caption}, but no {label} is in the picture.",
)
PEOPLE = ("man", "woman", "boy", "girl", "child", "person", "dog")


def facts_of_gold(entry):
    """Return what the graph of a line of ``negated_captions.jsonl`` says, as a set."""
    facts = set()
    for negated, objects, triples in (
        (False, entry["objects"], entry["triples"]),
        (True, entry["negated_objects"], entry["negated_triples"]),
    ):
        facts |= {(base_form(label), negated) for label in objects}
        facts |= {(*in_base_form(triple), negated) for triple in triples}
    return facts


def facts_of(graph):
    """Return what a graph says, as a set; attributes are triples, not objects."""
    attributes = {r.object for r in graph.relations if r.predicate == "is"}
    facts = {
        (base_form(entry.label), entry.negated)
        for i, entry in enumerate(graph.objects)
        if i not in attributes
    }
    return facts | {
        (*in_base_form(graph.triple(i)), entry.negated) for i, entry in enumerate(graph.relations)
    }


def in_base_form(triple):
    subject, predicate, target = triple
    return base_form(subject), predicate, target if predicate == "is" else base_form(target)


def f1(found, expected, kept):
    found = [{fact for fact in facts if kept(fact)} for facts in found]
    expected = [{fact for fact in facts if kept(fact)} for facts in expected]
    right = sum(len(a & b) for a, b in zip(found, expected, strict=True))
    return round(2 * right / sum(map(len, [*found, *expected])), 3)


def run_sentences(results):
    lines = (HERE / "negated_captions.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    for part in ("develop", "judge"):
        of_part = [entry for entry in entries if entry["part"] == part]
        graphs = TextGraphParser().transform([entry["text"] for entry in of_part])
        sides = list(map(facts_of, graphs)), list(map(facts_of_gold, of_part))
        results[part] = {
            "sentences": len(of_part),
            "F1": f1(*sides, lambda fact: True),
            "F1 of what is denied": f1(*sides, lambda fact: fact[-1]),
            "F1 of triples": f1(*sides, lambda fact: len(fact) == 4),
        }
        print(part, results[part], flush=True)


def run_retrieval(results, n_folds):
    graphs, captions, _ = data()
    won, auc = [], []
    for train, test in folds(len(graphs))[:n_folds]:
        est = SceneGraphRetriever(word_vectors=encoder(), random_state=0)
        est.fit(pick(graphs, train), pick(captions, train))
        won.append(captions_won(est, pick(graphs, test), pick(captions, test)))
        auc += images_won(est, pick(graphs, test))
    results["captions"] = {
        form: round(float(np.mean([np.mean(of_fold[form]) for of_fold in won])), 3)
        for form in ADDED
    }
    results["images"] = {
        "queries": len(auc),
        "share of pairs": round(float(np.mean(auc)), 3),
    }
    print(results["captions"], results["images"], flush=True)


def captions_won(est, graphs, captions):
    """Whether a caption of each image fits better with what that has not than with what it has."""
    rng = np.random.RandomState(0)
    labels = [set(graph.labels) for graph in graphs]
    places, texts = [], {form: [] for form in ADDED}
    for place, (has, several) in enumerate(zip(labels, captions, strict=True)):
        said = {word for c in several for word in base_form(c["text"].strip(" .")).split()}
        shown = sorted(has - said)
        # As often as labels occur, so that rare ones do not tell.
        absent = [label for others in labels for label in sorted(others - has - said)]
        pair = shown[rng.randint(len(shown))], absent[rng.randint(len(absent))]
        places.append(place)
        for form, written in texts.items():
            text = several[0]["text"].strip(" .")
            written += [form.format(caption=text, label=label) for label in pair]
    rows = {}
    for form, written in texts.items():
        similarities = est.similarity(graphs, written)
        shown, absent = similarities[:, ::2], similarities[:, 1::2]
        columns = np.arange(len(places))
        rows[form] = absent[places, columns] > shown[places, columns]
    return rows


def images_won(est, graphs):
    """For "a man without a hat": how often images of a man without beat those with."""
    labels = [set(graph.labels) for graph in graphs]
    names = sorted(set.union(*labels))
    queries = {}
    for who, what in itertools.product(PEOPLE, names):
        have = np.array([who in has for has in labels])
        shown = np.array([what in has for has in labels])
        if who != what and min((have & shown).sum(), (have & ~shown).sum()) >= 5:
            queries[f"a {who} without a {what}"] = have & shown, have & ~shown
    similarities = est.similarity(graphs, list(queries)).T
    return [
        (row[without][:, None] > row[shown]).mean()
        for row, (shown, without) in zip(similarities, queries.values(), strict=True)
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=1)
    n_folds = parser.parse_args().folds
    results = {"machine": machine()}
    run_sentences(results)
    run_retrieval(results, n_folds)
    encoder().save()
    RESULTS.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
