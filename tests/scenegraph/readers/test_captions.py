import warnings

import pytest

from skdeepcluster.scenegraph import read_captions

from ._left_out import left_out


def karpathy():
    """As dataset_flickr30k.json."""

    def image(number, split, *texts):
        sentences = [
            {"tokens": text.lower().split(), "raw": text, "imgid": number, "sentid": i}
            for i, text in enumerate(texts)
        ]
        return {
            "sentids": list(range(len(texts))),
            "imgid": number,
            "sentences": sentences,
            "split": split,
            "filename": f"{number}.jpg",
        }

    return {
        "images": [
            image(1, "train", "A dog runs.", "Snow."),
            image(2, "test", "Two men at a table"),
            image(3, "restval", "A cat"),
        ],
        "dataset": "flickr30k",
    }


def test_karpathy(write):
    path = write(karpathy())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_captions(path) == {
            "1.jpg": ("A dog runs.", "Snow."),
            "2.jpg": ("Two men at a table",),
            "3.jpg": ("A cat",),
        }
        assert [*read_captions(path, split="test")] == ["2.jpg"]
        assert [*read_captions(path, split=("train", "restval"))] == ["1.jpg", "3.jpg"]
    with pytest.raises(
        ValueError, match=r"no image is of the split \['val'\]; there are \['train'"
    ):
        read_captions(path, split="val")


def test_sentences_without_their_text(write):
    data = karpathy()
    for sentence in data["images"][0]["sentences"]:
        del sentence["raw"]
    assert read_captions(write(data))["1.jpg"] == ("a dog runs.", "snow.")


def test_coco(write):
    """As captions_val2017.json."""
    data = {
        "info": {},
        "images": [{"id": 7, "file_name": "000000000007.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 7, "caption": "A black Honda \nparked."},
            {"id": 2, "image_id": 7, "caption": "A motorcycle"},
        ],
    }
    path = write(data)
    assert read_captions(path) == {"000000000007.jpg": ("A black Honda parked.", "A motorcycle")}
    with pytest.raises(ValueError, match="it has no splits"):
        read_captions(path, split="val")


def test_empty_captions_are_left_out(write):
    data = karpathy()
    data["images"][0]["sentences"][1]["raw"] = " "
    data["images"][1]["sentences"][0]["raw"] = None
    with pytest.warns(UserWarning) as caught:
        found = read_captions(write(data))
    assert found == {"1.jpg": ("A dog runs.",), "3.jpg": ("A cat",)}
    assert left_out(caught) == {"captions without text": 2, "images without a caption": 1}


@pytest.mark.parametrize("data", [[], {"images": [{}]}, {"images": 3}, {"annotations": []}, 7])
def test_what_is_not_in_this_format(write, data):
    with pytest.raises(ValueError, match=r"data\.json' holds no captions of Karpathy's or COCO's"):
        read_captions(write(data))
