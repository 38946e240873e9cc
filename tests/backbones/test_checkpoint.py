import argparse
import re
import warnings

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from skdeepcluster.backbones import BackboneLoadError, load_backbone
from skdeepcluster.backbones._backbone import IMAGENET_MEAN, IMAGENET_STD


def under(prefix, weights):
    return {prefix + name: tensor for name, tensor in weights.items()}


def noise(weights):
    """A network that is not the one to be found: all its tensors differ."""
    return {name: torch.rand_like(tensor.float()) for name, tensor in weights.items()}


HEAD = {"0.weight": torch.ones(4, 8), "2.weight": torch.ones(4, 4), "2.bias": torch.ones(4)}
# How the training code of each method, or its published weights, names the network's tensors.
LAYOUTS = {
    "plain": lambda w: w,
    "torchvision, with classifier": lambda w: {**w, "fc.weight": torch.ones(10, 8)},
    "MoCo": lambda w: {
        "epoch": 200,
        "arch": "resnet50",
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [1]},
        "state_dict": {
            **under("module.encoder_q.", {**w, **under("fc.", HEAD)}),
            **under("module.encoder_k.", {**noise(w), **under("fc.", HEAD)}),
            "module.queue": torch.ones(4, 16),
        },
    },
    "MoCo v3": lambda w: {
        "state_dict": {
            **under("module.momentum_encoder.", {**noise(w), **under("head.", HEAD)}),
            **under("module.base_encoder.", {**w, **under("head.", HEAD)}),
            **under("module.predictor.", HEAD),
        }
    },
    "DINO": lambda w: {
        "student": under("module.", under("backbone.", noise(w)) | under("head.", HEAD)),
        "teacher": under("backbone.", w) | under("head.", HEAD),
        "args": argparse.Namespace(arch="vit_small", patch_size=16),
        "epoch": 100,
    },
    "SwAV": lambda w: {
        **under("module.", w),
        **under("module.projection_head.", HEAD),
        "module.prototypes.weight": torch.ones(10, 4),
    },
    "Barlow Twins": lambda w: {
        "model": {
            **under("module.backbone.", w),
            **under("module.projector.", HEAD),
            "module.bn.running_mean": torch.ones(4),
        },
        "epoch": 1000,
    },
    "SimCLR": lambda w: {"state_dict": under("backbone.", w | under("fc.", HEAD)), "epoch": 1},
    "SimSiam": lambda w: {"state_dict": under("module.encoder.", w | under("fc.", HEAD))},
    "VICReg": lambda w: {"model": under("module.backbone.", w) | under("module.projector.", HEAD)},
    "iBOT": lambda w: {
        "student": under("module.backbone.", noise(w)),
        "teacher": under("backbone.", w | {"masked_embed": torch.ones(1, 8)}),
        "ibot_loss": {"center": torch.ones(1, 8)},
    },
    "mmpretrain MoCo": lambda w: {
        "meta": {},
        "state_dict": under("encoder_k.module.0.", noise(w)) | under("backbone.", w),
    },
    "ema-pytorch": lambda w: {
        **under("online_model.", noise(w)),
        **under("ema_model.", w),
        "initted": torch.tensor([True]),
    },
    "BYOL": lambda w: {
        "online_encoder": under("net.", w),
        "target_encoder": under("net.", noise(w)),
    },
    "VISSL": lambda w: {
        "classy_state_dict": {
            "base_model": {"model": {"trunk": under("_feature_blocks.", w), "heads": HEAD}}
        }
    },
    "MAE": lambda w: {
        "model": {
            **w,
            "mask_token": torch.ones(1, 1, 8),
            "decoder_pos_embed": torch.ones(1, 17, 8),
            **under("decoder_blocks.0.norm1.", {"weight": torch.ones(8), "bias": torch.ones(8)}),
        },
        "args": argparse.Namespace(norm_pix_loss=True),
    },
    "torch.compile in DistributedDataParallel": lambda w: under("module._orig_mod.", w),
    "Lightning": lambda w: {
        "pytorch-lightning_version": "2.0",
        "state_dict": under("model.encoder.", w),
        "hyper_parameters": {"lr": 0.1},
    },
    "an average of the weights beside": lambda w: {"model": noise(w), "model_ema": w},
}


