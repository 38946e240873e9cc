"""What is found in an image, what a network sees there, and the phrases nearest to it."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from ...backbones import encode_texts
from ...images import ImageSource
from ..graph._entries import SceneObject, SceneRelation
from ..graph._graph import SceneGraph
from ._geometry import union_boxes

_LABEL_PHRASE = "a photo of {}"
_RELATION_PHRASE = "a photo of {} {} {}"


@dataclass
class Scene:
    """What is known of one image so far: n objects and m relations."""

    boxes: np.ndarray  # (n, 4)
    scores: np.ndarray  # (n,)
    classes: np.ndarray  # (n,)
    pairs: np.ndarray  # (m, 2)
    predicates: list[str]
    labels: list[str] = field(default_factory=list)
    features: np.ndarray | None = None  # (n, n_features)
    pair_features: np.ndarray | None = None  # (m, n_features)

    def name(self, names):
        """Take the labels from a list with a name a class."""
        beyond = self.classes[(self.classes < 0) | (self.classes >= len(names))]
        if len(beyond):
            raise ValueError(
                f"The detector found an object of class {beyond[0]}, and labels names the classes "
                f"from 1 to {len(names) - 1}."
            )
        self.labels = [names[number] for number in self.classes]

    def graph(self):
        """Return the scene as a graph."""
        objects = zip(
            self.labels, self.boxes, self.scores, _rows(self.features, self.boxes), strict=True
        )
        relations = zip(
            self.pairs, self.predicates, _rows(self.pair_features, self.pairs), strict=True
        )
        return SceneGraph(
            [SceneObject(*fields) for fields in objects],
            [SceneRelation(s, predicate, o, feature) for (s, o), predicate, feature in relations],
        )


def _rows(features, entries):
    return [None] * len(entries) if features is None else features


class _Crops(ImageSource):
    """Parts of images, cut out when they are read: a large image has dozens of large parts."""

    def read(self, index, size_hint=None):
        """Cut out the box, and the pixels that it covers in part."""
        image, (left, top, right, bottom) = self.items[index]
        corners = np.floor(left), np.floor(top), np.ceil(right), np.ceil(bottom)
        return image.crop(tuple(int(corner) for corner in corners))

    def identity(self, index):
        """Digest of the pixels."""
        return hashlib.blake2b(self.read(index).tobytes(), digest_size=16).digest()


def add_features(scenes, images, embedder):
    """Embed the boxes of all objects and around all pairs.

    Parameters
    ----------
    scenes : list of Scene
    images : list of PIL.Image.Image
    embedder : ImageEmbedder
    """
    boxes = [np.concatenate([s.boxes, union_boxes(s.boxes, s.pairs)]) for s in scenes]
    items = [(image, box) for image, of in zip(images, boxes, strict=True) for box in of]
    features = embedder.transform(_Crops(items))
    ends = np.cumsum([len(of) for of in boxes])[:-1]
    for scene, rows in zip(scenes, np.split(features, ends), strict=True):
        scene.features, scene.pair_features = np.split(rows, [len(scene.boxes)])


def encode_labels(labels, backbone):
    """Embed a vocabulary, (n_labels, n_features), as unit vectors."""
    return encode_texts(backbone, [_LABEL_PHRASE.format(label) for label in labels])


def match_predicates(scenes, predicates, backbone):
    """Replace predicates, and the order of subject and object, by those of the nearest phrase.

    Parameters
    ----------
    scenes : list of Scene
        With labels and features.
    predicates : list of str
    backbone : str
        Of open_clip; its text tower is loaded once.
    """
    words = [
        [((s.labels[i], s.labels[j]), (s.labels[j], s.labels[i])) for i, j in s.pairs]
        for s in scenes
    ]
    # Equal words are encoded once, whatever the images.
    different = dict.fromkeys(ends for of in words for orders in of for ends in orders)
    if not different:
        return
    phrases = [_RELATION_PHRASE.format(s, verb, o) for s, o in different for verb in predicates]
    texts = encode_texts(backbone, phrases).reshape(len(different), len(predicates), -1)
    row_of = {ends: row for row, ends in enumerate(different)}
    for scene, of in zip(scenes, words, strict=True):
        if of:
            both_orders = texts[[[row_of[ends] for ends in orders] for orders in of]]
            cosines = np.einsum("rovd,rd->rov", both_orders, scene.pair_features)
            best = cosines.reshape(len(of), -1).argmax(axis=1)
            turned, verbs = np.divmod(best, len(predicates))
            scene.pairs = np.where(turned[:, None], scene.pairs[:, ::-1], scene.pairs)
            scene.predicates = [predicates[verb] for verb in verbs]
