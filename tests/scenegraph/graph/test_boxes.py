import json
import pickle
import re

import numpy as np
import pytest

from skdeepcluster.scenegraph import SceneGraph, SceneObject

# One box of an image of 200 x 100: left 20, top 30, right 80, bottom 90.
FORMATS = {
    "xyxy": [20, 30, 80, 90],
    "yxyx": [30, 20, 90, 80],
    "xxyy": [20, 80, 30, 90],
    "yyxx": [30, 90, 20, 80],
    "xywh": [20, 30, 60, 60],
    "cxcywh": [50, 60, 60, 60],
}
WIDTHS = {
    "xyxy": [200, 100, 200, 100],
    "yxyx": [100, 200, 100, 200],
    "xxyy": [200, 200, 100, 100],
    "yyxx": [100, 100, 200, 200],
    "xywh": [200, 100, 200, 100],
    "cxcywh": [200, 100, 200, 100],
}


def boxed(box, **how):
    return SceneGraph([{"label": "man", "box": box}], **how).objects[0].box


@pytest.mark.parametrize("box_format", FORMATS)
def test_boxes_of_any_order_and_unit(box_format):
    box = FORMATS[box_format]
    assert boxed(box, box_format=box_format) == (20, 30, 80, 90)
    shares = (np.array(box) / WIDTHS[box_format]).tolist()
    found = boxed(shares, box_format=box_format, image_size=(200, 100))
    assert found == pytest.approx((20, 30, 80, 90))


def test_pixels_from_left_to_bottom_need_no_name():
    assert boxed([20, 30, 80, 90]) == (20, 30, 80, 90)
    assert boxed([0.1, 0.3, 0.4, 0.9], image_size=(200, 100)) == pytest.approx((20, 30, 80, 90))


def test_shares_are_not_taken_for_pixels():
    with pytest.raises(ValueError, match=r"look like shares.*image_size=\(width, height\)"):
        boxed([0.1, 0.3, 0.4, 0.9])
    # If it is said that they are pixels, they are.
    assert boxed([0.1, 0.3, 0.4, 0.9], box_format="xyxy") == (0.1, 0.3, 0.4, 0.9)
    small = SceneGraph([SceneObject("man", (0.1, 0.3, 0.4, 0.9))])
    assert pickle.loads(pickle.dumps(small)) == small
    # A small box among others is one, and so is the first pixel.
    SceneGraph([{"label": "a", "box": [0, 0, 0.5, 0.5]}, {"label": "b", "box": [0, 0, 9, 9]}])
    assert boxed([0, 0, 1, 1]) == (0, 0, 1, 1)


@pytest.mark.parametrize(
    ("box", "how", "message"),
    [
        ([80, 30, 20, 90], {}, "right or lower side before"),
        ([20, 30, 60, -1], {"box_format": "xywh"}, "negative width or height"),
        ([20, 30, -60, 1], {"box_format": "cxcywh"}, "negative width or height"),
        ([80, 20, 30, 90], {"box_format": "xxyy"}, "read as 'xxyy'"),
        ([20, 30, 80, 90], {"image_size": (200, 100)}, "is in pixels already"),
        ([20, 30, 80], {"box_format": "xywh"}, "four finite numbers, 'xywh'"),
        ([20, 30, 80, np.inf], {"image_size": (9, 9)}, "four finite numbers, 'xyxy'"),
        ([20, 30, 80, 90], {"box_format": "coco"}, "box_format is one of 'xyxy'"),
        ([0, 0, 1, 1], {"image_size": 100}, "image_size is (width, height)"),
        ([0, 0, 1, 1], {"image_size": (100, 0)}, "image_size is (width, height)"),
        ([0, 0, 1, 1], {"image_size": (100, np.nan)}, "image_size is (width, height)"),
    ],
)
def test_what_is_no_such_box(box, how, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        boxed(box, **how)


def test_a_box_of_another_name_is_not_lost():
    with pytest.raises(ValueError, match=r'objects\[0\] has a "bbox".*box_format='):
        SceneGraph([{"label": "man", "bbox": [20, 30, 60, 60]}])


def test_a_dict_says_what_its_boxes_are():
    data = {
        "objects": [{"label": "man", "box": [0.25, 0.6, 0.3, 0.6]}, "dog"],
        "relations": [[0, "see", 1]],
        "box_format": "cxcywh",
        "image_size": [200, 100],
    }
    graph = SceneGraph.from_dict(json.loads(json.dumps(data)))
    assert graph.objects[0].box == pytest.approx((20, 30, 80, 90))
    assert SceneGraph.from_dict(graph.to_dict()) == graph
