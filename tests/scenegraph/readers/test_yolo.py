import numpy as np
import pytest
from PIL import Image

from skdeepcluster.scenegraph import VisualGraphParser, read_yolo
from skdeepcluster.scenegraph.graph import box_predicates, related_pairs

from ._left_out import left_out

NAMES = ["dog", "chair"]
# In an image of 200 x 100: the boxes 40, 10, 60, 60 and 20, 40, 90, 100.
DOG, CHAIR = "0 0.25 0.35 0.1 0.5", "1 0.275 0.7 0.35 0.6"


@pytest.fixture
def labels(tmp_path):
    def write(text, name="a.txt"):
        path = tmp_path / "labels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path / "labels"

    return write


def read(folder, images=None, **params):
    return read_yolo(folder, class_names=NAMES, images=images or {"a.jpg": (200, 100)}, **params)


def test_labels(labels):
    (record,) = read(labels(f"{DOG}\n{CHAIR}\n\n"))
    assert record.image_id == "a.jpg"
    assert record.graph.labels == ("dog", "chair")
    assert record.graph.objects[0].box == pytest.approx((40, 10, 60, 60))
    assert record.graph.objects[1].box == pytest.approx((20, 40, 90, 100))
    assert record.graph.triples == (("dog", "on", "chair"),)


def test_results_with_scores(labels):
    folder = labels(f"{DOG} 0.5\n{CHAIR} 0.9\n{DOG} 0.1")
    (record,) = read(folder)
    assert record.graph.labels == ("chair", "dog")
    assert [entry.score for entry in record.graph.objects] == [0.9, 0.5]
    assert len(read(folder, min_score=0)[0].graph) == 3
    assert len(read(folder, max_objects=1)[0].graph) == 1


@pytest.mark.parametrize("score", ["", " 0.8"])
def test_polygons(labels, score):
    """Outlines, and boxes that are turned, have a box around them."""
    (record,) = read(labels(f"0 0.2 0.35 0.25 0.1 0.3 0.35 0.25 0.6{score}"))
    assert record.graph.objects[0].box == pytest.approx((40, 10, 60, 60))
    assert record.graph.objects[0].score == (0.8 if score else None)


def test_a_folder_of_images(labels, tmp_path):
    for name in ("val/a.jpg", "val/b.png", "train/a.jpg"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (200, 100)).save(tmp_path / "images" / name)
    (tmp_path / "data.yaml").write_text("names: [dog, chair]\n")
    labels(DOG, "val/a.txt")
    labels("dog\nchair\n", "classes.txt")
    folder = labels(CHAIR, "train/gone.txt")
    with pytest.warns(UserWarning) as caught:
        records = read_yolo(folder, class_names=tmp_path / "data.yaml", images=tmp_path / "images")
    assert left_out(caught) == {"files of labels without an image": 1}
    found = {record.image_id: record.graph.labels for record in records}
    assert found == {"train/a.jpg": (), "val/a.jpg": ("dog",), "val/b.png": ()}


def test_an_unknown_class(labels):
    with pytest.warns(UserWarning) as caught:
        (record,) = read(labels(f"{DOG}\n7 0.5 0.5 0.1 0.1"))
    assert left_out(caught) == {"objects without a name": 1}
    assert record.graph.labels == ("dog",)


@pytest.mark.parametrize("line", ["0 0.5 0.5 0.1", "dog 0.5 0.5 0.1 0.1", "nan 0.5 0.5 0.1 0.1"])
def test_what_is_not_in_this_format(labels, line):
    with pytest.raises(ValueError, match=r"Line 2 of .*a\.txt' is not in YOLO's format"):
        read(labels(f"{DOG}\n{line}"))


def test_boxes_in_pixels(labels):
    with pytest.warns(UserWarning) as caught:
        (record,) = read(labels("0 50 35 20 50"))
    assert left_out(caught) == {"boxes of a negative size or without four numbers": 1}
    assert record.graph.objects[0].box is None


def test_there_is_no_folder(tmp_path):
    with pytest.raises(NotADirectoryError, match="labels"):
        read(tmp_path / "labels")


def test_relations_are_those_of_the_visual_parser(labels):
    lines = [f"0 {x} {y} 0.2 0.3 0.{9 - i}" for i, (x, y) in enumerate([(0.2, 0.3), (0.35, 0.4)])]
    (record,) = read(labels("\n".join([*lines, f"{CHAIR} 0.6"])))
    boxes = np.array([entry.box for entry in record.graph.objects])
    scores = np.array([entry.score for entry in record.graph.objects])
    pairs = related_pairs(boxes, scores, VisualGraphParser().max_relations)
    np.testing.assert_array_equal(record.graph.pairs, pairs)
    assert list(record.graph.predicates) == box_predicates(boxes, pairs)
