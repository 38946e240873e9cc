"""Clusters of real images against their classes: this estimator beside what a user has.

All methods get the same features (EfficientNet-Lite0 at 128 px; the digits are their pixels)
and the true number of clusters; the classes serve for measuring alone. ``python
benchmarks/quality.py`` continues where the last run stopped, and writes
``benchmarks/results/quality.json``; ``python benchmarks/tables.py`` puts the table in the
docs. ``--quick`` is one seed without the slow peers.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

from _data import FEATURE_SETS, OTHER_SETS, load_features, machine
from _peers import PEERS
from _scores import scores

from skdeepcluster import DeepImageClusterer

RESULTS = Path(__file__).parent / "results" / "quality.json"
SLOW = ("dec", "dcn", "acedec", "scan", "temi", "turtle", "ward", "umap50_k_means")


def deep_image_clusterer(X, k, seed):
    return DeepImageClusterer(k, random_state=seed).fit_predict(X)


def deep_image_clusterer_uneven(X, k, seed):
    return DeepImageClusterer(k, cluster_prior="uneven", random_state=seed).fit_predict(X)


METHODS = {
    **PEERS,
    "deep_image_clusterer": deep_image_clusterer,
    "deep_image_clusterer_uneven": deep_image_clusterer_uneven,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", nargs="+", default=list(FEATURE_SETS), choices=[*FEATURE_SETS, *OTHER_SETS]
    )
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--afresh", nargs="*", default=[], help="methods to run anew on --data")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    methods = [m for m in arguments.methods if not (arguments.quick and m in SLOW)]
    rows = json.loads(arguments.results.read_text())["runs"] if arguments.results.is_file() else []
    rows = [
        row
        for row in rows
        if row["method"] not in arguments.afresh or row["data"] not in arguments.data
    ]
    done = {(row["data"], row["method"], row["seed"]) for row in rows}
    warnings.simplefilter("ignore")
    for seed in range(1 if arguments.quick else arguments.seeds):
        for name in arguments.data:
            for method in methods:
                if (name, method, seed) in done:
                    continue
                X, y, k = load_features(name)
                started = time.perf_counter()
                labels = METHODS[method](X, k, seed)
                seconds = time.perf_counter() - started
                rows.append(
                    {
                        "data": name,
                        "method": method,
                        "seed": seed,
                        **scores(y, labels),
                        "seconds": round(seconds, 2),
                    }
                )
                print(rows[-1], flush=True)
                partial = arguments.results.with_suffix(".partial")
                partial.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))
                os.replace(partial, arguments.results)


if __name__ == "__main__":
    main()