@pytest.fixture(scope="module")
def resnet():
    """A ResNet-18 whose batch normalisation is not the identity."""
    torch.manual_seed(0)
    network = models.resnet18()
    network.fc = nn.Identity()
    network.train()(torch.randn(8, 3, 64, 64))
    return network.eval()


@pytest.fixture(scope="module")
def vit():
    torch.manual_seed(0)
    return timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=0).eval()


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def features(network, images):
    with torch.inference_mode():
        return network(images).numpy()


def assert_same_features(backbone, network, images):
    np.testing.assert_allclose(
        features(backbone.network, images), features(network, images), atol=1e-5
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("architecture", ["resnet", "vit"])
def test_the_network_is_found_in_a_checkpoint(layout, architecture, request, images, tmp_path):
    network = request.getfixturevalue(architecture)
    path = tmp_path / "checkpoint.pth.tar"
    torch.save(LAYOUTS[layout](network.state_dict()), path)
    backbone = load_backbone(path, image_size=64)
    assert_same_features(backbone, network, images)
    assert backbone.name == str(path)
    assert (backbone.mean, backbone.std) == (IMAGENET_MEAN, IMAGENET_STD)
    assert (backbone.crop_fraction, backbone.license) == (0.875, "")
    assert backbone.interpolation == ("bicubic" if architecture == "vit" else "bilinear")


def test_a_network_of_numbered_children_is_found(resnet, images, tmp_path):
    """lightly's tutorials keep a ResNet as Sequential(*children)."""
    children = nn.Sequential(*list(resnet.children())[:-1])
    path = tmp_path / "last.ckpt"
    weights = under("backbone.", children.state_dict()) | under("projection_head.layers.", HEAD)
    torch.save({"state_dict": weights}, path)
    assert_same_features(load_backbone(path, image_size=64), resnet, images)


@pytest.mark.parametrize("name", ["resnet34", "resnet50"])
def test_resnets_of_other_depths(name, images, tmp_path):
    network = timm.create_model(name, num_classes=0).eval()
    torch.save(under("module.", network.state_dict()), tmp_path / "w.pth")
    backbone = load_backbone(tmp_path / "w.pth", image_size=64)
    assert_same_features(backbone, network, images)
    assert load_backbone(tmp_path / "w.pth").image_size == 224


def test_the_small_transformer_of_moco_v3_has_twelve_heads(images, tmp_path):
    """The number of heads is not in the tensors: DINO's network of these shapes has six."""
    options = {"img_size": 64, "num_classes": 0, "depth": 2}
    moco, dino = (
        timm.create_model("vit_small_patch16_224", num_heads=heads, **options).eval()
        for heads in (12, 6)
    )
    moco.load_state_dict(dino.state_dict())
    torch.save({"state_dict": under("module.base_encoder.", moco.state_dict())}, tmp_path / "m.pth")
    torch.save({"teacher": under("backbone.", dino.state_dict())}, tmp_path / "d.pth")
    assert np.abs(features(moco, images) - features(dino, images)).max() > 1e-3
    assert_same_features(load_backbone(tmp_path / "m.pth"), moco, images)
    assert_same_features(load_backbone(tmp_path / "d.pth"), dino, images)


def test_the_size_of_a_transformer_is_read_from_its_positions(tmp_path):
    network = timm.create_model("vit_tiny_patch16_224", img_size=96, patch_size=8, num_classes=0)
    torch.save(network.state_dict(), tmp_path / "w.pth")
    backbone = load_backbone(tmp_path / "w.pth")
    assert backbone.image_size == 96
    images = torch.randn(1, 3, 96, 96)
    assert_same_features(backbone, network.eval(), images)
    # Another size: positions are resampled, not left at random.
    other = load_backbone(tmp_path / "w.pth", image_size=64)
    assert other.network.pos_embed.shape == (1, 65, 192)
    again = load_backbone(tmp_path / "w.pth", image_size=64)
    assert other.fingerprint == again.fingerprint


@pytest.mark.parametrize("registers", [0, 4])
def test_weights_of_dinov2(registers, tmp_path):
    """As published: scaled layers, a token for masks, registers of another name."""
    torch.manual_seed(0)
    options = {"reg_tokens": 4, "no_embed_class": True} if registers else {}
    network = timm.create_model(
        "vit_small_patch14_dinov2", img_size=56, num_classes=0, depth=2, **options
    ).eval()
    weights = dict(network.state_dict())
    weights["mask_token"] = torch.ones(1, 384)
    if registers:
        weights["register_tokens"] = weights.pop("reg_token")
        cls = torch.zeros(1, 1, 384)
        weights["pos_embed"] = torch.cat([cls, weights["pos_embed"]], dim=1)
    torch.save(weights, tmp_path / "dinov2_vits14_pretrain.pth")
    backbone = load_backbone(tmp_path / "dinov2_vits14_pretrain.pth")
    assert backbone.image_size == 56
    assert_same_features(backbone, network, torch.randn(2, 3, 56, 56))


def test_a_named_architecture_takes_weights_from_a_file(images, tmp_path):
    torch.manual_seed(1)
    network = timm.create_model("convnext_atto", num_classes=10).eval()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    backbone = load_backbone(f"timm:convnext_atto/{tmp_path / 'w.safetensors'}", image_size=64)
    network.reset_classifier(0)
    assert_same_features(backbone, network, images)
    assert backbone.mean == network.pretrained_cfg["mean"]
    # timm's licence is that of its own weights.
    assert backbone.license == ""


def test_weights_of_half_precision_are_computed_in_float32(resnet, images, tmp_path):
    weights = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in resnet.state_dict().items()
    }
    save_file(weights, tmp_path / "w.safetensors")
    backbone = load_backbone(tmp_path / "w.safetensors", image_size=64)
    assert {p.dtype for p in backbone.network.parameters()} == {torch.float32}
    np.testing.assert_allclose(
        features(backbone.network, images), features(resnet, images), atol=0.05
    )


