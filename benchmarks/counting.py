"""How many clusters criteria find, on the ten sets and on subsets of their classes.

``python benchmarks/counting.py`` writes ``benchmarks/results/counting.json`` and the tables of
``docs/choosing-k.md``; with ``--tables`` the tables alone, from that file. Criteria see the
features only; all try 2 to 120 clusters.
"""

import argparse
import json
import re
import time
import warnings
from pathlib import Path

import numpy as np
from _data import FEATURE_SETS, load_features, machine
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.preprocessing import normalize

from skdeepcluster.neighbors import (
    nearest_neighbors,
    neighborhood_modularity,
    shared_neighbor_graph,
)
from skdeepcluster.starts import estimate_n_clusters
from skdeepcluster.starts._spectral import leading_eigenvectors
from skdeepcluster.starts._views import centered_components

RESULTS = Path(__file__).parent / "results" / "counting.json"
PAGE = Path(__file__).parents[1] / "docs" / "choosing-k.md"
LARGEST = 120
# Classes that are drawn from a set, one draw each.
SUBSETS = {
    "imagenette": (3, 5),
    "cifar10": (3, 5),
    "fashion-mnist": (3, 5),
    "digits": (3, 5, 7),
    "caltech101": (15, 30, 60),
    "steel_defects": (3, 4),
}
# Sets whose classes are thinned to sizes that fall geometrically, by so much in all.
UNEVEN = {"fashion-mnist": 5, "digits": 5, "caltech101": 4}
# Of those that are drawn or thinned, to be quick.
_MOST_SAMPLES = 2000
_METHODS = {
    "auto": '`"auto"`',
    "modularity": "modularity",
    "silhouette": "silhouette",
    "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin",
    "eigengap": "eigengap",
}


def cases(name):
    """Yield name, features and classes of a set, its subsets and its uneven version."""
    X, y, k = load_features(name)
    yield FEATURE_SETS[name], X, y
    for n_classes in SUBSETS.get(name, ()):
        rng = np.random.RandomState(n_classes)
        kept = np.flatnonzero(np.isin(y, rng.choice(k, n_classes, replace=False)))
        kept = np.sort(rng.permutation(kept)[:_MOST_SAMPLES])
        yield f"{FEATURE_SETS[name]}, {n_classes} classes", X[kept], y[kept]
    if name in UNEVEN:
        rng = np.random.RandomState(0)
        shares = UNEVEN[name] ** (-rng.permutation(k) / (k - 1))
        scale = min(1, _MOST_SAMPLES / (shares * np.bincount(y)).sum())
        kept = [
            rng.permutation(np.flatnonzero(y == c))[: round(scale * share * (y == c).sum())]
            for c, share in enumerate(shares)
        ]
        kept = np.sort(np.concatenate(kept))
        yield f"{FEATURE_SETS[name]}, sizes 1:{UNEVEN[name]}", X[kept], y[kept]


def count(X):
    """Numbers of clusters by each criterion."""
    started = time.perf_counter()
    found = {"auto": estimate_n_clusters(X, 2, LARGEST, np.random.RandomState(0))[0]}
    seconds = time.perf_counter() - started
    rng = np.random.RandomState(0)
    components = centered_components(normalize(X), rng)
    numbers = [
        k
        for k in [*range(2, 15), *np.geomspace(15, LARGEST, 12).round()]
        if k < min(len(X), 2000) / 4
    ]
    numbers = np.array(numbers, dtype=int)
    return {
        **found,
        **_by_graph(components, numbers, rng),
        **_by_shape(components, numbers),
    }, seconds


