"""Clusters of real images against their classes: this estimator beside what a user has.

All methods get the same features (EfficientNet-Lite0 at 128 px; the digits are their pixels)
and the true number of clusters; ``deep_image_clusterer`` gets the images, of which it embeds random
views besides, and so does ``umap50_k_means_views``. The classes serve for measuring alone. ``python
benchmarks/quality.py`` continues where the last run stopped, and writes
``benchmarks/results/quality.json``; ``python benchmarks/tables.py`` puts the table in the
docs. ``--quick`` is one seed without the slow peers.
"""

import argparse
import json
import os
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from _data import CACHE, FEATURE_SETS, IMAGE_SIZE, OTHER_SETS, load_set, machine
from _peers import PEERS
from _scores import scores
from sklearn.preprocessing import normalize

from skdeepcluster import DeepImageClusterer, ImageEmbedder

RESULTS = Path(__file__).parent / "results" / "quality.json"
# As published, but on frozen features: the losses, from a random head, for as many epochs.
PUBLISHED = {
    "init": "random",
    "agreement": "latents",
    "cluster_prior": "balanced",
    "max_iter": 400,
}
SLOW = ("dec", "dcn", "acedec", "scan", "temi", "turtle", "ward", "umap50_k_means")


def deep_image_clusterer(data, seed, **params):
    est = DeepImageClusterer(
        data.k, image_size=IMAGE_SIZE, memory=CACHE, random_state=seed, **params
    )
    return est.fit_predict(data.X if data.images is None else data.images)


def deep_image_clusterer_features(data, seed):
    return DeepImageClusterer(data.k, random_state=seed).fit_predict(data.X)


def umap50_k_means_views(data, seed):
    """Give the best of the others the same views: the mean of the features of all."""
    if data.images is None:
        return PEERS["umap50_k_means"](data.X, data.k, seed)
    embedder = ImageEmbedder(image_size=IMAGE_SIZE, memory=CACHE).fit(data.images)
    views = embedder.transform_views(data.images).sum(axis=1, dtype=np.float32)
    return PEERS["umap50_k_means"](normalize(data.X) + views, data.k, seed)


def of_features(peer):
    return lambda data, seed: peer(data.X, data.k, seed)


METHODS = {
    **{name: of_features(peer) for name, peer in PEERS.items()},
    "umap50_k_means_views": umap50_k_means_views,
    "deep_image_clusterer": deep_image_clusterer,
    "deep_image_clusterer_features": deep_image_clusterer_features,
    "deep_image_clusterer_uneven": partial(deep_image_clusterer, cluster_prior="uneven"),
    "icbpl_losses": partial(deep_image_clusterer, **PUBLISHED),
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
                data = load_set(name)
                started = time.perf_counter()
                labels = METHODS[method](data, seed)
                seconds = time.perf_counter() - started
                rows.append(
                    {
                        "data": name,
                        "method": method,
                        "seed": seed,
                        **scores(data.y, labels),
                        "seconds": round(seconds, 2),
                    }
                )
                print(rows[-1], flush=True)
                partial = arguments.results.with_suffix(".partial")
                partial.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))
                os.replace(partial, arguments.results)


if __name__ == "__main__":
    main()
