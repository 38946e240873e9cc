"""How often a true caption is more similar to its image than a wrong one of the same words.

Folds of the Flickr30k graphs: trained on other photographs, judged by those that are left out;
ties count against. The wrong captions are those of ``_hard_captions.py``: subject and object
exchanged, the verb or preposition replaced, negated, half-true. "With more sentences" learns which
predicates go between which nouns from FACTUAL's 37,861 sentences and from captions of Flickr30k's
training images, too (20,000 of 145,000).

``python benchmarks/hard_captions.py`` writes ``benchmarks/results/hard_captions.json``, anew after
each fold.
"""

import argparse
import gzip
import json
from functools import cache
from pathlib import Path

import numpy as np
from _data import SHARED, machine
from _hard_captions import KINDS, hard_captions, load_pipeline
from retrieval import data, encoder, folds, mean_rates, minilm, pick, rates, tf_idf

from skdeepcluster import SceneGraphRetriever, TextGraphParser

RESULTS = Path(__file__).parent / "results" / "hard_captions.json"
N_CAPTIONS = 20_000


@cache
def more_sentences():
    """FACTUAL's sentences with their triples, and captions of other photographs, parsed."""
    with gzip.open(SHARED / "text" / "factual_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        sentences = [json.loads(line) for line in lines]
    path = SHARED / "text" / "flickr30k_train_captions.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [text for line in lines for text in json.loads(line)["captions"]]
    return [*sentences, *TextGraphParser().transform(texts[:N_CAPTIONS])]


class RememberingParser:
    """Parses a sentence once for all folds and methods."""

    def __init__(self):
        self._graphs = {}

    def transform(self, texts):
        """Return the graphs of sentences."""
        new = [text for text in dict.fromkeys(texts) if text not in self._graphs]
        self._graphs.update(zip(new, TextGraphParser().transform(new), strict=True))
        return pick(self._graphs, texts)


PARSER = RememberingParser()


def plain(name, compare):
    """Make a method of one row."""
    return lambda train, test: {name: compare(train, test)}


def trained(name, **options):
    """Make rows of the same trained networks, without plausibility, without hubness, with both."""

    def compare(train, test):
        params = {"word_vectors": encoder(), "random_state": 0, "text_parser": PARSER, **options}
        est = SceneGraphRetriever(**params).fit(*train)
        # What a fit with these sentences learns of them, and nothing else of it.
        other = SceneGraphRetriever(**{**params, "max_epochs": 1})
        other.fit(*train, sentences=more_sentences())
        rows = {name: est.similarity(*test)}
        learned = est._model.encoder
        plausibility, hubness = learned.plausibility, learned.hubness
        learned.plausibility = other._model.encoder.plausibility
        rows[f"{name}, with more sentences"] = est.similarity(*test)
        learned.plausibility = None
        rows[f"{name}, without plausibility"] = est.similarity(*test)
        learned.plausibility, learned.hubness = plausibility, None
        rows[f"{name}, without hubness"] = est.similarity(*test)
        learned.hubness = hubness
        return rows

    return compare


METHODS = {
    "TF-IDF": plain("TF-IDF", tf_idf("labels")),
    "MiniLM": plain("MiniLM", minilm("triples")),
    "default": trained("default"),
    "without foils": trained("without foils", foil_weight=0),
}


class Judged:
    """The wrong captions, parsed, with the true ones that they were made from."""

    def __init__(self):
        self.graphs, self.captions, _ = data()
        self.owners = np.repeat(np.arange(len(self.graphs)), list(map(len, self.captions)))
        texts = [[c["text"] for c in cs] for cs in self.captions]
        wrong = hard_captions(texts, load_pipeline(), np.random.RandomState(0))
        self.kinds = np.array([caption.kind for caption in wrong])
        self.sources = np.array([caption.caption for caption in wrong])
        # Both are sentences here: what they deny is no triple.
        self.wrong = [caption.text for caption in wrong]
        flat = [text for several in texts for text in several]
        self.true = pick(flat, self.sources)

    def judge(self, compare, train, test):
        """For each row: whether the true captions won, of what kinds the others are, the recall."""
        of_fold = np.flatnonzero(np.isin(self.owners[self.sources], test))
        places = np.searchsorted(test, self.owners[self.sources[of_fold]])
        said = pick(self.captions, test)
        texts = [[{"text": t} for t in pick(part, of_fold)] for part in (self.true, self.wrong)]
        rows = compare(
            (pick(self.graphs, train), pick(self.captions, train)),
            (pick(self.graphs, test), [*texts, *said]),
        )
        found, n = {}, len(of_fold)
        for name, similarities in rows.items():
            true, false, all_true = np.split(similarities, [n, 2 * n], axis=1)
            won = true[places, np.arange(n)] > false[places, np.arange(n)]
            recall = rates(all_true, [len(several) for several in said])
            found[name] = won, self.kinds[of_fold], recall
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    arguments = parser.parse_args()
    judged = Judged()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results["captions"] = {kind: int((judged.kinds == kind).sum()) for kind in KINDS}
    for method in arguments.methods:
        found = {}
        for train, test in folds(len(judged.graphs))[: arguments.folds]:
            for name, of_fold in judged.judge(METHODS[method], train, test).items():
                found.setdefault(name, []).append(of_fold)
                results.setdefault("true above wrong", {})[name] = summary(found[name])
                print(name, json.dumps(results["true above wrong"][name]), flush=True)
            RESULTS.write_text(json.dumps({**results, "machine": machine()}, indent=1) + "\n")
            encoder().save()


def summary(found):
    """One row, of the folds so far."""
    won, kinds = (np.concatenate(part) for part in list(zip(*found, strict=True))[:2])
    return {
        **{kind: round(float(won[kinds == kind].mean()), 4) for kind in KINDS},
        "recall": mean_rates([recall for *_, recall in found]),
        "folds": len(found),
    }


if __name__ == "__main__":
    main()