class TestRefusals:
    def message(self, name):
        with pytest.raises(BackboneLoadError) as caught:
            load_backbone(name)
        return str(caught.value)

    def test_code_in_a_pickle_is_not_run(self, tmp_path):
        class Malicious:
            def __reduce__(self):
                return (eval, (f"open({str(tmp_path / 'hacked')!r}, 'w')",))

        torch.save({"state_dict": {"conv1.weight": Malicious()}}, tmp_path / "w.pth")
        message = self.message(tmp_path / "w.pth")
        assert re.search(r"more than tensors \(it asks for \S*eval\) and is not read", message)
        assert "safetensors" in message
        assert not (tmp_path / "hacked").exists()

    def test_a_whole_network_is_not_unpickled(self, resnet, tmp_path):
        torch.save(resnet, tmp_path / "w.pth")
        assert "more than tensors" in self.message(tmp_path / "w.pth")

    @pytest.mark.parametrize("content", [b"", b"\x00\x01", b"no weights", b"\x80\x02]."])
    @pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
    def test_damaged_files(self, content, name, tmp_path):
        (tmp_path / name).write_bytes(content)
        assert re.search("damaged|more than tensors|no tensors", self.message(tmp_path / name))

    @pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
    def test_a_download_that_was_cut(self, name, resnet, tmp_path):
        path = tmp_path / name
        (save_file if name == "w.safetensors" else torch.save)(resnet.state_dict(), path)
        path.write_bytes(path.read_bytes()[:100_000])
        assert "is damaged" in self.message(path)

    def test_a_file_of_old_damaged_anywhere(self, tmp_path):
        """Before torch 1.6 a file was a chain of pickles, read with many kinds of errors."""
        path = tmp_path / "w.pth"
        torch.save({"a": torch.ones(3)}, path, _use_new_zipfile_serialization=False)
        content = path.read_bytes()
        for end in range(0, len(content), 7):
            path.write_bytes(content[:end])
            assert re.search("damaged|more than tensors", self.message(path)), end
        for place in range(30, len(content), 5):
            path.write_bytes(content[:place] + b"\xff\xff" + content[place + 2 :])
            # Some of these can still be read.
            self.message(path)

    @pytest.mark.parametrize(
        ("name", "shape"),
        [
            ("patch_embed.proj.weight", (192, 3, 2, 16, 16)),
            ("patch_embed.proj.weight", (192, 768)),
            ("pos_embed", (17, 192)),
        ],
    )
    def test_transformers_of_something_else_than_images(self, name, shape, vit, tmp_path):
        weights = {**vit.state_dict(), name: torch.ones(shape)}
        save_file(weights, tmp_path / "w.safetensors")
        assert "cannot be inferred" in self.message(tmp_path / "w.safetensors")

    @pytest.mark.parametrize("content", [{"epoch": 3}, [torch.ones(3)], {}])
    def test_a_file_without_a_state_dict(self, content, tmp_path):
        torch.save(content, tmp_path / "w.pth")
        assert "no tensors with names" in self.message(tmp_path / "w.pth")

    def test_an_architecture_that_is_not_known(self, tmp_path):
        network = timm.create_model("test_efficientnet")
        save_file(network.state_dict(), tmp_path / "w.safetensors")
        message = self.message(tmp_path / "w.safetensors")
        assert "cannot be inferred" in message
        assert f"'timm:<model>/{tmp_path / 'w.safetensors'}'" in message

    def test_tensors_that_are_missing_would_stay_random(self, resnet, tmp_path):
        weights = dict(resnet.state_dict())
        del weights["layer3.1.bn2.weight"]
        torch.save(weights, tmp_path / "w.pth")
        message = self.message(tmp_path / "w.pth")
        assert "1 of 100 tensors" in message
        assert "layer3.1.bn2.weight (missing)" in message

    def test_counters_of_batches_may_be_missing(self, resnet, images, tmp_path):
        weights = {k: v for k, v in resnet.state_dict().items() if "num_batches" not in k}
        torch.save(weights, tmp_path / "w.pth")
        assert_same_features(load_backbone(tmp_path / "w.pth", image_size=64), resnet, images)

    def test_tensors_of_another_shape(self, resnet, tmp_path):
        """A ResNet for CIFAR has a small first convolution."""
        weights = dict(resnet.state_dict())
        weights["conv1.weight"] = torch.ones(64, 3, 3, 3)
        torch.save(weights, tmp_path / "w.pth")
        message = self.message(tmp_path / "w.pth")
        assert "conv1.weight ((64, 3, 3, 3) instead of (64, 3, 7, 7))" in message

    def test_weights_of_another_network(self, resnet, tmp_path):
        torch.save(resnet.state_dict(), tmp_path / "w.pth")
        message = self.message(f"timm:convnext_atto/{tmp_path / 'w.pth'}")
        assert "does not fit ConvNeXt" in message

    def test_several_networks_of_equal_rank(self, resnet, tmp_path):
        weights = under("left.", resnet.state_dict()) | under("right.", noise(resnet.state_dict()))
        torch.save(weights, tmp_path / "w.pth")
        assert "several networks: left., right." in self.message(tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["res2net50_26w_4s", "resnest14d", "skresnet50"])
def test_networks_whose_blocks_are_others_than_those_of_resnets_are_named(name, tmp_path):
    path = tmp_path / "a.pth"
    network = timm.create_model(name, num_classes=0)
    torch.save(network.state_dict(), path)
    with pytest.raises(BackboneLoadError, match=r"cannot be inferred.*Name it: 'timm:<model>/"):
        load_backbone(str(path))


def test_quantised_tensors_are_said_to_be_so(tmp_path):
    path = tmp_path / "a.pth"
    weights = models.resnet18().state_dict()
    with warnings.catch_warnings():
        # That torch will give this up.
        warnings.simplefilter("ignore")
        quantised = torch.quantize_per_tensor(weights["conv1.weight"], 0.01, 0, torch.qint8)
        torch.save({**weights, "conv1.weight": quantised}, path)
        with pytest.raises(BackboneLoadError, match=r"quantised tensors \(such as 'conv1.weight'"):
            load_backbone(str(path))
