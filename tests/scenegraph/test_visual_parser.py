import pickle
import re
import socket
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip import factory
from PIL import Image
from safetensors.torch import save_file
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError
from torch import nn
from torchvision import models
from torchvision.models import detection

from skdeepcluster import ImageEmbedder
from skdeepcluster.backbones import BackboneLoadError, encode_texts
from skdeepcluster.images import ImageReadError
from skdeepcluster.scenegraph.vision import _scene
from skdeepcluster.scenegraph.vision._detector import _count_classes
from skdeepcluster.scenegraph.vision._geometry import box_predicates, related_pairs, union_boxes
from skdeepcluster.scenegraph.vision._parser import VisualGraphParser

BACKBONE = "untrained:test_vit3"
TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
# An image of 200 x 150: a rider on a horse, the sun at the upper right, and what is left out.
BOXES = [
    [20, 60, 90, 140],  # horse
    [40, 20, 70, 80],  # man
    [150, 5, 190, 45],  # sun
    [41, 21, 70, 80],  # the man again, as another class
    [100, 100, 120, 120],  # below the least score
    [195, 100, 230, 130],  # reaches out of the image
    [10, 10, 10.5, 60],  # narrower than a pixel
]
SCORES = [0.9, 0.8, 0.5, 0.7, 0.2, 0.3, 0.9]
CLASSES = [2, 1, 3, 2, 1, 1, 1]
NAMES = ["man", "horse", "sun"]


class Stub(nn.Module):
    """Finds the same boxes in each image, none in black ones, and takes note of its input."""

    def __init__(self, boxes=BOXES, scores=SCORES, classes=CLASSES):
        super().__init__()
        self.found = {
            "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            "scores": torch.tensor(scores, dtype=torch.float32),
            "labels": torch.tensor(classes, dtype=torch.int64),
        }
        self.seen = []

    def forward(self, images):
        assert not self.training
        self.seen.append(list(images))
        return [
            {key: value[: len(value) * bool(image.any())] for key, value in self.found.items()}
            for image in images
        ]


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (150, 200, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network():
    """A detector of torchvision with three classes and random weights."""
    torch.manual_seed(0)
    return detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, num_classes=4
    ).eval()


@pytest.fixture
def clip_name(monkeypatch, tmp_path):
    monkeypatch.setitem(factory._MODEL_CONFIGS, "tiny-words", TINY_CLIP)
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny-words").state_dict(), tmp_path / "clip.pt")
    return f"open_clip:tiny-words/{tmp_path / 'clip.pt'}"


@pytest.mark.parametrize(
    ("subject", "target", "predicate"),
    [
        ([0, 0, 10, 10], [1, 0, 11, 10], "overlapping"),
        ([2, 2, 4, 4], [0, 0, 10, 10], "in"),
        ([8, 2, 10.4, 4], [0, 0, 10, 10], "in"),
        ([40, 10, 60, 60], [20, 40, 90, 100], "on"),
        ([3, 0, 7, 10], [0, 10.5, 20, 20], "on"),
        ([40, 90, 60, 120], [20, 40, 90, 100], "under"),
        ([0, 0, 10, 20], [8, 0, 18, 20], "beside"),
        ([19, 3, 29, 20], [8, 0, 18, 20], "beside"),
        ([0, 0, 10, 10], [2, 30, 20, 50], "above"),
        ([2, 80, 20, 90], [0, 0, 30, 30], "below"),
        ([0, 0, 10, 10], [50, 5, 90, 30], "left of"),
        ([80, 0, 90, 10], [0, 5, 40, 30], "right of"),
    ],
)
def test_predicates_of_boxes(subject, target, predicate):
    boxes = np.array([subject, target], float)
    assert box_predicates(boxes, np.array([[0, 1]])) == [predicate]
    # Not of their scale, nor of where they are.
    assert box_predicates(boxes * 7 + 30, np.array([[0, 1]])) == [predicate]