def _by_graph(components, numbers, rng):
    """Modularity of spectral cuts, the fewest clusters within one percent; the eigengap."""
    graph = nearest_neighbors(components, 10)
    weights = shared_neighbor_graph(graph)
    vectors = leading_eigenvectors(weights, numbers[-1] + 1, rng)
    root = 1 / np.sqrt(weights.sum(axis=1))
    scaled = root[:, None] * vectors
    values = (scaled * (weights @ scaled)).sum(axis=0)
    modularity = []
    for k in numbers:
        labels = KMeans(k, n_init=1, random_state=0).fit_predict(normalize(vectors[:, :k]))
        modularity.append(neighborhood_modularity(labels, graph))
    enough = np.array(modularity) >= 0.99 * max(modularity)
    return {
        "modularity": int(numbers[enough][0]),
        "eigengap": int((values[1:-1] - values[2:]).argmax() + 2),
    }


def _by_shape(components, numbers):
    """Judge k-means on principal components of 2000 samples at most by its shape."""
    rows = components[np.random.RandomState(0).permutation(len(components))[:2000]]
    indices = {"silhouette": [], "calinski_harabasz": [], "davies_bouldin": []}
    for k in numbers:
        labels = KMeans(k, n_init=1, random_state=0).fit_predict(rows)
        indices["silhouette"].append(silhouette_score(rows, labels))
        indices["calinski_harabasz"].append(calinski_harabasz_score(rows, labels))
        indices["davies_bouldin"].append(-davies_bouldin_score(rows, labels))
    return {name: int(numbers[np.argmax(values)]) for name, values in indices.items()}


def write_tables(rows):
    """Put the tables between the markers of the page."""
    head = ["", "classes", *_METHODS.values()]
    names = list(FEATURE_SETS)
    rows = sorted(rows, key=lambda row: names.index(row["set"]))
    whole = [row for row in rows if row["data"] == FEATURE_SETS[row["set"]]]
    parts = [row for row in rows if row["data"] != FEATURE_SETS[row["set"]]]
    tables = {
        "summary": _markdown(
            ["", *_METHODS.values()],
            [
                [f"{len(whole)} sets: within 20 %", *(_within(whole, m) for m in _METHODS)],
                [f"{len(parts)} subsets: within 20 %", *(_within(parts, m) for m in _METHODS)],
                ["wrong by a factor of", *(_factor(rows, m) for m in _METHODS)],
            ],
        ),
        "sets": _markdown(head, [_line(row) for row in whole]),
        "subsets": _markdown(head, [_line(row) for row in parts]),
    }
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        marked = f"<!-- {name} -->\n{table}\n<!-- end -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _, m=marked: m, page, flags=re.S)
    PAGE.write_text(page, encoding="utf-8")


def _is_near(row, method):
    return abs(row["found"][method] - row["n_classes"]) <= 0.2 * row["n_classes"] + 1e-9


def _within(rows, method):
    return str(sum(_is_near(row, method) for row in rows))


def _factor(rows, method):
    """Geometric mean of how many times too many or too few."""
    logs = [abs(np.log(row["found"][method] / row["n_classes"])) for row in rows]
    return f"{np.exp(np.mean(logs)):.2f}"


def _line(row):
    cells = [
        f"**{row['found'][method]}**" if _is_near(row, method) else row["found"][method]
        for method in _METHODS
    ]
    return [row["data"], row["n_classes"], *cells]


def _markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", action="store_true", help="write the tables alone")
    parser.add_argument("--data", nargs="+", default=list(FEATURE_SETS), choices=FEATURE_SETS)
    arguments = parser.parse_args()
    if not arguments.tables:
        warnings.simplefilter("ignore")
        # Sets that are not named keep what was measured before.
        before = json.loads(RESULTS.read_text())["cases"] if RESULTS.exists() else []
        rows = [row for row in before if row["set"] not in arguments.data]
        for name in arguments.data:
            for data, X, y in cases(name):
                found, seconds = count(X)
                n_classes = len(np.unique(y[y >= 0]))
                row = {"set": name, "data": data, "n_samples": len(X)}
                rows.append({**row, "n_classes": n_classes, "found": found, "seconds": seconds})
                print(rows[-1], flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "cases": rows}, indent=1))
    write_tables(json.loads(RESULTS.read_text())["cases"])


if __name__ == "__main__":
    main()
