import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from skdeepcluster.backbones import BackboneLoadError
from skdeepcluster.images import ImageReadError
from skdeepcluster.scenegraph.vision import VisualGraphParser

from ._toy import BACKBONE, BOXES, NAMES, Stub


def test_what_is_kept_and_in_which_order(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, min_score=0.3)
    graph = parser.parse(image)
    assert graph.labels == ("horse", "man", "sun", "man")
    assert [entry.score for entry in graph.objects] == pytest.approx([0.9, 0.8, 0.5, 0.3])
    assert graph.objects[0].box == tuple(BOXES[0])
    assert graph.objects[3].box == (195, 100, 200, 130)
    assert graph.triples[0] == ("man", "on", "horse")
    assert len(graph.triples) == 6
    assert ("sun", "right of", "horse") in graph.triples
    assert all(entry.feature is None for entry in graph.objects + graph.relations)
    few = parser.set_params(max_objects=3, max_relations=1).parse(image)
    assert few.labels == ("horse", "man", "sun")
    assert few.triples == (("man", "on", "horse"),)
    assert parser.set_params(max_relations=0).parse(image).relations == ()
    assert parser.set_params(min_score=0.85).parse(image).labels == ("horse",)


def test_what_the_detector_is_given(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, batch_size=3).fit()
    wide = np.concatenate([image, image], axis=1)
    graphs = parser.transform([image, wide, image, image])
    assert graphs[0] == graphs[2] == graphs[3]
    # Images of one size together, and no more at a time than asked for.
    seen = parser._load().detector._network.seen
    shapes = [[tuple(entry.shape) for entry in batch] for batch in seen]
    assert shapes == [[(3, 150, 200)] * 2, [(3, 150, 400)], [(3, 150, 200)]]
    np.testing.assert_allclose(seen[0][1].numpy(), image.transpose(2, 0, 1) / 255, atol=1e-6)
    # The user's module stays as it was.
    assert parser.detector.training and not parser.detector.seen


def test_images_of_all_kinds(image, tmp_path):
    Image.fromarray(image).save(tmp_path / "a.png")
    parser = VisualGraphParser(Stub(), labels=NAMES)
    expected = parser.parse(image)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    assert parser.parse(Image.fromarray(image)) == expected
    assert parser.parse(tmp_path / "a.png") == parser.parse(tensor) == expected
    assert parser.transform(tmp_path) == parser.transform(image[None]) == [expected]


def test_nothing_found(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, backbone=BACKBONE)
    nothing = parser.parse(np.zeros_like(image))
    assert nothing.objects == nothing.relations == ()
    both = parser.transform([np.zeros_like(image), image])
    assert [len(graph) for graph in both] == [0, 4]


def test_clone_pickle_and_changed_parameters(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, backbone=BACKBONE).fit()
    expected = parser.parse(image)
    networks = parser._load()
    parser.parse(image)
    assert parser._load() is networks
    content = pickle.dumps(parser)
    restored = pickle.loads(content)
    assert restored._loaded is None and parser._load() is networks
    assert restored.parse(image) == clone(parser).parse(image) == expected
    assert parser.set_params(labels=["a", "b", "c"]).parse(image).labels[0] == "b"


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"detector": "fasterrcn_resnet50_fpn"}, BackboneLoadError, "Did you mean 'fasterrcnn_res"),
        ({"detector": "resnet50"}, BackboneLoadError, "no detector 'resnet50'.*ssd300_vgg16"),
        ({"detector": 3}, InvalidParameterError, "'detector' parameter"),
        ({"min_score": 1.5}, InvalidParameterError, "'min_score' parameter"),
        ({"max_objects": 0}, InvalidParameterError, "'max_objects' parameter"),
        ({"max_relations": -1}, InvalidParameterError, "'max_relations' parameter"),
        ({"labels": "man"}, InvalidParameterError, "'labels' parameter"),
        ({"labels": []}, ValueError, "labels is a list of words"),
        ({"labels": ["man", 3]}, ValueError, "labels is a list of words"),
        ({"labels": None}, ValueError, "unknown number of classes.*with labels"),
        ({"predicates": ["on"]}, ValueError, "None does not.*open_clip:ViT"),
        ({"predicates": ["on"], "backbone": BACKBONE}, ValueError, "test_vit3' does not"),
        ({"backbone": "no_such"}, BackboneLoadError, "no backbone 'no_such'"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=message):
        VisualGraphParser(**{"detector": Stub(), "labels": NAMES, **params}).fit()


def test_images_that_cannot_be_read(image, tmp_path):
    parser = VisualGraphParser(Stub(), labels=NAMES)
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ImageReadError, match=r"broken\.png"):
        parser.transform([tmp_path / "broken.png"])
    with pytest.raises(ImageReadError, match=r"missing\.png"):
        parser.parse(tmp_path / "missing.png")
    with pytest.raises(TypeError, match="no images"):
        parser.transform(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="one colour image"):
        parser.transform(image)


def test_a_bar_is_shown(image, capfd):
    VisualGraphParser(Stub(), labels=NAMES).parse(image)
    assert capfd.readouterr().err == ""
    VisualGraphParser(Stub(), labels=NAMES, verbose=1).parse(image)
    assert "parsing: 100%" in capfd.readouterr().err


@pytest.mark.parametrize(
    "params",
    [{"max_objects": -1}, {"batch_size": -1}, {"min_score": 5}, {"labels": "abc"}],
    ids=str,
)
def test_parameters_are_checked_without_a_fit(image, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        VisualGraphParser(**{"detector": Stub(), "labels": NAMES, **params}).transform([image])
