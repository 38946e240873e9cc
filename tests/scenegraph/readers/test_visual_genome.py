import gzip
import json
import warnings

import pytest

from skdeepcluster.scenegraph import read_visual_genome

from ._left_out import left_out


def thing(number, names, box=(10, 20, 30, 40), **more):
    x, y, w, h = box
    return {"object_id": number, "names": names, "x": x, "y": y, "w": w, "h": h, **more}


# As in scene_graphs.json; the second object as in objects.json of version 1.2.
SCENE = {
    "image_id": 12,
    "objects": [
        thing(5, ["man", "guy"], synsets=["man.n.01"], attributes=["tall", "Young"]),
        thing(8, ["Red  Hat"], (12, 18, 10, 8), synsets=[], merged_object_ids=[81, 82]),
        thing(9, ["TREE"], attributes=["tall"]),
    ],
    "relationships": [
        {
            "relationship_id": 1,
            "predicate": "WEARING",
            "synsets": ["wear.v.01"],
            "subject_id": 5,
            "object_id": 8,
        },
        {
            "relationship_id": 2,
            "predicate": "Near ",
            "synsets": [],
            "subject_id": 82,
            "object_id": 9,
        },
    ],
}
TRIPLES = (
    ("man", "is", "tall"),
    ("man", "is", "young"),
    ("tree", "is", "tall"),
    ("man", "wearing", "red hat"),
    ("red hat", "near", "tree"),
)


def read_one(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (record,) = read_visual_genome(path)
    return record


def test_scene_graphs(write, tmp_path):
    path = write([SCENE])
    record = read_one(path)
    assert record.image_id == "12"
    assert record.captions == record.caption_triples == ()
    assert record.graph.labels == ("man", "tall", "young", "red hat", "tree")
    assert record.graph.triples == TRIPLES
    assert record.graph.objects[0].box == (10, 20, 40, 60)
    assert record.graph.objects[1].box is None
    packed = tmp_path / "scene_graphs.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_one(packed) == record
    # A file of one image, as the driver splits them.
    assert read_one(write(SCENE)) == record


def test_relationships(write):
    """As in relationships.json: the first image of it, shortened."""
    sidewalk = {"object_id": 5045, "merged_object_ids": [], **thing(5045, ["sidewalk"])}
    clock = {k: v for k, v in thing(5046, None).items() if k != "names"} | {"name": "clock"}
    moved = thing(7, ["sidewalk"], merged_object_ids=[5045])
    relations = [
        {"predicate": "ON", "object": sidewalk, "relationship_id": 1, "subject": clock},
        {"predicate": "beside", "object": moved, "relationship_id": 2, "subject": clock},
    ]
    graph = read_one(write([{"image_id": 1, "relationships": relations}])).graph
    assert graph.labels == ("clock", "sidewalk")
    assert graph.triples == (("clock", "on", "sidewalk"), ("clock", "beside", "sidewalk"))
    assert graph.objects[0].box == (10, 20, 40, 60)


def test_attributes(write):
    """As in attributes.json, and as the driver adds it to scene_graphs.json."""
    shirt = thing(3, ["shirt"], attributes=["red", "long sleeved"])
    expected = (("shirt", "is", "red"), ("shirt", "is", "long sleeved"))
    assert read_one(write([{"image_id": 1, "attributes": [shirt]}])).graph.triples == expected
    scene = {"image_id": 1, "objects": [thing(3, ["shirt"])], "relationships": []}
    added = {**scene, "attributes": [{"attribute_id": 0, "attribute": shirt}]}
    graph = read_one(write([added])).graph
    assert graph.triples == expected
    assert graph.labels == ("shirt", "red", "long sleeved")


def test_version_1_0(write):
    def old(entry):
        return {"id" if key == "object_id" else key: value for key, value in entry.items()}

    objects = [old(thing(3, ["clock"])), old(thing(4, ["street"]))]
    relation = {"id": 9, "predicate": "ON", "subject": objects[0], "object": objects[1]}
    assert read_one(write([{"id": 1, "objects": objects}])).graph.labels == ("clock", "street")
    record = read_one(write([{"id": 1, "relationships": [relation]}]))
    assert record.image_id == "1"
    assert record.graph.triples == (("clock", "on", "street"),)


def test_what_is_missing_is_left_out_and_counted(write):
    image = {
        "image_id": 1,
        "objects": [
            thing(1, ["dog"]),
            thing(2, [""]),
            thing(3, []),
            thing(4, [None, "cat"], (5, 5, -3, 2)),
            thing(6, ["mat"], (5, 5, None, 2), attributes=["", "old"]),
        ],
        "relationships": [
            {"predicate": "on", "subject_id": 1, "object_id": 999},
            {"predicate": "on", "subject_id": 2, "object_id": 1},
            {"predicate": None, "subject_id": 1, "object_id": 4},
            {"predicate": " ", "subject_id": 1, "object_id": 4},
            {"predicate": "on", "subject_id": 4, "object_id": 6},
        ],
    }
    with pytest.warns(UserWarning) as caught:
        first, second = read_visual_genome(write([image, SCENE]))
    assert first.graph.triples == (("mat", "is", "old"), ("cat", "on", "mat"))
    assert [entry.box for entry in first.graph.objects] == [(10, 20, 40, 60), None, None, None]
    assert second.graph.triples == TRIPLES
    assert caught[0].filename == __file__
    assert left_out(caught) == {
        "objects without a name": 2,
        "boxes of a negative size or without four numbers": 2,
        "relations to an object that is missing": 2,
        "relations without a predicate": 2,
        "attributes without a name": 1,
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([SCENE, {"image_id": 2}], "Entry 1 of .*: it has none of objects, relationships"),
        ([{"image_id": 2, "objects": [{"names": ["a"]}]}], "Entry 0 .* no 'object_id' or 'id'"),
        ([{"objects": [], "relationships": [{"predicate": "on"}]}], "there is no 'subject_id'"),
        ({"2407890": {"objects": {}}}, "Entry 0 .* it has none of objects"),
        ([7], "Entry 0 of"),
        (7, "neither a list nor an object"),
    ],
)
def test_what_is_not_in_this_format(write, data, message):
    path = write(data)
    with pytest.raises(ValueError, match=message) as caught:
        read_visual_genome(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[", "[1 2]", "[{}", '{"a": 1', '{"a" 1}', "[] []", "[1,]", "{1}", "[[}"]
)
def test_broken_json(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.json"):
        read_visual_genome(path)


def test_json_of_any_spacing(tmp_path):
    path = tmp_path / "spaced.json"
    path.write_text(f" \n[\t{json.dumps(SCENE, indent=1)} ,\r\n{json.dumps(SCENE)}\n ]\n")
    assert [record.graph.triples for record in read_visual_genome(path)] == [TRIPLES, TRIPLES]
    path.write_text(" [ ] ")
    assert read_visual_genome(path) == []
