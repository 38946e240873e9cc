import pytest

from skdeepcluster.scenegraph import read_gqa

from ._left_out import left_out


def scene():
    """Image 2407890 as in train_sceneGraphs.json, shortened."""
    return {
        "width": 640,
        "height": 480,
        "location": "living room",
        "weather": None,
        "objects": {
            "271881": {
                "name": "chair",
                "x": 220,
                "y": 310,
                "w": 50,
                "h": 80,
                "attributes": ["brown", "wooden"],
                "relations": [
                    {"name": "to the left of", "object": "32452"},
                    {"name": "near", "object": "32452"},
                ],
            },
            "32452": {
                "name": "Table",
                "x": 300,
                "y": 290,
                "w": 200,
                "h": 100,
                "attributes": [],
                "relations": [{"name": "to the right of", "object": "271881"}],
            },
        },
    }


def test_gqa(write):
    (record,) = read_gqa(write({"2407890": scene()}))
    assert record.image_id == "2407890"
    assert record.captions == ()
    assert record.graph.labels == ("chair", "brown", "wooden", "table")
    assert record.graph.triples == (
        ("chair", "is", "brown"),
        ("chair", "is", "wooden"),
        ("chair", "to the left of", "table"),
        ("chair", "near", "table"),
        ("table", "to the right of", "chair"),
    )
    assert record.graph.objects[0].box == (220, 310, 270, 390)


def test_what_is_missing_is_left_out(write):
    image = scene()
    image["objects"]["32452"]["relations"] += [
        {"name": "on", "object": "999"},
        {"name": None, "object": "271881"},
    ]
    image["objects"]["271881"]["w"] = -4
    with pytest.warns(UserWarning) as caught:
        (record,) = read_gqa(write({"2407890": image}))
    assert left_out(caught) == {
        "relations to an object that is missing": 1,
        "relations without a predicate": 1,
        "boxes of a negative size or without four numbers": 1,
    }
    assert len(record.graph.relations) == 5
    assert record.graph.objects[0].box is None


@pytest.mark.parametrize(
    "data",
    [
        {"1": scene(), "2": {"width": 3}},
        {"1": scene(), "2": {"objects": []}},
        {"2": {"objects": {"1": {"name": "a", "relations": [{"name": "on"}]}}}},
        [{"image_id": 2}],
        [],
    ],
)
def test_what_is_not_in_this_format(write, data):
    if not data:
        assert read_gqa(write(data)) == []
        return
    with pytest.raises(ValueError, match=r"Image [02] of .*data\.json.* is not in GQA's format"):
        read_gqa(write(data))
