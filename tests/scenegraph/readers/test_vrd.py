import pytest

from skdeepcluster.scenegraph import read_vrd

from ._left_out import left_out

# As in annotations_train.json: boxes are top, bottom, left, right.
DOG = {"category": 1, "bbox": [20, 60, 10, 40]}
MAT = {"category": 0, "bbox": [50, 90, 0, 80]}
OTHER_DOG = {"category": 1, "bbox": [20, 60, 11, 40]}


@pytest.fixture
def names(write):
    return write(["mat", "Dog"], "objects.json"), write(["on", "sleep next to"], "predicates.json")


def relation(subject, predicate, target):
    return {"predicate": predicate, "subject": subject, "object": target}


def test_vrd(write, names):
    relations = [relation(DOG, 0, MAT), relation(OTHER_DOG, 1, DOG), relation(DOG, 0, MAT)]
    record, empty = read_vrd(write({"3845770407.jpg": relations, "none.jpg": []}))
    assert record.image_id == "3845770407.jpg"
    assert record.graph.labels == ("dog", "mat", "dog")
    assert record.graph.triples == (("dog", "on", "mat"), ("dog", "sleep next to", "dog"))
    assert record.graph.pairs.tolist() == [[0, 1], [2, 0]]
    assert record.graph.objects[0].box == (10, 20, 40, 60)
    assert len(empty.graph) == 0


def test_names_from_elsewhere(write, names, tmp_path):
    (tmp_path / "more").mkdir()
    path = write({"a.jpg": [relation(DOG, 0, MAT)]}, "more/annotations_test.json")
    with pytest.raises(FileNotFoundError, match=r"objects\.json"):
        read_vrd(path)
    (record,) = read_vrd(path, objects=names[0], predicates=names[1])
    assert record.graph.triples == (("dog", "on", "mat"),)


def test_what_is_missing_is_left_out(write, names):
    relations = [
        relation(DOG, 7, MAT),
        relation({"category": 100, "bbox": [20, 60, 10, 40]}, 0, MAT),
        relation({"category": 0, "bbox": [60, 20, 10, 40]}, 0, MAT),
    ]
    with pytest.warns(UserWarning) as caught:
        (record,) = read_vrd(write({"a.jpg": relations}))
    assert record.graph.triples == (("mat", "on", "mat"),)
    assert left_out(caught) == {
        "objects without a name": 1,
        "relations to an object that is missing": 1,
        "relations without a predicate": 1,
        "boxes of a negative size or without four numbers": 1,
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a.jpg": [{"predicate": 1}]}, r"Image 'a\.jpg' of .* is not in VRD's format"),
        ([{"photo_id": 1}], "a list, not images by their names"),
    ],
)
def test_what_is_not_in_this_format(write, names, data, message):
    with pytest.raises(ValueError, match=message):
        read_vrd(write(data))
