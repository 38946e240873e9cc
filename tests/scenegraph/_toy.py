"""Small scene graphs with their captions, made by a grammar."""

import numpy as np

from skdeepcluster import SceneGraph, SceneGraphRetriever

NOUNS = ("man", "woman", "dog", "horse", "car", "tree", "hat", "ball", "boat", "bird")
PREDICATES = ("on", "near", "hold", "chase", "wear", "behind")


def said(*triples):
    """Make a caption of what it says."""
    text = " and ".join(f"a {subject} {verb} the {target}" for subject, verb, target in triples)
    return {"text": text, "triples": list(triples)}


def exchanged(caption):
    """Make the caption in which each subject and its object change places."""
    return said(*((target, verb, subject) for subject, verb, target in caption["triples"]))


def make_pairs(n_images, seed=0):
    """Draw graphs of four objects with two relations, each of which is a caption."""
    rng = np.random.default_rng(seed)
    graphs = []
    for _ in range(n_images):
        corners = rng.uniform(0, 60, (4, 2))
        boxes = np.hstack([corners, corners + rng.uniform(10, 40, (4, 2))])
        labels = rng.choice(NOUNS, 4, replace=False).tolist()
        objects = [
            {"label": label, "box": box} for label, box in zip(labels, boxes.tolist(), strict=True)
        ]
        ends = [rng.permutation(4)[:2].tolist() for _ in range(2)]
        graphs.append(SceneGraph(objects, [(s, str(rng.choice(PREDICATES)), o) for s, o in ends]))
    return graphs, [[said(triple) for triple in graph.triples] for graph in graphs]


def make_retriever(**params):
    """Make a retriever that is quick, and the same whatever is installed."""
    quick = {"word_vectors": "pairs", "batch_size": 16, "learning_rate": 3e-3, "random_state": 0}
    return SceneGraphRetriever(**{**quick, **params})


def random_vectors(words, n_dimensions=16, seed=0):
    rng = np.random.default_rng(seed)
    return {word: rng.normal(size=n_dimensions) for word in words}


class Parser:
    """A parser that knows the graphs of its inputs, and remembers what it was asked."""

    def __init__(self, graphs):
        self.graphs = graphs
        self.asked = []

    def transform(self, X):
        self.asked += list(X)
        return [self.graphs[entry] for entry in X]
