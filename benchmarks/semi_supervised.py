"""What labels of some images are worth: ``python benchmarks/semi_supervised.py``.

A clusterer is given labels of one, or of five images a class, drawn at random; judged are the
other images. Beside it, on the same features, scikit-learn's SelfTrainingClassifier, with a
logistic regression, and LabelSpreading. The accuracy of clusters is that of the best matching, as
without labels; that of labels is whether cluster c is class c. Writes
``benchmarks/results/semi_supervised.json``, and continues where the last run stopped.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from _data import load_features, machine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from skdeepcluster import DeepImageClusterer
from skdeepcluster.metrics import clustering_accuracy

RESULTS = Path(__file__).parent / "results" / "semi_supervised.json"
# The rules were found on the others: digits, letters, Fashion-MNIST, steel defects.
SETS = ["imagenette", "cifar10", "caltech101", "blood_cells"]
# Labels a class.
NUMBERS = (1, 5)


def labels_of_some(y, n_labels, seed):
    """Return classes of so many images of each class, and -1 for the others."""
    rng = np.random.RandomState(seed)
    known = np.full(len(y), -1)
    for label in np.unique(y[y >= 0]):
        members = np.flatnonzero(y == label)
        known[rng.choice(members, min(n_labels, len(members) - 1), replace=False)] = label
    return known


def without_copies(X, y):
    """Leave out images whose features are those of others, which may have other classes."""
    kept = np.sort(np.unique(X, axis=0, return_index=True)[1])
    return X[kept], y[kept]


def predictions(X, known, unsupervised, k, seed):
    """Labels of all images by each method."""
    unit = normalize(X)
    # A logistic regression of unit vectors is nearly constant unless it may have large weights.
    learner = LogisticRegression(C=100, max_iter=200)
    spreading = LabelSpreading(kernel="knn", n_neighbors=20, max_iter=100)
    return {
        "without labels": unsupervised,
        "with labels": DeepImageClusterer(k, random_state=seed).fit_predict(X, known),
        "SelfTrainingClassifier": SelfTrainingClassifier(learner).fit(unit, known).predict(unit),
        "LabelSpreading": spreading.fit(unit, known).transduction_,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS)
    parser.add_argument("--draws", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else []
    done = {(run["data"], run["draw"]) for run in runs}
    for name in arguments.data:
        X, y, k = load_features(name)
        X, y = without_copies(X, y)
        unsupervised = None
        for draw in range(arguments.draws):
            if (name, draw) in done:
                continue
            if unsupervised is None:
                unsupervised = DeepImageClusterer(k, random_state=0).fit_predict(X)
            for n_labels in NUMBERS:
                known = labels_of_some(y, n_labels, draw)
                judged = (known < 0) & (y >= 0)
                for method, labels in predictions(X, known, unsupervised, k, 0).items():
                    row = {
                        "data": name,
                        "draw": draw,
                        "n_labels": n_labels,
                        "method": method,
                        "ACC": round(clustering_accuracy(y[judged], labels[judged]), 4),
                        "right": round(float((labels[judged] == y[judged]).mean()), 4),
                    }
                    runs.append(row)
                    print(json.dumps(row), flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
