import numpy as np
from PIL import Image

from skdeepcluster import ImageEmbedder
from skdeepcluster.scenegraph.graph import union_boxes
from skdeepcluster.scenegraph.vision import VisualGraphParser
from skdeepcluster.scenegraph.vision._regions import Crops

from ._toy import BACKBONE, NAMES, Stub


def test_features_are_those_of_the_crops(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, backbone=BACKBONE, batch_size=2)
    graph = parser.transform([image[::-1], np.zeros_like(image), image])[2]
    embedder = ImageEmbedder(BACKBONE)

    def features(boxes):
        return embedder.fit_transform([image[t:b, x:r] for x, t, r, b in boxes])

    boxes = np.array([entry.box for entry in graph.objects]).astype(int)
    found = np.stack([entry.feature for entry in graph.objects])
    np.testing.assert_allclose(found, features(boxes), atol=1e-5)
    found = np.stack([entry.feature for entry in graph.relations])
    np.testing.assert_allclose(found, features(union_boxes(boxes, graph.pairs)), atol=1e-5)


def test_a_crop_has_the_pixels_that_its_box_covers_in_part(image):
    opened = Image.fromarray(image)
    crops = Crops([(opened, (3.2, 4.7, 9.1, 12.0)), (opened, (3, 4, 10, 12))])
    np.testing.assert_array_equal(np.asarray(crops.read(0)), image[4:12, 3:10])
    assert crops.identity(0) == crops.identity(1)
