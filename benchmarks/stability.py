"""How often do fits with other seeds agree with the label of an image whose stability is known?

Each of some fits of a set is compared with the others, whose clusters are matched to its own such
that most images agree. Images are sorted by ``stability_``. ``python benchmarks/stability.py``
writes ``benchmarks/results/stability.json``.
"""

import json
from pathlib import Path

import numpy as np
from _data import load_set, machine
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import roc_auc_score

from skdeepcluster import DeepImageClusterer

RESULTS = Path(__file__).parent / "results" / "stability.json"
SETS = ("digits", "steel_defects", "blood_cells")
N_SEEDS = 4
EDGES = (0, 0.25, 0.5, 0.75, 1)


def agreement(labels, others):
    """Tell which images another clustering puts into the cluster that is matched to theirs."""
    shared = np.zeros((labels.max() + 1, others.max() + 1))
    np.add.at(shared, (labels, others), 1)
    matched = np.full(others.max() + 1, -1)
    clusters, of_others = linear_sum_assignment(-shared)
    matched[of_others] = clusters
    return matched[others] == labels


def main():
    rows = {}
    for name in SETS:
        data = load_set(name)
        fits = [
            DeepImageClusterer(data.k, random_state=seed).fit(data.X) for seed in range(N_SEEDS)
        ]
        stability = np.concatenate([fit.stability_ for fit in fits])
        agreed = np.concatenate(
            [
                np.mean(
                    [agreement(fit.labels_, other.labels_) for other in fits if other is not fit],
                    axis=0,
                )
                for fit in fits
            ]
        )
        part = np.clip(np.searchsorted(EDGES, stability, side="right") - 1, 0, len(EDGES) - 2)
        rows[name] = {
            "stability": round(float(stability.mean()), 3),
            "agreement": round(float(agreed.mean()), 3),
            "AUROC": round(float(roc_auc_score(agreed > 0.5, stability)), 3),
            "parts": [
                {
                    "share": round(float(np.mean(part == number)), 4),
                    "stability": round(float(stability[part == number].mean()), 3),
                    "agreement": round(float(agreed[part == number].mean()), 3),
                }
                for number in range(len(EDGES) - 1)
            ],
        }
        print(name, rows[name], flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=0))


if __name__ == "__main__":
    main()
