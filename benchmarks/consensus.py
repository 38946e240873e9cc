"""Which of eighty consensuses to start from, chosen without labels.

Each is of a quarter of the partitions of ``consensus_start``; criteria that see no labels choose.
Beside the ten sets of the other benchmarks: twenty classes of Caltech-101, the other
sets, and subsets whose sizes fall to a tenth. ``python
benchmarks/consensus.py`` continues where the last run stopped, and writes
``benchmarks/results/consensus.json``: accuracies.
"""

import argparse
import json
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from _data import FEATURE_SETS, OTHER_SETS, load_features, machine
from _scores import scores

from skdeepcluster.neighbors import (
    nearest_neighbors,
    neighborhood_information,
    neighborhood_modularity,
)
from skdeepcluster.starts import consensus_start
from skdeepcluster.starts._consensus import consensuses, vote
from skdeepcluster.starts._merits import mean_over_views, merits
from skdeepcluster.starts._probe import linear_information
from skdeepcluster.starts._views import feature_views

RESULTS = Path(__file__).parent / "results" / "consensus.json"
UNEVEN = ("imagenette", "cifar10", "fashion-mnist", "digits", "steel_defects", "caltech101")
_MOST_SAMPLES = 3000


def cases(seed):
    """Yield the title of a set, features and classes."""
    for name in (*FEATURE_SETS, *OTHER_SETS):
        X, y, _ = load_features(name)
        yield FEATURE_SETS.get(name) or OTHER_SETS[name], X, y
    for draw in range(2):
        X, y = some_classes("caltech101", 20, np.random.RandomState(draw))
        yield f"20 classes of Caltech-101, draw {draw}", X, y
    for name in UNEVEN:
        rng = np.random.RandomState(seed)
        X, y = some_classes(name, 20, rng)
        classes = rng.permutation(np.unique(y))
        shares = 10 ** (-np.arange(len(classes)) / (len(classes) - 1))
        members = [rng.permutation(np.flatnonzero(y == label)) for label in classes]
        scale = min(1, _MOST_SAMPLES / sum(shares * [len(rows) for rows in members]))
        kept = [
            rows[: max(5, round(scale * share * len(rows)))]
            for rows, share in zip(members, shares, strict=True)
        ]
        kept = np.sort(np.concatenate(kept))
        yield f"{FEATURE_SETS[name]}, uneven", X[kept], y[kept]


def some_classes(name, most, rng):
    X, y, k = load_features(name)
    kept = np.isin(y, rng.permutation(k)[:most])
    return X[kept], y[kept]


def accuracies(X, y, seed):
    k = len(np.unique(y[y >= 0]))
    random_state = np.random.RandomState(seed)
    partitions = consensus_start(X, k, nearest_neighbors(X, 20), random_state)[1]
    views = feature_views(X, random_state)
    graphs = [nearest_neighbors(view, 20) for view in (X, *views)]
    found = consensuses(partitions, k, random_state)
    rules = {
        "modularity": mean_over_views(neighborhood_modularity, found, graphs),
        "information of neighbours": mean_over_views(
            partial(neighborhood_information, n_clusters=k), found, graphs
        ),
        "the same, per evenness (`uneven`)": merits(found, views[0], graphs, k, uneven=True),
        "information of a linear classifier": linear_information(views[0], found, k),
        "the default": merits(found, views[0], graphs, k),
    }
    accuracy = np.array([scores(y, labels)["ACC"] for labels in found])
    return {
        "one vote of all": scores(y, vote(partitions, k, random_state, 10))["ACC"],
        "mean of the eighty": accuracy.mean(),
        **{title: accuracy[np.argmax(merit)] for title, merit in rules.items()},
        "best of the eighty": accuracy.max(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    rows = json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else []
    done = {(row["data"], row["seed"]) for row in rows}
    warnings.simplefilter("ignore")
    for seed in range(arguments.seeds):
        for name, X, y in cases(seed):
            if (name, seed) in done:
                continue
            found = {title: round(float(a), 4) for title, a in accuracies(X, y, seed).items()}
            rows.append({"data": name, "seed": seed, **found})
            print(rows[-1], flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))


if __name__ == "__main__":
    main()
