"""Which part of the estimator is worth what: start, taught head, losses, views.

``python benchmarks/ablation.py`` writes ``benchmarks/results/ablation.json``: accuracies. What
fine-tuning is worth is in ``fine_tune.py``.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from _data import FEATURE_SETS, load_set, machine
from _scores import scores
from quality import PUBLISHED, deep_image_clusterer

from skdeepcluster.neighbors import nearest_neighbors
from skdeepcluster.starts import consensus_start
from skdeepcluster.starts._consensus import vote

RESULTS = Path(__file__).parent / "results" / "ablation.json"
# Of the partitions that the start is a consensus of: five cuts a graph, then the embedding.
VOTERS = {
    "cuts, plain view": slice(0, 5),
    "cuts, principal components": slice(5, 10),
    "cuts, half whitened": slice(10, 15),
    "cuts, mean graph": slice(15, 20),
    "all cuts": slice(0, 20),
    "embedding": slice(20, None),
    "all of them": slice(None),
}
TRAINED = {
    "taught": {"max_iter": 0},
    "trained": {},
    "without balance": {"loss_weights": {"balance": 0}},
    "without augmentation": {"loss_weights": {"augmentation": 0}},
    "without neighbor": {"loss_weights": {"neighbor": 0}},
    "without nearest_centroid": {"loss_weights": {"nearest_centroid": 0}},
    "mmd instead of balance": {"loss_weights": {"balance": 0, "mmd": 1}},
    "0 views": {"n_views": 0},
    "1 view": {"n_views": 1},
    "2 views": {"n_views": 2},
    "6 views": {"n_views": 6},
    "balanced prior": {"cluster_prior": "balanced"},
    "published losses": {"agreement": "latents"},
    "k-means": {"init": "kmeans", "max_iter": 0},
    "trained from k-means": {"init": "kmeans"},
    "trained from a random head": {"init": "random", "max_iter": 40},
    "published losses from a random head": {**PUBLISHED, "max_iter": 40},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=list(FEATURE_SETS), choices=FEATURE_SETS)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    rows = json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else []
    done = {(row["data"], row["seed"]) for row in rows}
    warnings.simplefilter("ignore")
    for seed in range(arguments.seeds):
        for name in arguments.data:
            if (name, seed) in done:
                continue
            data = load_set(name)
            k = data.k
            start, partitions = consensus_start(
                data.X, k, nearest_neighbors(data.X, 20), np.random.RandomState(seed)
            )
            labels = {
                part: vote(partitions[voters], k, np.random.RandomState(seed), 10)
                for part, voters in VOTERS.items()
            }
            labels["start"] = start
            for variant, params in TRAINED.items():
                labels[variant] = deep_image_clusterer(data, seed, **{"init": start, **params})
            accuracies = {part: scores(data.y, found)["ACC"] for part, found in labels.items()}
            rows.append({"data": name, "seed": seed, **accuracies})
            print(rows[-1], flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))


if __name__ == "__main__":
    main()
