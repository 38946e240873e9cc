import json
import warnings

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from skdeepcluster.backbones import BackboneLoadError, load_backbone


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A cache of the Hugging Face hub; returns a function that puts a model into it."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def put(repository, weights, config=None):
        folder = tmp_path / f"models--{repository.replace('/', '--')}"
        snapshot = folder / "snapshots" / ("0" * 40)
        snapshot.mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text("0" * 40)
        save_file(weights, snapshot / "model.safetensors")
        if config:
            (snapshot / "config.json").write_text(json.dumps(config))

    return put


def assert_same_features(backbone, network, size):
    images = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        np.testing.assert_allclose(
            backbone.network(images).numpy(), network(images).numpy(), atol=1e-5
        )


def test_weights_from_the_cache_of_the_hub(hub):
    torch.manual_seed(3)
    network = timm.create_model("test_vit.r160_in1k").eval()
    hub("timm/test_vit.r160_in1k", network.state_dict())
    backbone = load_backbone("timm:test_vit.r160_in1k")
    network.reset_classifier(0)
    assert_same_features(backbone, network, 160)
    config = network.pretrained_cfg
    assert backbone.name == "timm:test_vit.r160_in1k"
    assert backbone.n_features == network.num_features
    assert backbone.image_size == 160
    assert backbone.mean == config["mean"] and backbone.std == config["std"]
    assert backbone.crop_fraction == config["crop_pct"]
    assert backbone.interpolation == config["interpolation"]
    assert backbone.license == config["license"] == "apache-2.0"


def test_a_transformer_is_built_for_another_size(hub):
    network = timm.create_model("test_vit.r160_in1k").eval()
    hub("timm/test_vit.r160_in1k", network.state_dict())
    backbone = load_backbone("timm:test_vit.r160_in1k", image_size=96)
    assert backbone.image_size == 96
    network.reset_classifier(0)
    network.set_input_size(img_size=96)
    assert_same_features(backbone, network, 96)


def test_a_model_of_anybody_on_the_hub(hub):
    """Models for pathology or microscopy are given away in timm's format."""
    network = timm.create_model("test_efficientnet").eval()
    config = {
        "architecture": "test_efficientnet",
        "num_classes": 1000,
        "pretrained_cfg": {
            "mean": [0.7, 0.6, 0.7],
            "std": [0.2, 0.2, 0.2],
            "input_size": [3, 96, 96],
            "crop_pct": 1.0,
            "interpolation": "bilinear",
            "license": "cc-by-nc-4.0",
            "classifier": "classifier",
            "first_conv": "conv_stem",
        },
    }
    hub("some-lab/cells", network.state_dict(), config)
    backbone = load_backbone("timm:hf-hub:some-lab/cells")
    network.reset_classifier(0)
    assert_same_features(backbone, network, 96)
    assert (backbone.image_size, backbone.crop_fraction) == (96, 1.0)
    assert (backbone.mean, backbone.license) == ((0.7, 0.6, 0.7), "cc-by-nc-4.0")


def test_a_folder_that_timm_has_written(tmp_path):
    network = timm.create_model("test_vit").eval()
    network.pretrained_cfg.update(mean=(0.7, 0.6, 0.7), crop_pct=1.0)
    timm.models.save_for_hf(network, tmp_path, safe_serialization=True)
    network.reset_classifier(0)
    for name in (tmp_path, tmp_path / "model.safetensors", f"timm:local-dir:{tmp_path}"):
        backbone = load_backbone(name)
        assert_same_features(backbone, network, 160)
        # By the weights alone, the mean would be ImageNet's.
        assert (backbone.mean, backbone.crop_fraction) == ((0.7, 0.6, 0.7), 1.0)


def test_the_pooling_of_published_weights(hub):
    network = timm.create_model("vit_small_patch16_dinov3.lvd1689m", depth=12).eval()
    hub("timm/vit_small_patch16_dinov3.lvd1689m", network.state_dict())
    mean = load_backbone("timm:vit_small_patch16_dinov3.lvd1689m", image_size=64)
    network.reset_classifier(0)
    assert_same_features(mean, network, 64)
    network.global_pool = "token"
    token = load_backbone("timm:vit_small_patch16_dinov3.lvd1689m,global_pool=token", image_size=64)
    assert_same_features(token, network, 64)


def test_pooling_for_which_there_are_no_weights(hub):
    network = timm.create_model("vit_tiny_patch16_224.augreg_in21k").eval()
    hub("timm/vit_tiny_patch16_224.augreg_in21k", network.state_dict())
    with pytest.raises(BackboneLoadError, match=r"has layers that .* not have: fc_norm\.bias"):
        load_backbone("timm:vit_tiny_patch16_224.augreg_in21k,global_pool=avg")


@pytest.mark.parametrize(
    "name",
    [
        "mobilenetv3_small_050",
        "efficientvit_b0",
        "test_mambaout",
        "test_nfnet",
        "levit_128s",
        "vgg11",
        "resnetv2_18",
    ],
)
def test_the_number_of_features_is_what_comes_out(name):
    backbone = load_backbone(f"untrained:{name}")
    with torch.inference_mode():
        out = backbone.network(torch.zeros(1, 3, backbone.image_size, backbone.image_size))
    assert out.shape == (1, backbone.n_features)


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "convnext_atto"])
@pytest.mark.parametrize("image_size", [32, 80])
def test_networks_take_other_sizes(name, image_size):
    backbone = load_backbone(f"untrained:{name}", image_size=image_size)
    assert backbone.image_size == backbone.resizing.size == image_size


@pytest.mark.parametrize(
    ("name", "side"), [("vit_tiny_patch16_224", 16), ("swin_tiny_patch4_window7_224", 4)]
)
def test_pixels_that_no_patch_covers_are_warned_of(name, side):
    whole, size = 5 * side, 5 * side + 3
    with pytest.warns(UserWarning, match=f"last 3 rows .*image_size={whole} or {whole + side}"):
        backbone = load_backbone(f"untrained:{name}", image_size=size)
    images = torch.rand(1, 3, size, size)
    changed = images.clone()
    changed[:, :, whole:], changed[:, :, :, whole:] = 0, 0
    with torch.inference_mode():
        np.testing.assert_array_equal(backbone.network(images), backbone.network(changed))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_backbone(f"untrained:{name}", image_size=whole + side)


def test_a_size_that_does_not_suit_is_named():
    with pytest.raises(
        BackboneLoadError, match=r"VisionTransformer does not run on .*\(2, 3, 8, 8\)"
    ):
        load_backbone("untrained:vit_tiny_patch16_224", image_size=8)


def test_a_model_without_weights_needs_a_file():
    with pytest.raises(BackboneLoadError, match=r"no weights for 'nf_resnet26'"):
        load_backbone("timm:nf_resnet26")
