"""Hundreds and thousands of clusters: what they cost, and what they are worth.

Chinese characters in the fonts that are installed are images of as many classes as are wanted;
features around random centres are made for what needs more of them. ``python
benchmarks/many_clusters.py`` writes ``benchmarks/results/many_clusters.json``; a part alone:
``python benchmarks/many_clusters.py mmd``. Seconds are of the processor, of one thread with
``OMP_NUM_THREADS=1``.
"""

import argparse
import json
import time
import warnings
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from _data import CACHE, machine
from _letters import draw_characters
from _peers import PEERS
from growth import fitted
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from skdeepcluster import ImageEmbedder
from skdeepcluster.latent import MMDLoss, _head, pedcc
from skdeepcluster.neighbors import nearest_neighbors
from skdeepcluster.starts import (
    _kmeans,
    _power_method,
    consensus_start,
    kmeans_start,
    power_method_start,
)

RESULTS = Path(__file__).parent / "results" / "many_clusters.json"
N_DIMENSIONS = 128


def made_features(n_clusters, n_samples):
    """Draw features around random centres, of which some are nearer to the others."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((n_clusters, N_DIMENSIONS), dtype=np.float32)
    centers *= rng.uniform(0.5, 1.5, (n_clusters, 1)).astype(np.float32)
    y = rng.integers(n_clusters, size=n_samples)
    noise = rng.standard_normal((n_samples, N_DIMENSIONS), dtype=np.float32)
    return centers[y] + 1.2 * noise, y


def measured(function, y):
    """CPU seconds of labels, and how well they agree with the classes."""
    started = time.process_time()
    labels = function()
    row = {
        "cpu_seconds": round(time.process_time() - started, 1),
        "ARI": round(adjusted_rand_score(y, labels), 3),
        "NMI": round(normalized_mutual_info_score(y, labels), 3),
    }
    print(row, flush=True)
    return row


def characters(k):
    """Start and fit the images of 200 or of 1,000 characters."""
    # Of all in either case: the fonts are those that have a thousand.
    images, classes = draw_characters(1000)
    chosen = np.isin(classes, np.unique(classes)[:k])
    X = ImageEmbedder(image_size=128, memory=CACHE).fit_transform(images)[chosen]
    y = classes[chosen]
    return {"images": len(X), **_starts_of(X, y, k), "fit": _fit(X, y, k)}


def _starts_of(X, y, k):
    """Start in the ways there are, and cluster as the best peer does."""

    def kmeans():
        return kmeans_start(X, k, nearest_neighbors(X, 20), np.random.RandomState(0))

    def power_method():
        return power_method_start(X, k, nearest_neighbors(X, 20), np.random.RandomState(0))

    def more_vectors():
        with patch.object(_power_method, "_N_VECTORS", 512):
            return power_method()

    def more_powers():
        with patch.object(_power_method, "_N_POWERS", 10):
            return power_method()

    def consensus():
        return consensus_start(X, k, nearest_neighbors(X, 20), np.random.RandomState(0))[0]

    def umap50_k_means():
        return PEERS["umap50_k_means"](X, k, 0)

    ways = [kmeans, power_method, more_vectors, more_powers, umap50_k_means]
    if k <= 200:
        ways.append(consensus)
    rows = {}
    for way in ways:
        print(k, way.__name__, end=" ", flush=True)
        rows[way.__name__] = measured(way, y)
    return rows


def _fit(X, y, k):
    estimator, row = fitted(X, y, k)
    fit = {
        "cpu_seconds": {n: round(part["cpu_seconds"], 1) for n, part in row["parts"].items()},
        "peak_MB": round(row["parts"]["fit"]["peak_MB"]),
        "ARI": round(adjusted_rand_score(y, estimator.labels_), 3),
        "NMI": round(normalized_mutual_info_score(y, estimator.labels_), 3),
    }
    print(fit, flush=True)
    return fit


def made(k=1000, n_samples=60_000):
    """Start and fit made features, also with the hidden layer that fewer clusters have."""
    X, y = made_features(k, n_samples)
    graph = nearest_neighbors(X, 20)
    start = measured(lambda: power_method_start(X, k, graph, np.random.RandomState(0)), y)
    rows = {"power_method": start, "fit": _fit(X, y, k)}
    with patch.object(_head, "_HIDDEN_PER_COMPONENT", 0):
        rows["fit, 512 hidden units"] = _fit(X, y, k)
    return rows


def landmarks(k=1000, n_samples=60_000):
    """Start from k-means on 20, 40 and 60 landmarks a cluster."""
    X, y = made_features(k, n_samples)
    graph = nearest_neighbors(X, 20)
    rows = {}
    for per_cluster in (20, 40, 60):
        with patch.object(_kmeans, "LANDMARKS_PER_CLUSTER", per_cluster):
            rows[f"{per_cluster}"] = measured(
                lambda: kmeans_start(X, k, graph, np.random.RandomState(0)), y
            )
    return rows


def runs(k=1000, n_samples=30_000):
    """Start from three runs of k-means and from twenty."""
    X, y = made_features(k, n_samples)
    graph = nearest_neighbors(X, 20)
    rows = {}
    for n_runs in (3, 20):
        with patch.object(_kmeans, "_N_RUNS_FOR_MANY", n_runs):
            rows[f"{n_runs}"] = measured(
                lambda: kmeans_start(X, k, graph, np.random.RandomState(0)), y
            )
    return rows


def consensus(n_samples=20_000):
    """Start from a consensus, in more and more clusters."""
    rows = {}
    for k in (50, 100, 200):
        X, y = made_features(k, n_samples)
        rows[f"{k}"] = measured(
            lambda X=X, k=k: consensus_start(
                X, k, nearest_neighbors(X, 20), np.random.RandomState(0)
            )[0],
            y,
        )
    return rows


def all_pairs_mmd(latents, centroids, prior):
    """Compare the latents and all centroids with one another, centroids with themselves, too."""
    n = len(latents)
    points = torch.cat([latents, centroids])
    sample_weights = latents.new_full((n,), 1 / n)
    mass, sign = torch.cat([sample_weights, prior]), torch.cat([sample_weights, -prior])
    norms = (points * points).sum(dim=1)
    distances = (norms[:, None] + norms - 2 * points @ points.T).clamp_min(0)
    mean = n**2 * (mass @ distances.detach() @ mass) / (2 * n * (2 * n - 1))
    kernel = torch.exp(distances / (-4 * mean))
    total = kernel
    for _ in range(4):
        kernel = kernel * kernel
        total = total + kernel
    return sign @ total @ sign


def mmd(batch_size=256):
    """Milliseconds of the loss and its gradient."""
    rows = {}
    for k in (10, 100, 1000):
        centroids = pedcc(k, max(100, k - 1), random_state=0)
        prior = torch.full((k,), 1 / k)
        torch.manual_seed(0)
        latents = torch.randn(batch_size, centroids.shape[1])
        latents = torch.nn.functional.normalize(latents, dim=1).requires_grad_()
        loss = MMDLoss(centroids, prior)
        rows[f"{k}"] = {
            "here": _milliseconds(loss, latents),
            "all pairs": _milliseconds(
                lambda z, c=centroids, p=prior: all_pairs_mmd(z, c, p), latents
            ),
        }
        print(k, rows[f"{k}"], flush=True)
    return rows


def _milliseconds(loss, latents, n_runs=15):
    seconds = []
    for _ in range(n_runs):
        started = time.process_time()
        loss(latents).backward()
        seconds.append(time.process_time() - started)
    return round(1000 * float(np.median(seconds)), 2)


PARTS = {
    **{part.__name__: part for part in (mmd, runs, landmarks, made, consensus)},
    "characters_200": partial(characters, 200),
    "characters_1000": partial(characters, 1000),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=PARTS)
    warnings.simplefilter("ignore")
    for name in parser.parse_args().parts:
        row = PARTS[name]()
        results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
        results[name] = row
        results["machine"] = machine()
        RESULTS.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
