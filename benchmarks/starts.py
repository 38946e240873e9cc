"""Measure which of many k-means runs to start from.

The one of least inertia, or the one that nearest neighbours agree with most, by modularity, by
information or by the mean of both (``skdeepcluster.neighbors``)?

``python benchmarks/starts.py`` writes ``benchmarks/results/starts.json``.
"""

import json
from functools import partial
from pathlib import Path

import numpy as np
from _data import CACHE, load_images, machine
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from skdeepcluster import ImageEmbedder
from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import (
    nearest_neighbors,
    neighborhood_information,
    neighborhood_modularity,
    neighborhood_score,
)

RESULTS = Path(__file__).parent / "results" / "starts.json"
DATA = ("imagenette", "cifar10", "fashion-mnist", "caltech101", "steel_defects", "blood_cells")


def main(n_runs=20):
    rows = {}
    for name in DATA:
        images, y = load_images(name)
        k = len(np.unique(y))
        X = normalize(ImageEmbedder(image_size=128, memory=CACHE).fit_transform(images))
        graph = nearest_neighbors(X, 20)
        reduced = PCA(100, svd_solver="randomized", random_state=0).fit_transform(X)
        runs = [KMeans(k, n_init=1, random_state=seed).fit(reduced) for seed in range(n_runs)]
        accuracy = np.array([clustering_accuracy(y, run.labels_) for run in runs])
        tightness = [-run.inertia_ for run in runs]
        rows[name] = {
            "mean": accuracy.mean(),
            "best": accuracy.max(),
            "by_inertia": accuracy[np.argmax(tightness)],
            "rank_correlation_inertia": spearmanr(accuracy, tightness)[0],
        }
        criteria = {
            "modularity": neighborhood_modularity,
            "information": partial(neighborhood_information, n_clusters=k),
            "score": partial(neighborhood_score, n_clusters=k),
        }
        for title, criterion in criteria.items():
            values = [criterion(run.labels_, graph) for run in runs]
            rows[name][f"by_{title}"] = accuracy[np.argmax(values)]
            rows[name][f"rank_correlation_{title}"] = spearmanr(accuracy, values)[0]
        print(name, {key: round(float(value), 3) for key, value in rows[name].items()}, flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "accuracy": rows}, indent=1))


if __name__ == "__main__":
    main()
