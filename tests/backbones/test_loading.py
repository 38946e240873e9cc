import dataclasses
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from skdeepcluster.backbones import (
    Backbone,
    BackboneLoadError,
    list_backbones,
    load_backbone,
    make_engine,
    register_backbone,
)
from skdeepcluster.backbones._packaged import create_classifier


class Tiny(nn.Module):
    image_size = 32

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=4)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x))).mean(dim=(2, 3))


def features(backbone, size=64):
    pixels = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return backbone.network(pixels).numpy()


def test_default_sees_a_cat(photos):
    """The packaged weights in timm's network name the animal on a real photograph."""
    backbone = load_backbone("efficientnet_lite0")
    with_classes = dataclasses.replace(backbone, network=create_classifier(0), n_features=1000)
    pixels = backbone.resizing(_pillow(photos["cat"]))[None]
    scores = make_engine(with_classes, engine="torch")(pixels)[0]
    # ImageNet's classes 281 to 285 are cats.
    assert 281 <= scores.argmax() <= 285


def test_default_has_the_preprocessing_of_its_authors():
    backbone = load_backbone("efficientnet_lite0")
    assert backbone.n_features == 1280
    assert backbone.image_size == 224
    np.testing.assert_allclose(np.array(backbone.mean) * 255, 127)
    np.testing.assert_allclose(np.array(backbone.std) * 255, 128)
    assert backbone.resizing.crop_fraction == 0.875
    assert backbone.license == "apache-2.0"


@pytest.mark.parametrize(
    "name", ["efficientnet_lite0", "untrained:resnet18", "untrained:vit_tiny_patch16_224"]
)
def test_every_trainable_parameter_is_in_one_stage(name):
    backbone = load_backbone(name)
    staged = [parameter for stage in backbone.stages for parameter in stage]
    assert sorted(staged) == sorted(dict(backbone.network.named_parameters()))
    assert len(backbone.stages) >= 3


