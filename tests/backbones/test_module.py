import copy
import pickle

import numpy as np
import pytest
import timm
import torch
from torch import nn

from skdeepcluster.backbones import Backbone, BackboneLoadError, load_backbone, make_engine
from skdeepcluster.backbones._backbone import IMAGENET_MEAN, IMAGENET_STD, PixelNetwork

from .conftest import features_of, normalized


def test_a_module_says_how_its_images_are_prepared(small_network):
    small_network.image_size = 48
    small_network.mean = [0.1, 0.2, 0.3]
    small_network.std = torch.tensor([[[0.5]]])
    backbone = load_backbone(small_network)
    assert (backbone.image_size, backbone.n_features) == (48, 8)
    np.testing.assert_allclose(backbone.mean, (0.1, 0.2, 0.3), rtol=1e-6)
    assert backbone.std == (0.5, 0.5, 0.5)
    assert load_backbone(small_network, image_size=32).image_size == 32


def test_a_module_that_says_nothing_is_taken_for_one_of_imagenet(small_network):
    backbone = load_backbone(small_network)
    assert (backbone.image_size, backbone.mean, backbone.std) == (
        224,
        IMAGENET_MEAN,
        IMAGENET_STD,
    )
    assert backbone.license == ""


def test_the_module_itself_is_left_as_it_is(small_network):
    small_network.train()
    backbone = load_backbone(small_network, image_size=32)
    assert small_network.training and small_network.stem.weight.requires_grad
    assert not backbone.network.training and not backbone.network.norm.training
    with torch.no_grad():
        small_network.head.weight.zero_()
    assert backbone.network.head.weight.any()


def test_a_module_in_half_precision_is_computed_in_float32(small_network, pixels_of):
    backbone = load_backbone(small_network, image_size=32)
    pixels = pixels_of(backbone)
    half = load_backbone(copy.deepcopy(small_network).half(), image_size=32)
    np.testing.assert_allclose(features_of(half, pixels), features_of(backbone, pixels), atol=0.01)


def test_a_timm_module_brings_its_configuration():
    module = timm.create_model("test_vit", num_classes=0)
    backbone = load_backbone(module)
    assert backbone.image_size == 160
    assert backbone.mean == module.pretrained_cfg["mean"]
    assert backbone.crop_fraction == module.pretrained_cfg["crop_pct"]
    assert backbone.license == ""


class Returns(nn.Module):
    """Returns whatever a function makes of the images."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, "Add a pooling layer"),
        (lambda x: x.mean(), "Add a pooling layer"),
        (lambda x: x.mean((0, 2, 3))[None], "Add a pooling layer"),
        (lambda x: {"pooled": x.mean((2, 3))}, "returns a dict.*Wrap it"),
        (lambda x: x.reshape(2, 7), r"does not run on .*\(2, 3, 32, 32\).*image_size"),
    ],
)
def test_what_is_no_row_of_features_an_image_is_refused(function, message):
    with pytest.raises(BackboneLoadError, match=message):
        load_backbone(Returns(function), image_size=32)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("mean", (0.1, 0.2), "'mean' of SmallNetwork.*three numbers"),
        ("std", "imagenet", "'std' of SmallNetwork.*three numbers"),
        ("mean", (123.7, 116.3, 103.5), r"'mean' of SmallNetwork.*Divide it by 255"),
        ("std", 58.4, r"'std' of SmallNetwork.*Divide it by 255"),
        ("image_size", (32, 48), r"square, not \(32, 48\)"),
    ],
)
def test_attributes_that_cannot_be_meant_are_refused(small_network, attribute, value, message):
    setattr(small_network, attribute, value)
    with pytest.raises(BackboneLoadError, match=message):
        load_backbone(small_network)


def test_a_pair_of_equal_sides_is_a_size(small_network):
    small_network.image_size = (32, 32)
    assert load_backbone(small_network).image_size == 32


@pytest.mark.parametrize("name", ["efficientnet_lite0", "untrained:test_vit3", None])
def test_backbones_and_what_engines_run_can_be_pickled(name, small_network, pixels_of):
    backbone = load_backbone(name or small_network, image_size=64)
    pixels = pixels_of(backbone)
    restored = pickle.loads(pickle.dumps(backbone))
    assert restored.fingerprint == backbone.fingerprint
    assert (restored.name, restored.stages) == (backbone.name, backbone.stages)
    np.testing.assert_array_equal(features_of(restored, pixels), features_of(backbone, pixels))
    network = pickle.loads(pickle.dumps(PixelNetwork(backbone)))
    with torch.inference_mode():
        found = network(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(found, features_of(backbone, pixels), atol=1e-4)


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_a_script_module_is_a_module(small_network, pixels_of):
    small_network.eval()
    backbone = load_backbone(torch.jit.script(small_network), image_size=32)
    pixels = pixels_of(backbone)
    expected = make_engine(load_backbone(small_network, image_size=32), engine="torch")(pixels)
    np.testing.assert_allclose(make_engine(backbone, engine="torch")(pixels), expected, atol=1e-5)
    assert len(backbone.fingerprint) == 32


def test_a_backbone_made_by_hand_finds_its_stages(small_network):
    backbone = Backbone("own", small_network, 8, 32)
    assert [stage[0] for stage in backbone.stages] == ["stem.weight", "body.weight", "head.weight"]
    assert load_backbone(backbone) is backbone


def test_a_backbone_is_given_another_size(small_network):
    backbone = load_backbone(small_network, image_size=32)
    larger = load_backbone(backbone, image_size=64)
    assert (backbone.image_size, larger.image_size) == (32, 64)
    assert larger.network is backbone.network
    fixed = load_backbone("untrained:vit_tiny_patch16_224", image_size=32)
    with pytest.raises(BackboneLoadError, match=r"VisionTransformer does not run on .*64"):
        load_backbone(fixed, image_size=64)


def test_pixels_are_normalized_in_the_graph(small_network, pixels_of):
    small_network.mean, small_network.std = (0.2, 0.5, 0.8), (0.1, 0.2, 0.3)
    backbone = load_backbone(small_network, image_size=32)
    pixels = pixels_of(backbone)
    seen = []
    backbone.network.stem.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        PixelNetwork(backbone)(torch.from_numpy(pixels))
    torch.testing.assert_close(seen[0], normalized(backbone, pixels))
