"""The graph of an image while it is being made."""

from dataclasses import dataclass, field

import numpy as np

from ..graph import SceneGraph, SceneObject, SceneRelation


@dataclass
class GraphDraft:
    """What is known so far of the graph of one image, with n objects and m relations."""

    boxes: np.ndarray  # (n, 4)
    scores: np.ndarray  # (n,)
    classes: np.ndarray  # (n,)
    pairs: np.ndarray  # (m, 2)
    predicates: list[str]
    labels: list[str] = field(default_factory=list)
    features: np.ndarray | None = None  # (n, n_features)
    relation_features: np.ndarray | None = None  # (m, n_features), of the union boxes

    def set_labels(self, names: list[str]) -> None:
        """Label each object with the name of its class."""
        unnamed = self.classes[(self.classes < 0) | (self.classes >= len(names))]
        if len(unnamed):
            raise ValueError(
                f"The detector found an object of class {unnamed[0]}, and labels names the "
                f"classes from 1 to {len(names) - 1}."
            )
        self.labels = [names[number] for number in self.classes]

    def graph(self) -> SceneGraph:
        """Return the finished graph."""
        objects = zip(
            self.labels, self.boxes, self.scores, _rows(self.features, self.boxes), strict=True
        )
        relations = zip(
            self.pairs, self.predicates, _rows(self.relation_features, self.pairs), strict=True
        )
        return SceneGraph(
            [SceneObject(*fields) for fields in objects],
            [SceneRelation(s, predicate, o, feature) for (s, o), predicate, feature in relations],
        )


def _rows(features, entries):
    return [None] * len(entries) if features is None else features
