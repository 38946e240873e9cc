import json

import pytest

from skdeepcluster.scenegraph import read_coco

from ._left_out import left_out

HEAD = {
    "images": [
        {"id": 9, "file_name": "000000000009.jpg", "width": 200, "height": 100},
        {"id": 3, "file_name": "000000000003.jpg", "width": 200, "height": 100},
    ],
    "categories": [{"id": 18, "name": "dog"}, {"id": 62, "name": "chair"}],
}
DOG = {"image_id": 9, "category_id": 18, "bbox": [40, 10, 20, 50]}
CHAIR = {"image_id": 9, "category_id": 62, "bbox": [20, 40, 70, 60]}
ON = (("dog", "on", "chair"),)


def annotated():
    entries = [{"id": i, "iscrowd": 0, **entry} for i, entry in enumerate([CHAIR, DOG])]
    return {"info": {}, **HEAD, "annotations": entries}


def test_annotations(write):
    record, empty = read_coco(write(annotated()))
    assert record.image_id == "000000000009.jpg"
    assert record.graph.labels == ("chair", "dog")
    assert record.graph.triples == ON
    assert record.graph.objects[1].box == (40, 10, 60, 60)
    assert record.graph.objects[1].score is None
    assert empty.image_id == "000000000003.jpg"
    assert len(empty.graph) == 0


def results():
    weak = {"image_id": 9, "category_id": 18, "bbox": [0, 0, 9, 9], "score": 0.2}
    return [weak, {**DOG, "score": 0.5}, {**CHAIR, "score": 0.9}]


def test_results_with_their_annotation_file(write):
    record, empty = read_coco(write(results()), annotations=write(annotated(), "instances.json"))
    assert record.image_id == "000000000009.jpg"
    assert record.graph.labels == ("chair", "dog")
    assert [entry.score for entry in record.graph.objects] == [0.9, 0.5]
    assert record.graph.triples == ON
    assert len(empty.graph) == 0


@pytest.mark.parametrize("kind", ["dict", "list", "text", "json", "yaml", "yaml list"])
def test_results_with_names(write, tmp_path, kind):
    names = {18: "dog", 62: "chair"}
    lines = [names.get(i, f"class {i}") for i in range(63)]
    if kind == "text":
        (tmp_path / "names.txt").write_text("\n".join(lines))
    if kind == "yaml":
        (tmp_path / "data.yaml").write_text("nc: 2\nnames:\n  18: dog\n  62: chair\n")
    if kind == "yaml list":
        (tmp_path / "data.yaml").write_text(f"train: ../images\nnames: {json.dumps(lines)}\n")
    class_names = {
        "dict": names,
        "list": lines,
        "text": tmp_path / "names.txt",
        "json": write({"18": "dog", "62": "chair"}, "names.json"),
    }.get(kind, tmp_path / "data.yaml")
    (record,) = read_coco(write(results()), class_names=class_names)
    assert record.image_id == "9"
    assert record.graph.triples == ON


def test_limits(write):
    path, head = write(results()), write(annotated(), "instances.json")
    for limits, labels, n_relations in [
        ({"min_score": 0.6}, ("chair",), 0),
        ({"min_score": 0}, ("chair", "dog", "dog"), 3),
        ({"max_objects": 1}, ("chair",), 0),
        ({"max_relations": 0}, ("chair", "dog"), 0),
        ({"min_score": 0, "max_relations": 1}, ("chair", "dog", "dog"), 1),
    ]:
        graph = read_coco(path, annotations=head, **limits)[0].graph
        assert graph.labels == labels
        assert len(graph.relations) == n_relations
    for limits in ({"min_score": 30}, {"max_objects": -1}, {"max_relations": -1}):
        with pytest.raises(ValueError, match=next(iter(limits))):
            read_coco(path, annotations=head, **limits)


def test_what_is_missing_is_left_out(write):
    data = annotated()
    data["annotations"] += [
        {**DOG, "category_id": 99},
        {**DOG, "image_id": 77},
        {**DOG, "bbox": [1, 2, -3, 4]},
        {"image_id": 9, "category_id": 18},
        {**DOG, "bbox": [1, 2, 0, 4]},
    ]
    with pytest.warns(UserWarning) as caught:
        record, _ = read_coco(write(data))
    assert record.graph.labels == ("chair", "dog", "dog", "dog", "dog")
    assert record.graph.triples == ON
    assert left_out(caught) == {
        "objects without a name": 1,
        "objects of an image that is not listed": 1,
        "boxes of a negative size or without four numbers": 1,
    }


def test_what_is_not_in_this_format(write):
    with pytest.raises(ValueError, match=r"data\.json.*pass annotations=.*or class_names="):
        read_coco(write(results()))
    with pytest.raises(ValueError, match=r"'images'"):
        read_coco(write({"annotations": []}))
    with pytest.raises(ValueError, match=r"Entry 0 of .*'category_id'"):
        read_coco(write([{"image_id": 3}]), class_names=["a"])
    with pytest.raises(ValueError, match=r"Image 9 of .*score"):
        read_coco(write([{**DOG, "score": 87}]), class_names={18: "dog"})
    with pytest.raises(ValueError, match="one name, not a list"):
        read_coco(write(results()), class_names={"names": "dog"})