def test_predicates_of_boxes_turned_round():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 100, (60, 2))
    boxes = np.concatenate([starts, starts + rng.uniform(1, 40, (60, 2))], axis=1)
    pairs = np.stack(np.triu_indices(60, 1), axis=1)
    opposite = {"on": "under", "above": "below", "left of": "right of"}
    opposite |= {there: here for here, there in opposite.items()}
    forth, back = box_predicates(boxes, pairs), box_predicates(boxes, pairs[:, ::-1])
    assert {"beside", *opposite} <= set(forth)
    for here, there in zip(forth, back, strict=True):
        if "in" not in (here, there):
            assert there == opposite.get(here, here)


def test_most_related_pairs_against_plain_loops():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 50, (12, 2))
    boxes = np.concatenate([starts, starts + rng.uniform(1, 40, (12, 2))], axis=1)
    scores = rng.uniform(0.3, 1, 12)

    def area(box):
        return max(box[2] - box[0], 0) * max(box[3] - box[1], 0) * (box[2] > box[0])

    expected = {}
    for i in range(12):
        for j in range(i):
            a, b = boxes[i], boxes[j]
            common = area([*np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])])
            around = area([*np.minimum(a[:2], b[:2]), *np.maximum(a[2:], b[2:])])
            total = area(a) + area(b) - common
            order = (i, j) if area(a) < area(b) else (j, i)
            expected[order] = scores[i] * scores[j] * (common / total + total / around)
    ranked = sorted(expected, key=expected.get, reverse=True)
    assert [tuple(pair) for pair in related_pairs(boxes, scores, 1000)] == ranked
    assert [tuple(pair) for pair in related_pairs(boxes, scores, 5)] == ranked[:5]
    assert related_pairs(boxes, scores, 0).shape == (0, 2)
    for n in (0, 1):
        assert related_pairs(boxes[:n], scores[:n], 5).shape == (0, 2)
    np.testing.assert_array_equal(union_boxes(boxes, np.array([[3, 3]])), boxes[[3]])


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
    seen = parser._tools.detector._network.seen
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


def test_features_are_those_of_the_crops(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, backbone=BACKBONE, batch_size=2)
    graph = parser.transform([image[::-1], np.zeros_like(image), image])[2]
    embedder = ImageEmbedder(BACKBONE)

    def features(boxes):
        return embedder.fit_transform([image[t:b, x:r] for x, t, r, b in boxes])

    boxes = np.array([entry.box for entry in graph.objects]).astype(int)
    found = np.stack([entry.feature for entry in graph.objects])
    np.testing.assert_allclose(found, features(boxes), atol=1e-5)
    found = np.stack([entry.feature for entry in graph.relations])
    np.testing.assert_allclose(found, features(union_boxes(boxes, graph.pairs)), atol=1e-5)


def test_a_crop_has_the_pixels_that_its_box_covers_in_part(image):
    opened = Image.fromarray(image)
    crops = _scene._Crops([(opened, (3.2, 4.7, 9.1, 12.0)), (opened, (3, 4, 10, 12))])
    np.testing.assert_array_equal(np.asarray(crops.read(0)), image[4:12, 3:10])
    assert crops.identity(0) == crops.identity(1)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_detector_from_a_file(network, suffix, photos, tmp_path):
    path = tmp_path / f"cells.{suffix}"
    state = network.state_dict()
    if suffix == "pth":
        # As torchvision's training script saves it.
        torch.save({"model": state, "epoch": 3}, path)
    else:
        save_file(state, path)
    parser = VisualGraphParser(
        "fasterrcnn_mobilenet_v3_large_320_fpn",
        weights=path,
        labels=NAMES,
        min_score=0.0,
        max_objects=5,
    ).fit()
    graph = parser.parse(photos["astronaut"])
    with torch.inference_mode():
        pixels = torch.from_numpy(photos["astronaut"]).permute(2, 0, 1) / 255
        raw = network([pixels])[0]
    assert len(graph) == 5
    assert graph.objects[0].box == pytest.approx(raw["boxes"][0].tolist(), abs=0.01)
    assert graph.objects[0].score == pytest.approx(float(raw["scores"][0]), abs=1e-5)
    assert graph.labels[0] == NAMES[int(raw["labels"][0]) - 1]
    # A batch gives what single images give.
    others = [photos["cat"], photos["astronaut"]]
    assert parser.transform(others) == [parser.parse(other) for other in others]
    # With names for all classes, the background too.
    named = clone(parser).set_params(labels=["__background__", *NAMES])
    assert named.parse(photos["astronaut"]) == graph
    assert (
        clone(parser)
        .set_params(detector=network, weights=None)
        .fit()
        .parse(photos["astronaut"])
        .labels
        == graph.labels
    )


