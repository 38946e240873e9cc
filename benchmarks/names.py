"""How often ``describe_clusters()`` finds the right name, a right hypernym, a wrong one, or none.

A cluster is what most of its images are; a name is right if it is the same noun of WordNet 3.0,
and a hypernym or hyponym if WordNet says so. The rule was found on Imagenette and steel defects.
``apt-get install wordnet-base``, then ``python benchmarks/names.py``, which writes
``benchmarks/results/names.json``.
"""

import json
import warnings
from pathlib import Path

import numpy as np
from _data import CACHE, IMAGE_SIZE, load_set, machine
from _truth import FASHION, SYNSETS
from _wordnet import Nouns
from scipy.ndimage import gaussian_filter

from skdeepcluster import DeepImageClusterer
from skdeepcluster.naming import imagenet_vocabulary

RESULTS = Path(__file__).parent / "results" / "names.json"
FOUND_ON = ("imagenette", "steel_defects")
SETS = (*FOUND_ON, "caltech101", "cifar10", "fashion-mnist", "blood_cells", "noise")
VERDICTS = ("right", "hypernym", "hyponym", "near", "wrong", "none")
# Steps in WordNet that a wrong name may be off and still be near: siblings and cousins.
NEAR = 4


def noise_images(n_images=100, side=160):
    """Images of five kinds of noise, and which kind each is."""
    rng = np.random.default_rng(0)
    shape = (n_images, side, side, 3)
    smooth = [gaussian_filter(rng.normal(size=shape), (0, width, width, 0)) for width in (3, 12)]
    coarse = rng.integers(0, 256, (n_images, side // 16, side // 16, 3), np.uint8)
    kinds = [
        rng.integers(0, 256, shape, np.uint8),
        np.clip(rng.normal(128, 40, shape), 0, 255).astype(np.uint8),
        coarse.repeat(16, axis=1).repeat(16, axis=2),
        *(np.clip(128 + 64 * each / each.std(), 0, 255).astype(np.uint8) for each in smooth),
    ]
    return np.concatenate(kinds), np.repeat(np.arange(len(kinds)), n_images)


def load(name):
    """Images, and the synset of each: None where it has none."""
    if name == "noise":
        images, kinds = noise_images()
        return images, kinds, [None] * len(np.unique(kinds))
    images, _, y, _ = load_set(name)
    if name == "fashion-mnist":
        return images, y, FASHION
    classes = {label: images[np.flatnonzero(y == label)[0]].parent.name for label in np.unique(y)}
    return images, y, [SYNSETS.get(classes[label]) for label in sorted(classes)]


def judged(name, truth, nouns):
    """Say how a name, a synset or None, relates to a class."""
    if name is None:
        return "none", None
    if truth is None:
        return "wrong", None
    distance = nouns.distance(name, truth)
    if distance == 0:
        return "right", distance
    if name in nouns.distances_up(truth):
        return "hypernym", distance
    if truth in nouns.distances_up(name):
        return "hyponym", distance
    return ("near" if distance <= NEAR else "wrong"), distance


def main():
    warnings.simplefilter("ignore")
    nouns, vocabulary = Nouns(), imagenet_vocabulary()
    # Homonyms have several.
    meanings = {}
    for word, synset in zip(vocabulary.words, vocabulary.synsets, strict=True):
        meanings.setdefault(word, []).append(synset[1:])
    results = {}
    for data in SETS:
        images, y, synsets = load(data)
        est = DeepImageClusterer(
            len(synsets), image_size=IMAGE_SIZE, n_views=0, memory=CACHE, random_state=0
        ).fit(images)
        table = est.describe_clusters(X=images)
        rows = []
        for cluster, (confidence, name) in enumerate(
            zip(table["confidence"], est.cluster_names_, strict=True)
        ):
            classes = np.bincount(y[est.labels_ == cluster])
            truth = synsets[classes.argmax()]
            named = meanings[name] if confidence == confidence else [None]
            verdict, distance = min(
                (judged(each, truth, nouns) for each in named),
                key=lambda judgement: judgement[1] or 0,
            )
            rows.append(
                {
                    "class": int(classes.argmax()),
                    "purity": round(classes.max() / classes.sum(), 3),
                    "name": name if confidence == confidence else None,
                    "confidence": float(confidence) if confidence == confidence else None,
                    "verdict": verdict,
                    "distance": distance,
                }
            )
        results[data] = rows
        print(data, {v: sum(row["verdict"] == v for row in rows) for v in VERDICTS}, flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "sets": results}, indent=0))


if __name__ == "__main__":
    main()
