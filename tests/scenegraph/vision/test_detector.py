import re
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from sklearn.base import clone
from torch import nn
from torchvision import models
from torchvision.models import detection

from skdeepcluster.backbones import BackboneLoadError
from skdeepcluster.scenegraph.vision import VisualGraphParser
from skdeepcluster.scenegraph.vision._detector import _count_classes

from ._toy import NAMES, Stub


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
    assert module._load().names == names


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
