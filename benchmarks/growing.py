"""Clusters that grow by batches, beside one fit on all images: ``python benchmarks/growing.py``.

Features come in ten batches, the first to ``fit``, the others to ``update``: in random order, or
with two classes that come late, one from the sixth batch on and one in the last batch only. The
clusterer is told the number of classes in the first batch; the fit on all is told the true number.
Seconds are of the processor. ``--data made --seeds 0`` grows to 200,000 rows of overlapping normal
distributions. Writes ``benchmarks/results/growing.json``.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from _data import load_features, machine
from _scores import scores

from skdeepcluster import DeepImageClusterer

RESULTS = Path(__file__).parent / "results" / "growing.json"
SETS = ["imagenette", "fashion-mnist", "cifar10", "digits", "steel_defects"]
ORDERS = ["random", "late"]
N_BATCHES = 10
N_MADE, N_COLUMNS, N_CLASSES, NOISE = 200_000, 64, 12, 1.2


def draw_batches(y, order, random_state):
    """Draw the rows of each batch, and the class that comes last (None in random order)."""
    earliest, last = np.zeros(len(y), dtype=np.int64), None
    if order == "late":
        sixth, last = random_state.choice(np.unique(y[y >= 0]), 2, replace=False)
        earliest[y == sixth], earliest[y == last] = N_BATCHES // 2, N_BATCHES - 1
    places = random_state.randint(earliest, N_BATCHES)
    rows = [np.flatnonzero(places == batch) for batch in range(N_BATCHES)]
    return [random_state.permutation(batch) for batch in rows], last


def made_features():
    """Rows of as many classes, and their numbers; k-means finds these."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((N_CLASSES, N_COLUMNS), dtype=np.float32)
    y = rng.integers(N_CLASSES, size=N_MADE)
    noise = NOISE * rng.standard_normal((N_MADE, N_COLUMNS), dtype=np.float32)
    return centers[y] + noise, y, N_CLASSES


def measure(name, order, seed):
    """Grow, and fit all; of the class of the last batch, how much is found and how pure."""
    X, y, k = made_features() if name == "made" else load_features(name)
    batches, last = draw_batches(y, order, np.random.RandomState(seed))
    first, *others = batches
    started = time.process_time()
    grown = DeepImageClusterer(len(np.unique(y[first])), random_state=seed).fit(X[first])
    changed = []
    for batch in others:
        before = grown.labels_
        grown.update(X[batch])
        changed.append(float((grown.labels_[: len(before)] != before).mean()))
    seconds = time.process_time() - started
    rows = np.concatenate(batches)
    started = time.process_time()
    whole = DeepImageClusterer(k, random_state=seed).fit(X[rows])
    found = {
        "grown": scores(y[rows], grown.labels_),
        "whole": scores(y[rows], whole.labels_),
        "n_clusters": grown.n_clusters_,
        "n_classes": k,
        "seconds": round(seconds, 2),
        "whole_seconds": round(time.process_time() - started, 2),
        "moved": [round(share, 4) for share in changed],
    }
    if last is not None:
        for which, labels in (("grown", grown.labels_), ("whole", whole.labels_)):
            is_last = y[rows] == last
            holding = np.bincount(labels[is_last]).argmax()
            found[which]["last_found"] = float((labels[is_last] == holding).mean())
            found[which]["last_pure"] = float(is_last[labels == holding].mean())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS)
    parser.add_argument("--orders", nargs="+", default=ORDERS, choices=ORDERS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = json.loads(arguments.results.read_text())["runs"] if arguments.results.is_file() else []
    for name in arguments.data:
        for order in arguments.orders:
            for seed in arguments.seeds:
                key = {"data": name, "order": order, "seed": seed}
                run = {**key, **measure(name, order, seed)}
                print(json.dumps(run), flush=True)
                runs = [one for one in runs if not key.items() <= one.items()] + [run]
                results = {"machine": machine(), "runs": runs}
                arguments.results.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
