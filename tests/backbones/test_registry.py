import numpy as np
import pandas as pd
import pytest
import torch

from skdeepcluster.backbones import (
    Backbone,
    BackboneLoadError,
    _registry,
    list_backbones,
    load_backbone,
    register_backbone,
)

from .conftest import SmallNetwork, features_of


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(_registry, "_REGISTERED", {})


def test_a_registered_module_is_loaded_by_name():
    register_backbone("cells", SmallNetwork)
    backbone = load_backbone("cells", image_size=32)
    assert (backbone.name, backbone.n_features, backbone.image_size) == ("cells", 8, 32)


def test_a_registered_backbone_keeps_what_it_says():
    register_backbone("cells", lambda: Backbone("other", SmallNetwork(), 8, 48, license="mit"))
    backbone = load_backbone("cells")
    assert (backbone.name, backbone.image_size, backbone.license) == ("cells", 48, "mit")
    assert load_backbone("cells", image_size=32).image_size == 32


def test_a_name_can_be_registered_again():
    register_backbone("cells", SmallNetwork)
    register_backbone("cells", lambda: load_backbone("untrained:test_vit3"))
    assert load_backbone("cells").n_features == 96


@pytest.mark.parametrize(
    ("name", "loader", "error", "message"),
    [
        ("own:cells", SmallNetwork, ValueError, "colon"),
        ("", SmallNetwork, ValueError, "string without a colon"),
        ("efficientnet_lite0", SmallNetwork, ValueError, "belongs to"),
        ("cells", "network", TypeError, "'cells' must be callable"),
    ],
)
def test_what_cannot_be_registered(name, loader, error, message):
    with pytest.raises(error, match=message):
        register_backbone(name, loader)


def test_a_loader_that_returns_something_else_is_named():
    register_backbone("cells", lambda: "network")
    with pytest.raises(TypeError, match="loader of 'cells' returns a str"):
        load_backbone("cells")


def test_untrained_networks_are_always_the_same():
    state = torch.random.get_rng_state()
    one, other = (load_backbone("untrained:test_vit3") for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert one.fingerprint == other.fingerprint
    assert one.license == ""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    np.testing.assert_array_equal(features_of(one, pixels), features_of(other, pixels))


class TestTable:
    def test_columns(self):
        table = list_backbones()
        assert table.index.name == "name"
        assert list(table.columns) == [
            "family",
            "n_features",
            "image_size",
            "MB",
            "license",
            "training",
            "download",
        ]
        assert set(table["training"]) == {"supervised", "self-supervised", "image-text"}
        assert not table.isna().any(axis=None)

    def test_the_default_comes_first_and_needs_no_download(self):
        table = list_backbones()
        assert table.index[0] == "efficientnet_lite0"
        assert not table["download"].iloc[0]

    def test_registered_backbones_follow(self):
        register_backbone("cells", SmallNetwork)
        table = list_backbones()
        assert table.index[-1] == "cells"
        assert table.loc["cells", "family"] == "registered"
        assert pd.isna(table.loc["cells", "n_features"])
        assert table.loc["efficientnet_lite0", "n_features"] == 1280

    def test_packaged_backbones_are_as_listed(self):
        listed = list_backbones().loc["efficientnet_lite0"]
        backbone = load_backbone("efficientnet_lite0")
        assert listed["n_features"] == backbone.n_features
        assert listed["image_size"] == backbone.image_size
        assert listed["license"] == backbone.license

    @pytest.mark.parametrize("name", [n for n in list_backbones().index if n.startswith("timm:")])
    def test_timm_backbones_are_as_timm_says(self, name):
        import timm

        model = name.removeprefix("timm:")
        listed = list_backbones().loc[name]
        with torch.device("meta"):
            network = timm.create_model(model)
        config = network.pretrained_cfg
        assert config["hf_hub_id"]
        assert listed["n_features"] == network.num_features
        assert listed["image_size"] == config["input_size"][-1]
        assert listed["license"] == config["license"]
        assert listed["MB"] == round(megabytes(network))

    def test_torchvision_backbones_are_as_torchvision_says(self):
        from torchvision import models

        listed = list_backbones().loc["torchvision:resnet50/IMAGENET1K_V2"]
        weights = models.get_model_weights("resnet50")["IMAGENET1K_V2"]
        assert listed["MB"] == round(weights.meta["_file_size"] * 2**20 / 1e6)
        assert listed["image_size"] == weights.transforms().crop_size[0]

    @pytest.mark.parametrize(
        "name", [n for n in list_backbones().index if n.startswith("open_clip:")]
    )
    def test_open_clip_backbones_are_as_open_clip_says(self, name):
        import open_clip

        architecture, tag = name.removeprefix("open_clip:").split("/")
        listed = list_backbones().loc[name]
        config = open_clip.get_model_config(architecture)
        with torch.device("meta"):
            clip = open_clip.CLIP(**config)
        assert tag in open_clip.list_pretrained_tags_by_model(architecture)
        assert listed["n_features"] == config["embed_dim"]
        assert listed["image_size"] == config["vision_cfg"]["image_size"]
        assert listed["MB"] == round(megabytes(clip))


def megabytes(network):
    return sum(parameter.numel() for parameter in network.parameters()) * 4 / 1e6


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("efficientnet_lite1", ["'efficientnet_lite0'", "'timm:efficientnet_lite1'"]),
        ("resnet18", ["Did you mean 'timm:resnet18'?"]),
        ("tim:resnet18", ["Did you mean 'timm:resnet18'?"]),
        ("weights/nowhere.pth", ["nor a weights file"]),
        ("timm:resnet1x", ["timm has no model", "'resnet18'"]),
        ("timm:resnet18.a1", ["no weights 'a1' for 'resnet18'", "a1_in1k"]),
        ("timm:test_nothing_like_it", ["timm has no model"]),
        ("timm:resnet18/nowhere.pth", ["no file of weights 'nowhere.pth'"]),
        ("torchvision:resnet5", ["torchvision has no classification model", "'resnet50'"]),
        ("torchvision:resnet50/V2", ["no weights 'V2' for resnet50", "IMAGENET1K_V2"]),
        ("open_clip:ViT-B-31/openai", ["no architecture 'ViT-B-31'", "'ViT-B-32'"]),
        ("open_clip:ViT-B-32", ["no weights ''", "laion2b_s34b_b79k"]),
        ("open_clip:ViT-B-32/laion", ["no weights 'laion'", "laion2b_s34b_b79k"]),
        ("untrained:resnet1x", ["timm has no model"]),
    ],
)
def test_a_wrong_name_is_told_the_near_ones(name, messages):
    with pytest.raises(BackboneLoadError) as caught:
        load_backbone(name)
    for message in messages:
        assert message in str(caught.value)


def test_options_of_a_file_that_there_are_not(tmp_path):
    torch.save({}, tmp_path / "w.pth")
    for option in ("heads=3", "num_heads=x"):
        with pytest.raises(BackboneLoadError, match=f"'{option}' is no option.*num_heads=<number>"):
            load_backbone(f"{tmp_path / 'w.pth'},{option}")


def test_a_folder_is_no_backbone(tmp_path):
    with pytest.raises(BackboneLoadError, match="is a folder"):
        load_backbone(tmp_path)


@pytest.mark.parametrize("value", [None, 3])
def test_other_types_are_errors(value):
    with pytest.raises(TypeError):
        load_backbone(value)
