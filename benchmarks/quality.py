"""Clusters of real pictures against their classes: this estimator beside what a user has.

All methods get the same features (EfficientNet-Lite0 at 128 px) and the true number of
clusters; the classes serve for measuring alone. Run it as ``python benchmarks/quality.py``;
the table goes to ``benchmarks/results/quality.json`` and to the screen.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _data import CACHE, load_pictures, machine
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import normalize

from skdeepcluster import DeepImageClusterer, ImageEmbedder
from skdeepcluster.metrics import clustering_accuracy

RESULTS = Path(__file__).parent / "results" / "quality.json"


def k_means(X, k, seed):
    return KMeans(k, n_init=20, random_state=seed).fit_predict(X)


def spherical_k_means(X, k, seed):
    return KMeans(k, n_init=20, random_state=seed).fit_predict(normalize(X))


def umap_gaussian_mixture(X, k, seed):
    from umap import UMAP

    reduced = UMAP(
        n_components=10, n_neighbors=15, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1
    ).fit_transform(X)
    return GaussianMixture(k, n_init=5, random_state=seed).fit_predict(reduced)


def deep_image_clusterer(X, k, seed):
    return DeepImageClusterer(k, random_state=seed).fit_predict(X)


METHODS = [k_means, spherical_k_means, umap_gaussian_mixture, deep_image_clusterer]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["imagenette", "cifar10", "fashion-mnist"])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="n_jobs value")
    rows = []
    for name in arguments.data:
        pictures, y = load_pictures(name)
        X = ImageEmbedder(image_size=128, memory=CACHE).fit_transform(pictures)
        k = len(np.unique(y))
        for method in METHODS:
            for seed in range(arguments.seeds):
                started = time.perf_counter()
                labels = method(X, k, seed)
                rows.append(
                    {
                        "data": name,
                        "method": method.__name__,
                        "seed": seed,
                        "ACC": clustering_accuracy(y, labels),
                        "NMI": normalized_mutual_info_score(y, labels),
                        "ARI": adjusted_rand_score(y, labels),
                        "seconds": time.perf_counter() - started,
                    }
                )
                print(rows[-1], flush=True)
    table = pd.DataFrame(rows).drop(columns="seed").groupby(["data", "method"], sort=False)
    print(table.agg(["mean", "std"]).round(3).to_string())
    RESULTS.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=1))


if __name__ == "__main__":
    main()