@pytest.mark.parametrize(
    "name",
    [
        "fasterrcnn_mobilenet_v3_large_fpn",
        "fcos_resnet50_fpn",
        "retinanet_resnet50_fpn",
        "ssd300_vgg16",
        "ssdlite320_mobilenet_v3_large",
        "maskrcnn_resnet50_fpn_v2",
        "keypointrcnn_resnet50_fpn",
    ],
)
def test_the_number_of_classes_is_found(name):
    with torch.device("meta"):
        network = models.get_model(name, weights=None, weights_backbone=None, num_classes=7)
    state = network.state_dict()
    assert _count_classes(state) == 7
    assert _count_classes({f"model.{key}": state[key] for key in sorted(state)}) == 7


def test_classes_of_coco_have_names(image, tmp_path):
    network = detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=91
    )
    torch.save(network.state_dict(), tmp_path / "ssd.pth")
    parser = VisualGraphParser(
        "ssdlite320_mobilenet_v3_large",
        weights=str(tmp_path / "ssd.pth"),
        min_score=0,
        max_objects=3,
    )
    names = models.get_model_weights("ssdlite320_mobilenet_v3_large").DEFAULT.meta["categories"]
    graph = parser.parse(image)
    assert set(graph.labels) <= set(names)
    assert len(graph) == len(graph.relations) == 3
    module = VisualGraphParser(network).fit()
    assert module._tools.names == names


def test_labels_are_the_nearest_phrases(image, clip_name):
    words = ["cup", "dog", "tree", "rain"]
    # Classes that nothing names: the vocabulary stands in for them.
    parser = VisualGraphParser(Stub(), backbone=clip_name, labels=words)
    graph = parser.parse(image)
    texts = encode_texts(clip_name, [f"a photo of {word}" for word in words])
    for entry in graph.objects:
        assert entry.label == words[int((texts @ entry.feature).argmax())]
    assert graph.triples[0][1] == "on"


def test_predicates_are_the_nearest_phrases(image, clip_name, monkeypatch):
    calls = []

    def counted(backbone, texts):
        calls.append(texts)
        return encode_texts(backbone, texts)

    monkeypatch.setattr(_scene, "encode_texts", counted)
    verbs = ["riding", "shines upon", "is afraid of"]
    plain = VisualGraphParser(Stub(), backbone=clip_name, labels=NAMES)
    parser = clone(plain).set_params(predicates=verbs, batch_size=1)
    images = [image, np.zeros_like(image), image[::-1]]
    graphs, without = parser.fit().transform(images), plain.fit().transform(images)
    _, phrases_of_all, _ = calls
    assert len(phrases_of_all) == len(set(phrases_of_all))
    for graph, other in zip(graphs, without, strict=True):
        assert graph.labels == other.labels
        for relation, unmatched in zip(graph.relations, other.relations, strict=True):
            ends = (unmatched.subject, unmatched.object)
            assert sorted(ends) == sorted((relation.subject, relation.object))
            triples = [(s, verb, o) for s, o in (ends, ends[::-1]) for verb in verbs]
            phrases = [
                f"a photo of {graph.labels[s]} {verb} {graph.labels[o]}" for s, verb, o in triples
            ]
            cosines = encode_texts(clip_name, phrases) @ relation.feature
            place = triples.index((relation.subject, relation.predicate, relation.object))
            assert cosines[place] == pytest.approx(cosines.max(), abs=1e-4)
    assert parser.parse(images[1]).relations == ()


