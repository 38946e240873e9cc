"""Which clusters are joined first: are those that WordNet calls near?

Leaves of the trees are true classes, or the clusters of a fit, each as the class that most of its
images are of. Beside the average linkage of ``tree_``, the same of the means
alone, which is what models of version 0.1.0 have, and Ward's rule on these and the sizes.

Right triplets: of three classes of which two are nearer to each other than to the third, by at
least two steps between synsets, the share where these two are joined first (where all three are
joined at once, half). Nearness: steps between the synsets of joined classes when a quarter, or
half, of the clusters are gone, in units of those of any two. ``python benchmarks/levels.py`` writes
``benchmarks/results/levels.json``.
"""

import json
from pathlib import Path

import numpy as np
from _data import load_images, load_set, machine
from _truth import FASHION, SYNSETS
from _wordnet import Nouns
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform
from sklearn.preprocessing import normalize

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster._reference import Reference
from skdeepcluster.cluster._tree import ClusterTree, whitened_means

RESULTS = Path(__file__).parent / "results" / "levels.json"
SETS = ("caltech101", "imagenette", "cifar10", "fashion-mnist")
N_DRAWS = 20
N_DRAWN = 40
N_TRIPLETS = 200_000
N_SEEDS = 2


def steps_between(classes, nouns):
    """Count the steps between the synsets of classes; NaN where one has none."""
    synsets = [SYNSETS.get(name, name) for name in classes]
    known = [synset in nouns.parents for synset in synsets]
    return np.array(
        [
            [
                nouns.distance(one, other) if one_known and other_known else np.nan
                for other, other_known in zip(synsets, known, strict=True)
            ]
            for one, one_known in zip(synsets, known, strict=True)
        ]
    )


def average_linkage(X, labels):
    """Heights at which clusters are joined in ``tree_``."""
    rows = Reference.of(X, np.ones(len(X), dtype=bool)).rows
    return squareform(cophenet(ClusterTree.of(whitened_means(rows, labels)).linkage()))


def centered_means(X, labels):
    """Heights in the tree of models that know nothing but the means of clusters."""
    return squareform(cophenet(ClusterTree.of(means_of(X, labels)).linkage()))


def means_of(X, labels):
    return np.stack([X[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def ward(X, labels):
    """Heights at which Ward's rule joins samples that lie at the means of their clusters."""
    sizes = np.bincount(labels)
    joined = linkage(means_of(X, labels).repeat(sizes, axis=0), method="ward")
    firsts = np.r_[0, sizes.cumsum()[:-1]]
    return squareform(cophenet(joined))[np.ix_(firsts, firsts)]


def judged(heights, steps, rng):
    k = len(heights)
    a, b, c = rng.integers(0, k, (3, N_TRIPLETS))
    of_pair, others = steps[a, b], np.minimum(steps[a, c], steps[b, c])
    clear = (a != b) & (of_pair + 2 <= others)
    joined, later = heights[a, b][clear], np.minimum(heights[a, c], heights[b, c])[clear]
    one, other = np.triu_indices(k, 1)
    order = np.unique(heights[one, other])
    row = {"triplets": float(np.mean((joined < later) + 0.5 * (joined == later)))}
    for share in (0.25, 0.5):
        pairs = heights[one, other] <= order[max(round(share * k) - 1, 0)]
        row[f"nearness at {share}"] = float(
            np.nanmean(steps[one, other][pairs]) / np.nanmean(steps[one, other])
        )
    return row


def compared(X, labels, steps, seed=0):
    """Judge both trees of clusters between whose classes there are so many steps."""
    return {
        method.__name__: judged(method(X, labels), steps, np.random.default_rng(seed))
        for method in (average_linkage, centered_means, ward)
    }


def mean_of(rows):
    return {
        method: {
            name: round(float(np.nanmean([row[method][name] for row in rows])), 3) for name in of
        }
        for method, of in rows[0].items()
    }


def main():
    nouns, rng, rows = Nouns(), np.random.default_rng(0), {}
    for name in SETS:
        data = load_set(name)
        names = FASHION if name == "fashion-mnist" else sorted(set(load_images(name)[1]))
        X, steps = normalize(data.X), steps_between(names, nouns)
        rows[f"{name}, classes"] = mean_of([compared(X, data.y, steps)])
        if name != "caltech101":
            continue
        draws = []
        for _ in range(N_DRAWS):
            drawn = np.sort(rng.permutation(data.k)[:N_DRAWN])
            kept = np.isin(data.y, drawn)
            labels = np.searchsorted(drawn, data.y[kept])
            draws.append(compared(X[kept], labels, steps[np.ix_(drawn, drawn)]))
        rows[f"{name}, {N_DRAWN} of the classes"] = mean_of(draws)
        fits = []
        for seed in range(N_SEEDS):
            labels = DeepImageClusterer(data.k, random_state=seed).fit(data.X).labels_
            shared = np.zeros((labels.max() + 1, data.k))
            np.add.at(shared, (labels, data.y), 1)
            of = shared.argmax(axis=1)
            fits.append(compared(X, labels, steps[np.ix_(of, of)]))
        rows[f"{name}, clusters"] = mean_of(fits)
        print(rows, flush=True)
    print(rows)
    RESULTS.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=0))


if __name__ == "__main__":
    main()
