"""Features of the regions of an image: the boxes of objects and the union boxes of pairs."""

import hashlib

import numpy as np
from PIL import Image

from ...embedding import ImageEmbedder
from ...images import ImageSource
from ..graph import union_boxes
from ._draft import GraphDraft


class Crops(ImageSource):
    """Crops of images, cut out when they are read: a large image has dozens of large ones."""

    def read(self, index, size_hint=None):
        """Cut out a box, with the pixels that it covers in part."""
        image, (left, top, right, bottom) = self.items[index]
        corners = np.floor(left), np.floor(top), np.ceil(right), np.ceil(bottom)
        return image.crop(tuple(int(corner) for corner in corners))

    def identity(self, index):
        """Return a digest of the pixels."""
        return hashlib.blake2b(self.read(index).tobytes(), digest_size=16).digest()


def add_region_features(
    drafts: list[GraphDraft], images: list[Image.Image], embedder: ImageEmbedder
) -> None:
    """Embed the boxes of all objects and the union boxes of all pairs.

    Parameters
    ----------
    drafts : list of GraphDraft
        Their features are set.
    images : list of PIL.Image.Image
    embedder : ImageEmbedder
    """
    boxes = [
        np.concatenate([draft.boxes, union_boxes(draft.boxes, draft.pairs)]) for draft in drafts
    ]
    regions = [
        (image, box)
        for image, boxes_of_image in zip(images, boxes, strict=True)
        for box in boxes_of_image
    ]
    features = embedder.transform(Crops(regions))
    ends = np.cumsum([len(boxes_of_image) for boxes_of_image in boxes])[:-1]
    for draft, rows in zip(drafts, np.split(features, ends), strict=True):
        draft.features, draft.relation_features = np.split(rows, [len(draft.boxes)])
