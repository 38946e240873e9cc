"""What is judged without labels, judged with them.

For each set: the number of clusters found, the calibration error of the probabilities
(expected calibration error, 15 bins, each cluster standing for the class it matches best), and
for the set with pictures of no class how well ``outlier_scores_`` tells them (area under the
ROC curve). For a grid of 20 settings on three sets: the rank correlation of ``score`` and
accuracy. ``python benchmarks/unsupervised.py`` writes ``benchmarks/results/unsupervised.json``.
"""

import argparse
import json
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from _data import FEATURE_SETS, load_features, machine
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.metrics.cluster import contingency_matrix

from skdeepcluster import DeepImageClusterer
from skdeepcluster.latent import estimate_n_clusters, nearest_neighbors, neighborhood_modularity
from skdeepcluster.metrics import clustering_accuracy

RESULTS = Path(__file__).parent / "results" / "unsupervised.json"
_BINS = np.linspace(0, 1, 16)


def calibration_error(y, labels, confidence):
    shared = contingency_matrix(y, labels)
    classes, clusters = linear_sum_assignment(-shared)
    class_of = dict(zip(np.unique(labels)[clusters], np.unique(y)[classes], strict=True))
    right = np.array([class_of.get(label, -1) for label in labels]) == y
    bins = np.digitize(confidence, _BINS[1:-1])
    return sum(
        (bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    )


def judge(name):
    X, y, k = load_features(name)
    est = DeepImageClusterer(k, random_state=0).fit(X)
    known = y >= 0
    row = {
        "n_classes": k,
        "n_found": estimate_n_clusters(X, 2, 160, np.random.RandomState(0))[0],
        "accuracy": float(clustering_accuracy(y[known], est.labels_[known])),
        "calibration_error": float(
            calibration_error(y[known], est.labels_[known], est.probabilities_.max(axis=1)[known])
        ),
        "temperature": est.temperature_,
    }
    if not known.all():
        row["outlier_auroc"] = float(roc_auc_score(~known, est.outlier_scores_))
    return row


def rank_correlation(name):
    """Spearman of score and accuracy over views of the features and settings.

    Settings are compared on one and the same graph, that of the features as they are, as
    GridSearchCV on pictures does for parameters other than the backbone.
    """
    X, y, k = load_features(name)
    keep = np.random.RandomState(0).permutation(len(X))[:3000]
    X, y = X[keep], y[keep]
    graph = nearest_neighbors(X, 20)
    scores, accuracies = [], []
    for n_components, init, n_neighbors in product(
        (4, 8, 16, 64, None), ("consensus", "kmeans"), (5, 20)
    ):
        view = X if n_components is None else PCA(n_components, random_state=0).fit_transform(X)
        est = DeepImageClusterer(
            k, init=init, n_neighbors=n_neighbors, max_iter=2, random_state=0
        ).fit(view)
        scores.append(neighborhood_modularity(est.labels_, graph))
        accuracies.append(clustering_accuracy(y, est.labels_))
    return float(spearmanr(scores, accuracies)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=list(FEATURE_SETS), choices=FEATURE_SETS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    results = {"machine": machine(), "sets": {}, "rank_correlation": {}}
    for name in arguments.data:
        results["sets"][name] = judge(name)
        print(name, results["sets"][name], flush=True)
    for name in ("digits", "imagenette", "fashion-mnist", "steel_defects"):
        results["rank_correlation"][name] = rank_correlation(name)
        print(name, results["rank_correlation"][name], flush=True)
    RESULTS.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
