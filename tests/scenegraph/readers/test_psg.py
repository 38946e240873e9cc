from copy import deepcopy

import pytest

from skdeepcluster.scenegraph import read_psg

from ._left_out import left_out


def data():
    """As psg.json, with two images."""
    image = {
        "file_name": "val2017/000000107339.jpg",
        "height": 427,
        "width": 640,
        "image_id": "107902",
        "pan_seg_file_name": "panoptic_val2017/000000107339.png",
        "segments_info": [{"id": 1, "category_id": 0, "iscrowd": 0, "isthing": 1, "area": 9}] * 3,
        "annotations": [
            {"bbox": [10, 20, 40, 60], "bbox_mode": 0, "category_id": 1},
            {"bbox": [0.5, 0, 640, 100], "bbox_mode": 0, "category_id": 2},
            {"bbox": [0, 100, 640, 427], "bbox_mode": 0, "category_id": 3},
        ],
        "relations": [[0, 2, 1], [1, 2, 0]],
        "coco_image_id": "107339",
    }
    other = {**deepcopy(image), "image_id": "9", "file_name": "train2017/000000000009.jpg"}
    return {
        "data": [
            image,
            other,
        ],
        "thing_classes": ["person", "Bicycle"],
        "stuff_classes": ["sky-other-merged", "floor-wood"],
        "predicate_classes": ["over", "parked on"],
        "test_image_ids": ["9"],
    }


def test_psg(write):
    record, other = read_psg(write(data()))
    assert record.image_id == "val2017/000000107339.jpg"
    assert record.graph.labels == ("bicycle", "sky", "floor-wood")
    assert record.graph.triples == (
        ("bicycle", "parked on", "floor-wood"),
        ("sky", "over", "floor-wood"),
    )
    assert [entry.box for entry in record.graph.objects][:2] == [
        (10, 20, 40, 60),
        (0.5, 0, 640, 100),
    ]
    assert other.graph == record.graph


def test_splits(write):
    path = write(data())
    names = {
        split: [r.image_id for r in read_psg(path, split=split)] for split in ("train", "test")
    }
    assert names == {
        "train": ["val2017/000000107339.jpg"],
        "test": ["train2017/000000000009.jpg"],
    }
    with pytest.raises(ValueError, match='split is "train"'):
        read_psg(path, split="val")


def test_what_is_missing_is_left_out(write):
    broken = data()
    broken["data"][0]["relations"] += [[0, 7, 0], [0, 1, 9]]
    broken["data"][0]["annotations"][1]["category_id"] = 44
    with pytest.warns(UserWarning) as caught:
        record, _ = read_psg(write(broken))
    assert record.graph.triples == (("bicycle", "parked on", "floor-wood"),)
    assert left_out(caught) == {
        "objects without a name": 1,
        "relations to an object that is missing": 2,
        "relations without a predicate": 1,
    }


@pytest.mark.parametrize("key", ["data", "thing_classes", "stuff_classes", "predicate_classes"])
def test_what_is_not_in_this_format(write, key):
    broken = data()
    del broken[key]
    with pytest.raises(ValueError, match=rf"data\.json' is not in PSG's format: .* '{key}'"):
        read_psg(write(broken))


def test_the_image_is_named(write):
    broken = data()
    broken["data"][1]["relations"][0] = [0, 1]
    with pytest.raises(ValueError, match=r"Entry 1 of .*data\.json' is not in PSG's format"):
        read_psg(write(broken))
