"""Objects found by the packaged classifier, which needs no download."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.ops import box_iou

from skdeepcluster.scenegraph.vision import VisualGraphParser

COFFEE, CAT = (40, 30, 340, 230), (400, 200, 720, 413)


@pytest.fixture(scope="module")
def parser():
    return VisualGraphParser("efficientnet_lite0").fit()


@pytest.fixture(scope="module")
def scene():
    """A cup of coffee, and right of it a cat, on a plain ground."""
    canvas = Image.new("RGB", (760, 440), (90, 120, 140))
    for photograph, (left, top, right, bottom) in ((data.coffee(), COFFEE), (data.chelsea(), CAT)):
        image = Image.fromarray(photograph).resize((right - left, bottom - top))
        canvas.paste(image, (left, top))
    return canvas


def iou(box, other):
    return float(box_iou(torch.tensor([box]), torch.tensor([other])))


def test_objects_are_named_and_placed(parser, scene):
    graph = parser.parse(scene)
    places = {entry.label: entry.box for entry in graph.objects}
    assert iou(places["espresso"], COFFEE) > 0.5
    (cat,) = (box for label, box in places.items() if "cat" in label)
    assert iou(cat, CAT) > 0.5
    scores = [entry.score for entry in graph.objects]
    assert scores == sorted(scores, reverse=True)
    # The smaller box is the subject.
    (predicate,) = (p for s, p, o in graph.triples if s == "espresso" and "cat" in o)
    assert predicate == "left of"


def test_an_image_has_the_same_graph_in_any_company(parser, scene):
    small = scene.resize((380, 220))
    together = parser.transform([scene, Image.new("RGB", (40, 60)), small])
    assert together[0].labels == parser.parse(scene).labels
    assert together[1].objects == ()
    # Boxes are in pixels of the image.
    first, other = (
        {entry.label: entry.box for entry in graph.objects}["espresso"]
        for graph in (together[0], together[2])
    )
    np.testing.assert_allclose(first, np.multiply(other, 2), atol=70)


def test_what_is_not_likely_or_too_much_is_left_out(scene):
    least = VisualGraphParser("efficientnet_lite0", min_score=0.8).parse(scene)
    assert all(entry.score >= 0.8 for entry in least.objects)
    one = VisualGraphParser("efficientnet_lite0", max_objects=1).parse(scene)
    assert len(one.objects) == 1


def test_what_does_not_go_together(tmp_path):
    with pytest.raises(ValueError, match="leave weights out"):
        VisualGraphParser("efficientnet_lite0", weights=tmp_path / "w.pth").fit()
    with pytest.raises(ValueError, match="own words"):
        VisualGraphParser("efficientnet_lite0", labels=["cup", "cat"]).fit()
