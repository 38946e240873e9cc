"""What the report page says of doubt, beside the truth: ``python benchmarks/checks.py``.

An image is wrong if it is not of the class that most of its cluster are of. How pure clusters are
is compared, by Spearman's rank correlation and by the mean distance, with the mean probability of
their images, which the page shows, and with their cohesion. Of the images that "Check these" lists
first, a twentieth of all, it is counted how many are wrong. Of larger sets 3,000 images are drawn.
Writes ``benchmarks/results/checks.json``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _data import load_features, machine
from scipy.stats import spearmanr

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import partition_of
from skdeepcluster.report._assessment import Assessment
from skdeepcluster.report._checks import images_to_check, neighbor_agreements

RESULTS = Path(__file__).parent / "results" / "checks.json"
# Those that the measures were chosen on, and others.
CHOSEN_ON = ["imagenette", "cifar10", "blood_cells", "digits"]
OTHERS = ["caltech101", "fashion-mnist", "steel_defects", "letters"]
MOST_IMAGES = 3000


def measure(name, seed):
    """Give what is said of clusters and images, and what is true."""
    X, y, n_clusters = load_features(name)
    drawn = np.sort(np.random.RandomState(0).permutation(len(X))[:MOST_IMAGES])
    X, y = X[drawn], y[drawn]
    clusterer = DeepImageClusterer(n_clusters, random_state=seed).fit(X)
    partition = partition_of(clusterer)
    counts = np.zeros((clusterer.n_clusters_, y.max() + 1), dtype=int)
    np.add.at(counts, (clusterer.labels_, y), 1)
    purity = counts.max(axis=1) / counts.sum(axis=1)
    is_wrong = counts.argmax(axis=1)[clusterer.labels_] != y
    info = clusterer.cluster_info()
    found = Assessment(
        partition.labels,
        partition.probabilities,
        partition.latents,
        partition.outlier_scores,
        partition.similarities_of(partition.latents),
        neighbor_agreements(partition.reference.rows, partition.labels),
        is_of_fit=True,
    )
    n_looked_at = len(y) // 20
    doubtful = np.argsort(partition.probabilities.max(axis=1), kind="stable")[:n_looked_at]
    listed = images_to_check(found)
    return {
        "wrong": round(float(is_wrong.mean()), 4),
        "wrong_of_checks": round(float(is_wrong[listed[:n_looked_at]].mean()), 4),
        "wrong_of_least_probable": round(float(is_wrong[doubtful].mean()), 4),
        "n_listed": len(listed),
        **{
            f"{measure}_{column}": round(float(value), 4)
            for column in ("probability", "cohesion")
            for measure, value in {
                "rank": spearmanr(info[column], purity).statistic,
                "distance": np.abs(info[column] - purity).mean(),
            }.items()
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=[*CHOSEN_ON, *OTHERS])
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    runs = []
    for name in arguments.data:
        for seed in range(arguments.seeds):
            runs.append({"data": name, "seed": seed, **measure(name, seed)})
            print(json.dumps(runs[-1]), flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