def test_untrained_is_the_same_every_time_and_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, second = (load_backbone("untrained:resnet18", image_size=64) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(features(first), features(second))


def test_vision_transformer_takes_another_size():
    backbone = load_backbone("untrained:vit_tiny_patch16_224", image_size=96)
    assert features(backbone, 96).shape == (2, 192)


def test_module_with_its_own_size():
    backbone = load_backbone(Tiny())
    assert (backbone.n_features, backbone.image_size) == (8, 32)
    # The normalisation belongs to the layer before it.
    assert backbone.stages == [["conv.weight", "conv.bias", "norm.weight", "norm.bias"]]
    assert not backbone.network.training
    assert load_backbone(Tiny(), image_size=48).image_size == 48
    assert isinstance(pickle.loads(pickle.dumps(backbone)), Backbone)


def test_module_without_pooling_is_refused():
    with pytest.raises(BackboneLoadError, match="pooling"):
        load_backbone(nn.Conv2d(3, 4, 3), image_size=32)


def test_fingerprint_follows_weights_and_preprocessing():
    backbone = load_backbone(Tiny())
    before = backbone.fingerprint
    assert load_backbone(backbone, image_size=64).fingerprint != before
    with torch.no_grad():
        backbone.network.conv.weight[0, 0, 0, 0] += 1
    assert backbone.fingerprint != before


def test_registered_name():
    register_backbone("tests-tiny", Tiny)
    assert load_backbone("tests-tiny", image_size=40).image_size == 40
    assert "tests-tiny" in list_backbones().index
    with pytest.raises(ValueError, match="colon"):
        register_backbone("a:b", Tiny)


def test_table_lists_the_default_as_free_of_downloads():
    table = list_backbones()
    row = table.loc["efficientnet_lite0"]
    assert not row["download"]
    assert row["n_features"] == load_backbone("efficientnet_lite0").n_features
    assert {"MB", "license", "training"} <= set(table.columns)


# Prefixes and nesting of well-known self-supervised training code.
LAYOUTS = {
    "moco": lambda w: {"state_dict": _prefix("module.encoder_q.", w), "epoch": 200},
    "moco-v3": lambda w: {"state_dict": _prefix("module.base_encoder.", w)},
    "dino": lambda w: {
        "student": _prefix("module.backbone.", _noise(w)),
        "teacher": _prefix("backbone.", w),
    },
    "swav": lambda w: {**_prefix("module.", w), "module.prototypes.weight": torch.zeros(3, 4)},
    "barlow-twins": lambda w: {"model": _prefix("module.backbone.", w)},
    "simclr": lambda w: {"state_dict": _prefix("backbone.", w)},
    "mae": lambda w: {"model": {**w, "decoder_embed.weight": torch.zeros(3, 4)}},
    "plain": lambda w: w,
}


def _prefix(prefix, weights):
    return {prefix + name: tensor for name, tensor in weights.items()}


def _noise(weights):
    return {name: torch.randn_like(tensor.float()) for name, tensor in weights.items()}


def _pillow(pixels):
    from PIL import Image

    return Image.fromarray(pixels)


@pytest.mark.parametrize("architecture", ["resnet18", "vit_tiny_patch16_224"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_self_supervised_checkpoints(tmp_path, layout, architecture):
    original = load_backbone(f"untrained:{architecture}", image_size=64)
    weights = {k: v for k, v in original.network.state_dict().items()}
    torch.save(LAYOUTS[layout](weights), tmp_path / "w.pth")
    loaded = load_backbone(tmp_path / "w.pth", image_size=64)
    np.testing.assert_allclose(features(loaded), features(original), atol=1e-5)


def test_named_architecture_with_a_file_of_weights(tmp_path):
    original = load_backbone("untrained:mobilenetv3_small_050", image_size=64)
    save_file(original.network.state_dict(), tmp_path / "w.safetensors")
    loaded = load_backbone(f"timm:mobilenetv3_small_050/{tmp_path}/w.safetensors", image_size=64)
    np.testing.assert_allclose(features(loaded), features(original), atol=1e-5)
    with pytest.raises(BackboneLoadError, match=r"cannot be told.*timm:<model>"):
        load_backbone(tmp_path / "w.safetensors")
    with pytest.raises(BackboneLoadError, match=r"does not fit|several networks"):
        load_backbone(f"timm:resnet18/{tmp_path}/w.safetensors")


class Malicious:
    def __reduce__(self):
        return (print, ("code was run",))


def test_a_pickle_with_code_is_refused(tmp_path, capsys):
    torch.save({"state_dict": Malicious()}, tmp_path / "w.pth")
    with pytest.raises(BackboneLoadError, match="more than tensors"):
        load_backbone(tmp_path / "w.pth")
    assert capsys.readouterr().out == ""


def test_damaged_weights(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"\x00\x01")
    (tmp_path / "a.pth").write_bytes(b"nothing")
    torch.save([1, 2], tmp_path / "list.pth")
    for name, message in (
        ("a.safetensors", "damaged"),
        ("a.pth", "cannot be read|more than tensors"),
        ("list.pth", "no tensors"),
    ):
        with pytest.raises(BackboneLoadError, match=message):
            load_backbone(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("efficientnet_lite7", "no backbone 'efficientnet_lite7'.*efficientnet_lite0"),
        ("timm:resnet5", "timm has no model.*resnet50"),
        ("torchvision:resnet5/DEFAULT", "torchvision has no.*resnet50"),
        ("torchvision:resnet50/WRONG", "IMAGENET1K_V2"),
        ("open_clip:ViT-B-99/openai", "no architecture"),
        ("open_clip:ViT-B-32/wrong", "laion2b_s34b_b79k"),
        ("timm:resnet18/nowhere.pth", "no file of weights"),
    ],
)
def test_names_that_are_wrong(name, message):
    with pytest.raises(BackboneLoadError, match=message):
        load_backbone(name)


def test_a_hub_that_cannot_be_reached_is_named(monkeypatch, tmp_path):
    """Offline by the hub's own switch, so that the test is quick wherever it runs."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackboneLoadError, match=r"network was the cause.*efficientnet_lite0"):
        load_backbone("timm:vit_small_patch14_dinov2.lvd142m")


def test_torchvision_from_its_cache(tmp_path, monkeypatch):
    from torchvision.models import ResNet18_Weights, resnet18

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    original = resnet18()
    weights = ResNet18_Weights.IMAGENET1K_V1
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(original.state_dict(), folder / weights.url.rsplit("/", 1)[1])
    monkeypatch.setattr(
        "torch.hub.load_state_dict_from_url",
        lambda url, **_: torch.load(folder / url.rsplit("/", 1)[1], weights_only=True),
    )
    monkeypatch.setattr(
        "torchvision.models._api.load_state_dict_from_url",
        lambda url, **_: torch.load(folder / url.rsplit("/", 1)[1], weights_only=True),
    )
    backbone = load_backbone("torchvision:resnet18/IMAGENET1K_V1")
    assert backbone.n_features == 512
    assert backbone.image_size == 224
    assert backbone.crop_fraction == 224 / 256
    original.fc = nn.Identity()
    with torch.inference_mode():
        expected = original.eval()(torch.ones(1, 3, 224, 224)).numpy()
        found = backbone.network(torch.ones(1, 3, 224, 224)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_open_clip_from_a_file(tmp_path):
    import open_clip

    torch.manual_seed(0)
    clip = open_clip.create_model("RN50", pretrained=None).eval()
    save_file(clip.state_dict(), tmp_path / "clip.safetensors")
    backbone = load_backbone(f"open_clip:RN50/{tmp_path}/clip.safetensors")
    assert backbone.n_features == 1024
    assert backbone.image_size == 224
    np.testing.assert_allclose(backbone.mean, open_clip.OPENAI_DATASET_MEAN)
    pixels = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        expected = clip.encode_image(pixels).numpy()
        np.testing.assert_allclose(backbone.network(pixels).numpy(), expected, atol=1e-4)
