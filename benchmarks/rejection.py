"""Which images of no class are told from others: ``python benchmarks/rejection.py``.

Two classes in ten (one, of less than six) are left out; a clusterer is fitted on half of the images
of the others. Scores and rejection are judged on the other half and on the classes that were left
out. Writes ``benchmarks/results/rejection.json``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _data import load_features, machine
from sklearn.metrics import roc_auc_score

from skdeepcluster import DeepImageClusterer

RESULTS = Path(__file__).parent / "results" / "rejection.json"
SETS = ["imagenette", "cifar10", "fashion-mnist", "digits", "caltech101", "steel_defects"]
REJECT = 0.05


def measure(name, seed):
    """AUROC of scores and of confidences; what is rejected of known and of other images."""
    X, y, _ = load_features(name)
    rng = np.random.RandomState(seed)
    classes = np.unique(y)
    left_out = rng.choice(classes, max(1, len(classes) // 5), replace=False)
    is_other = np.isin(y, left_out)
    is_fitted = ~is_other & (rng.uniform(size=len(y)) < 0.5)
    clusterer = DeepImageClusterer(len(classes) - len(left_out), random_state=seed)
    clusterer.fit(X[is_fitted])
    new, is_other = X[~is_fitted], is_other[~is_fitted]
    is_rejected = clusterer.predict(new, reject=REJECT) < 0
    confidences = clusterer.predict_proba(new).max(axis=1)
    return {
        "auroc": round(roc_auc_score(is_other, -clusterer.score_samples(new)), 4),
        "auroc_confidence": round(roc_auc_score(is_other, -confidences), 4),
        "rejected_known": round(float(is_rejected[~is_other].mean()), 4),
        "rejected_other": round(float(is_rejected[is_other].mean()), 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    runs = []
    for name in arguments.data:
        for seed in range(arguments.seeds):
            runs.append({"data": name, "seed": seed, **measure(name, seed)})
            print(json.dumps(runs[-1]), flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
