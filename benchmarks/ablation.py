"""Which part of the estimator is worth what: start, taught head, published losses.

``python benchmarks/ablation.py`` writes ``benchmarks/results/ablation.json``.
"""

import json
import warnings
from pathlib import Path

import numpy as np
from _data import FEATURE_SETS, load_features, machine

from skdeepcluster import DeepImageClusterer
from skdeepcluster.latent import consensus_start
from skdeepcluster.metrics import clustering_accuracy

RESULTS = Path(__file__).parent / "results" / "ablation.json"
VARIANTS = {
    "taught": {"max_iter": 0},
    "balanced": {"cluster_prior": "balanced"},
    "estimated": {"cluster_prior": "estimated"},
    "without mmd": {"loss_weights": {"mmd": 0}},
    "without augmentation": {"loss_weights": {"augmentation": 0}},
    "without neighbor": {"loss_weights": {"neighbor": 0}},
    "without nearest_centroid": {"loss_weights": {"nearest_centroid": 0}},
}


def main(n_seeds=2):
    warnings.simplefilter("ignore")
    rows = []
    for name in FEATURE_SETS:
        X, y, k = load_features(name)
        known = y >= 0
        for seed in range(n_seeds):
            start, _ = consensus_start(X, k, 20, np.random.RandomState(seed))
            row = {"data": name, "seed": seed, "start": start}
            for variant, params in VARIANTS.items():
                est = DeepImageClusterer(k, init=start, random_state=seed, **params)
                row[variant] = est.fit_predict(X)
            for part, labels in row.items():
                if isinstance(labels, np.ndarray):
                    row[part] = round(clustering_accuracy(y[known], labels[known]), 4)
            rows.append(row)
            print(row, flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))


if __name__ == "__main__":
    main()