def test_predicates_with_the_labels_of_the_detector(image, clip_name, network):
    coco = detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=91
    )
    parser = VisualGraphParser(coco, backbone=clip_name, predicates=["near"], min_score=0)
    graph = parser.set_params(max_objects=4).parse(image)
    assert set(graph.predicates) == {"near"}
    assert set(graph.labels) <= set(parser._tools.names)
    with pytest.raises(ValueError, match=r"4 classes.*not those of COCO.*with labels"):
        clone(parser).set_params(detector=network).fit()


def test_clone_pickle_and_changed_parameters(image):
    parser = VisualGraphParser(Stub(), labels=NAMES, backbone=BACKBONE).fit()
    expected = parser.parse(image)
    tools = parser._tools
    parser.parse(image)
    assert parser._tools is tools
    content = pickle.dumps(parser)
    restored = pickle.loads(content)
    assert not hasattr(restored, "_tools") and hasattr(parser, "_tools")
    assert restored.parse(image) == clone(parser).parse(image) == expected
    assert parser.set_params(labels=["a", "b", "c"]).parse(image).labels[0] == "b"


@pytest.mark.parametrize("variable", ["", "HF_HUB_OFFLINE"])
def test_weights_that_cannot_be_fetched(variable, monkeypatch, tmp_path):
    def fail(*args, **options):
        asked.append(args)
        raise socket.gaierror(-2, "Name or service not known")

    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "1")
    with pytest.raises(BackboneLoadError) as caught:
        VisualGraphParser().fit()
    message = str(caught.value)
    assert message.startswith("fasterrcnn_resnet50_fpn_v2: its weights are not in the cache")
    assert "https://download.pytorch.org/models/fasterrcnn_resnet50_fpn_v2_coco-" in message
    assert re.search(f"put it at '{re.escape(str(tmp_path))}.*pass its path as weights", message)
    assert bool(asked) != bool(variable)


def test_what_is_in_the_cache_needs_no_network(monkeypatch, tmp_path, image):
    name = "ssdlite320_mobilenet_v3_large"
    published = models.get_model_weights(name).DEFAULT
    network = models.get_model(name, weights=None, weights_backbone=None, num_classes=91)
    (tmp_path / "checkpoints").mkdir()
    torch.save(network.state_dict(), tmp_path / "checkpoints" / Path(published.url).name)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    graph = VisualGraphParser(name, min_score=0).parse(image)
    assert set(graph.labels) <= set(published.meta["categories"])


class Malicious:
    def __reduce__(self):
        return print, ("run!",)


def test_files_that_are_no_weights(network, tmp_path, capsys):
    def fit(content=None, name="x.pth", **params):
        if content is not None:
            torch.save(content, tmp_path / name)
        params = {"labels": NAMES, "detector": "fasterrcnn_mobilenet_v3_large_320_fpn", **params}
        VisualGraphParser(weights=tmp_path / name, **params).fit()

    with pytest.raises(BackboneLoadError, match=r"more than tensors.*asks for print"):
        fit({"x": Malicious()})
    assert capsys.readouterr().out == ""
    with pytest.raises(BackboneLoadError, match=r"no file of weights .*missing\.pth"):
        fit(name="missing.pth")
    with pytest.raises(BackboneLoadError, match=r"no detector of torchvision.*head.*fc.weight"):
        fit({"fc.weight": torch.zeros(3, 3)})
    with pytest.raises(BackboneLoadError, match="does not fit FasterRCNN"):
        fit(network.state_dict(), detector="fasterrcnn_resnet50_fpn")
    with pytest.raises(ValueError, match="a module has its own"):
        fit(detector=network)


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


def test_labels_that_do_not_fit(network, image):
    with pytest.raises(ValueError, match=r"has 2 names, and the detector 4 classes.* 3 to name"):
        VisualGraphParser(network, labels=["a", "b"]).fit()
    parser = VisualGraphParser(Stub(), labels=["a", "b"])
    with pytest.raises(ValueError, match=r"object of class 3, and labels names.* from 1 to 2"):
        parser.parse(image)


def test_what_is_no_detector(image):
    class Lists(nn.Module):
        def forward(self, images):
            return [image.mean() for image in images]

    with pytest.raises(TypeError, match='"boxes", "labels" and "scores"'):
        VisualGraphParser(Lists(), labels=NAMES).parse(image)


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
