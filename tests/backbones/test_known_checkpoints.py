"""Checkpoints of each kind in the table of docs/guide/backbones.md.

The features of the loaded backbone are compared with those of the source network, whose weights
were written in the names and structure of the method's own code.
"""

import logging
import re

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torchvision import models

from skdeepcluster.backbones import BackboneLoadError, load_backbone


def under(prefix, weights):
    return {prefix + name: tensor for name, tensor in weights.items()}


def renamed(weights, *rules):
    """Rename by pairs of a regular expression and its replacement, all of which apply."""
    out = {}
    for name, tensor in weights.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        out[name] = tensor
    return out


def noise(weights):
    """A network that is not the one to be found: all its tensors differ."""
    return {name: torch.rand_like(tensor.float()) for name, tensor in weights.items()}


def randomised(network, seed=0):
    """Weights large enough that every part of a network shows in its features."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if not tensor.is_floating_point() or name == "pos_embed":
            continue
        if name.endswith("running_var"):
            tensor.mul_(1.7)
            continue
        scale = (2 / tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 0.3
        added = torch.randn(tensor.shape, generator=generator) * scale
        tensor.copy_(added if tensor.ndim > 1 else tensor + added)
    return network.eval()


def vit(name="vit_small_patch16_224", **options):
    options = {"img_size": 64, "depth": 2, "num_classes": 0} | options
    torch.manual_seed(0)
    return randomised(timm.create_model(name, **options))


def resnet(name="resnet18"):
    torch.manual_seed(0)
    network = models.get_model(name)
    network.fc = nn.Identity()
    return randomised(network)


def sine_cosine(width, side, *, rows_first, class_token=True):
    """Fixed positions of MAE and I-JEPA, or, rows first, of MoCo v3."""
    rows, columns = np.mgrid[:side, :side]
    frequencies = 10_000.0 ** -(np.arange(width // 4) / (width / 4))
    waves = []
    for places in (rows, columns) if rows_first else (columns, rows):
        angles = np.outer(places.ravel(), frequencies)
        waves += [np.sin(angles), np.cos(angles)]
    positions = np.concatenate(waves, axis=1)
    if class_token:
        positions = np.concatenate([np.zeros((1, width)), positions])
    return torch.tensor(positions, dtype=torch.float32)[None]


def images(size=64):
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1))


def assert_same_features(name, network, size=64, **options):
    backbone = load_backbone(name, image_size=size, **options)
    with torch.inference_mode():
        found, expected = backbone.network(images(size)), network(images(size))
    assert found.shape == expected.shape
    cosines = torch.nn.functional.cosine_similarity(found, expected)
    assert cosines.min() > 1 - 1e-4, cosines
    return backbone


@pytest.fixture
def saved(tmp_path):
    """A function that saves a checkpoint and returns its path."""

    def save(content, name="checkpoint.pth"):
        torch.save(content, tmp_path / name)
        return str(tmp_path / name)

    return save


def message_of(name):
    with pytest.raises(BackboneLoadError) as caught:
        load_backbone(name)
    return str(caught.value)


class TestChoice:
    """Of two networks in a file, the one that the method's authors evaluate."""

    NUMBERED = {
        "conv1": "0",
        "bn1": "1",
        "layer1": "4",
        "layer2": "5",
        "layer3": "6",
        "layer4": "7",
    }

    def numbered(self, weights):
        """Sequential(*resnet.children()), as in the tutorials of lightly."""
        return renamed(weights, (r"^\w+", lambda match: self.NUMBERED[match[0]]))

    @pytest.mark.parametrize(
        ("taken", "other"),
        [
            ("teacher_backbone.", "student_backbone."),
            ("backbone.", "backbone_momentum."),
        ],
    )
    @pytest.mark.parametrize("is_first", [True, False])
    def test_lightly(self, taken, other, is_first, saved, caplog):
        network = resnet()
        weights = self.numbered(network.state_dict())
        parts = [under(taken, weights), under(other, noise(weights))]
        first, second = parts if is_first else parts[::-1]
        path = saved({"state_dict": first | second, "pytorch-lightning_version": "2.6"})
        with caplog.at_level(logging.INFO):
            assert_same_features(path, network)
        assert f"'state_dict.{taken}' is taken, not 'state_dict.{other}'" in caplog.text

    def test_msn_and_i_jepa_evaluate_the_target_encoder(self, saved):
        network = vit()
        weights = under("module.", network.state_dict())
        path = saved({"encoder": noise(weights), "target_encoder": weights, "epoch": 3})
        assert_same_features(path, network)

    def test_byol_evaluates_the_online_encoder(self, saved):
        network = resnet()
        weights = under("net.", network.state_dict())
        path = saved({"target_encoder": noise(weights), "online_encoder": weights})
        assert_same_features(path, network)

    def test_the_target_of_lightlys_msn_is_the_one_without_a_prefix(self, saved):
        network = vit()
        weights = under("vit.", network.state_dict())
        path = saved(
            {"state_dict": under("anchor_backbone.", noise(weights)) | under("backbone.", weights)}
        )
        assert_same_features(path, network)

    def test_lightning_stores_the_average_as_the_state_dict(self, saved):
        network = resnet()
        weights = under("teacher.", network.state_dict())
        path = saved({"current_model_state": noise(weights), "state_dict": weights}, "last.ckpt")
        assert_same_features(path, network)

    def test_one_network_under_two_names(self, saved):
        """The learner of byol-pytorch stores the network that it wraps once more."""
        network = resnet()
        weights = under("net.", network.state_dict())
        path = saved(
            weights | under("online_encoder.", weights) | under("target_encoder.", noise(weights))
        )
        assert_same_features(path, network)


class TestHeads:
    """The number of attention heads, which no tensor shows."""

    @pytest.mark.parametrize("width", [192, 384])
    @pytest.mark.parametrize(
        "layout",
        [
            lambda w: {"state_dict": under("module.base_encoder.", w)},
            # Its linear evaluation, its conversion for DeiT, and solo-learn.
            lambda w: {"state_dict": under("module.", w), "arch": "vit_small"},
            lambda w: {"model": w},
            lambda w: {"state_dict": under("backbone.", w) | under("momentum_backbone.", noise(w))},
            lambda w: {name: tensor.half() for name, tensor in w.items()},
        ],
    )
    def test_positions_of_moco_v3_mean_twelve(self, width, layout, saved):
        network = vit(embed_dim=width, num_heads=12)
        network.pos_embed.data = sine_cosine(width, 4, rows_first=True)
        path = saved(layout(network.state_dict()))
        assert_same_features(path, network)

    def test_a_name_with_other_heads_is_refused(self, saved):
        network = vit(depth=12, num_heads=12)
        network.pos_embed.data = sine_cosine(384, 4, rows_first=True)
        path = saved({"model": network.state_dict()})
        named = f"timm:vit_small_patch16_224/{path}"
        message = message_of(named)
        assert f"has 6 attention heads, but the network in {path!r} has 12" in message
        assert f"'{named},num_heads=12'" in message
        assert_same_features(f"{named},num_heads=12", network)

    @pytest.mark.parametrize("width", [192, 384])
    @pytest.mark.parametrize("interpolated", [False, True])
    def test_other_fixed_positions_are_ambiguous(self, width, interpolated, saved):
        """MAE has twelve heads in solo-learn, and half as many or fewer in other code."""
        for heads in (width // 64, 12):
            network = vit(embed_dim=width, num_heads=heads)
            network.pos_embed.data = sine_cosine(width, 4, rows_first=False)
            if interpolated:
                network.pos_embed.data[:, 1:] *= 0.9
            path = saved({"state_dict": under("backbone.", network.state_dict())})
            message = message_of(path)
            assert f"networks like it have {width // 64} or 12" in message
            assert f"'{path},num_heads=12'" in message
            backbone = assert_same_features(f"{path},num_heads={heads}", network)
            assert backbone.name == f"{path},num_heads={heads}"

    def test_lightly_wraps_networks_of_timm(self, saved):
        network = vit()
        network.pos_embed.data = sine_cosine(384, 4, rows_first=False)
        path = saved({"state_dict": under("backbone.vit.", network.state_dict())})
        assert_same_features(path, network)

    def test_learned_positions_have_the_usual_number(self, saved):
        network = vit()
        assert_same_features(saved({"model": network.state_dict()}), network)

    def test_an_unusual_width_needs_the_number(self, saved):
        network = vit(embed_dim=160, num_heads=5)
        path = saved(network.state_dict())
        assert "width 160. The number of its attention heads is not in the file" in message_of(path)
        assert_same_features(f"{path},num_heads=5", network)
        assert "not the cause" in message_of(f"{path},num_heads=7")

    def test_i_jepa_has_the_mean_and_no_class_token(self, saved):
        network = vit(
            "vit_base_patch16_gap_224", num_heads=12, depth=12, global_pool="avg", fc_norm=False
        )
        network.pos_embed.data = sine_cosine(768, 4, rows_first=False, class_token=False)
        weights = under("module.", network.state_dict())
        path = saved({"encoder": noise(weights), "predictor": {}, "target_encoder": weights})
        assert_same_features(path, network)
        assert "has 16 attention heads, but" in message_of(f"timm:vit_base_patch16_gap_224/{path}")

    def test_no_class_token_and_learned_positions_are_ambiguous(self, saved):
        options = {"class_token": False, "global_pool": "avg", "fc_norm": False}
        network = vit("vit_base_patch16_224", **options)
        path = saved(network.state_dict())
        assert "networks like it have 12 or 16" in message_of(path)
        assert_same_features(f"{path},num_heads=12", network)

    def test_only_some_names_have_options(self, saved):
        path = saved(resnet().state_dict())
        assert "has no such options" in message_of(f"{path},num_heads=12")
        assert "only files and models of timm" in message_of("torchvision:resnet18,num_heads=2")

    def test_a_comma_in_the_name_of_a_file(self, saved):
        network = vit()
        path = saved(network.state_dict(), "weights,num_heads=12")
        assert_same_features(path, network)


class TestTrunk:
    """No tensor that features pass through is left out in silence."""

    def test_norms_of_queries_and_keys(self, saved):
        network = vit(qk_norm=True)
        path = saved({"state_dict": network.state_dict()})
        assert_same_features(path, network)
        path = saved(vit(depth=12, qk_norm=True).state_dict())
        message = message_of(f"timm:vit_small_patch16_224/{path}")
        assert "has no place for 48 tensors" in message
        assert "blocks.0.attn.q_norm.weight" in message

    @pytest.mark.parametrize("name", ["dist_token", "blocks.1.attn.rel_pos", "norm_pre.weight"])
    def test_other_parts(self, name, saved):
        weights = vit(depth=12).state_dict() | {name: torch.ones(1, 1, 384)}
        message = message_of(f"timm:vit_small_patch16_224/{saved(weights)}")
        assert "has no place for 1 tensors" in message
        assert name in message

    def test_a_fifth_layer(self, saved):
        weights = resnet().state_dict() | {"layer5.0.conv1.weight": torch.ones(4, 4, 3, 3)}
        assert "layer5.0.conv1.weight" in message_of(saved(weights))

    def test_heads_are_left_out_and_logged(self, saved, caplog):
        network = vit()
        others = {"head.weight": torch.ones(5, 384), "projector.0.weight": torch.ones(3, 3)}
        with caplog.at_level(logging.INFO):
            assert_same_features(saved(network.state_dict() | others), network)
        assert "left out are head, projector" in caplog.text

    def test_a_fine_tuned_mae_normalises_the_mean(self, saved):
        network = vit("vit_base_patch16_224", depth=12, global_pool="avg")
        path = saved({"model": network.state_dict() | {"head.bias": torch.ones(5)}})
        assert_same_features(path, network)
        message = message_of(f"timm:vit_base_patch16_224/{path}")
        assert "norm.weight (missing)" in message
        assert "add ',global_pool=avg' to the name" in message
        assert_same_features(f"timm:vit_base_patch16_224/{path},global_pool=avg", network)


def dinov3_as_published(network):
    """Rename timm's network as its authors do; give it biases of queries and values."""
    weights = renamed(
        network.state_dict(),
        (r"gamma_(\d)", r"ls\1.gamma"),
        ("reg_token", "storage_tokens"),
        ("fc1_g", "w1"),
        ("fc1_x", "w2"),
    )
    if "blocks.0.mlp.w1.weight" in weights:
        weights = renamed(weights, (r"(blocks\.\d+\.mlp)\.fc2", r"\1.w3"))
    out = {}
    for name, tensor in weights.items():
        if name.endswith("q_bias"):
            values = weights[name.replace("q_bias", "v_bias")]
            keys = torch.zeros_like(tensor)
            out[name.replace("q_bias", "qkv.bias")] = torch.cat([tensor, keys, values])
            mask = torch.cat([keys + 1, keys, keys + 1])
            out[name.replace("q_bias", "qkv.bias_mask")] = mask
        elif not name.endswith(("v_bias", "k_bias")):
            out[name] = tensor
    out["mask_token"] = torch.ones(1, network.embed_dim)
    out["rope_embed.periods"] = torch.ones(16)
    return out


class TestDinoV3:
    @pytest.mark.parametrize("size", ["small", "small_plus"])
    def test_a_file_gives_the_class_token(self, size, saved):
        name = f"vit_{size}_patch16_dinov3_qkvb"
        network = vit(name, global_pool="token", depth=12)
        path = saved(dinov3_as_published(network))
        backbone = assert_same_features(path, network)
        assert (backbone.crop_fraction, load_backbone(path).image_size) == (1.0, 256)
        assert_same_features(f"timm:{name}/{path},global_pool=token", network)
        teacher = under("backbone.", dinov3_as_published(network))
        assert_same_features(saved({"teacher": teacher}), network)
        # timm's name alone has the pooling of timm.
        network.global_pool = "avg"
        assert_same_features(f"timm:{name}/{path}", network)

    def test_biases_need_a_network_that_has_them(self, saved):
        network = vit("vit_small_patch16_dinov3_qkvb", depth=12)
        path = saved(dinov3_as_published(network))
        message = message_of(f"timm:vit_small_patch16_dinov3/{path}")
        assert "no place for 12 tensors" in message
        assert "blocks.0.attn.qkv.bias" in message
        assert f"'timm:vit_small_patch16_dinov3_qkvb/{path}'" in message

    def test_biases_that_are_zero_do_not(self, saved):
        network = vit("vit_small_patch16_dinov3_qkvb", depth=12)
        for name, tensor in network.state_dict().items():
            if name.endswith(("q_bias", "v_bias")):
                tensor.zero_()
        path = saved(dinov3_as_published(network))
        assert_same_features(f"timm:vit_small_patch16_dinov3/{path}", network)

    def test_convnext(self, saved):
        network = convnext()
        weights = renamed(
            network.state_dict(),
            (r"^stem\.", "downsample_layers.0."),
            (r"^stages\.(\d+)\.downsample\.", r"downsample_layers.\1."),
            (r"^stages\.(\d+)\.blocks\.", r"stages.\1."),
            ("conv_dw", "dwconv"),
            (r"mlp\.fc", "pwconv"),
            (r"^head\.norm\.", "norm."),
        )
        weights |= under("norms.3.", {"weight": weights["norm.weight"]})
        path = saved(weights)
        for name in (path, f"timm:convnext_tiny/{path}"):
            assert_same_features(name, network)


def convnext():
    torch.manual_seed(0)
    return randomised(timm.create_model("convnext_tiny", num_classes=0))


@pytest.mark.parametrize("registers", [0, 4])
def test_dinov2_with_blocks_in_chunks(registers, saved):
    """Trained with block_chunks=4: block 5 of 12 is in the second chunk, under its own number."""
    options = {"reg_tokens": 4, "no_embed_class": True} if registers else {}
    network = vit("vit_small_patch14_dinov2", img_size=56, depth=12, **options)
    weights = renamed(
        network.state_dict(),
        (r"blocks\.(\d+)\.", lambda match: f"blocks.{int(match[1]) // 3}.{match[1]}."),
        ("reg_token", "register_tokens"),
    )
    if registers:
        zero = torch.zeros(1, 1, 384)
        weights["pos_embed"] = torch.cat([zero, weights["pos_embed"]], dim=1)
    weights["mask_token"] = torch.ones(1, 384)
    content = {"teacher": under("backbone.", weights) | {"dino_head.mlp.0.weight": torch.ones(3)}}
    path = saved(content)
    assert_same_features(path, network, 56)
    model = f"vit_small_patch14_{'reg4_' if registers else ''}dinov2"
    assert_same_features(f"timm:{model}/{path}", network, 56)


def test_the_swiglu_layers_of_dinov2(saved):
    options = {"mlp_layer": timm.layers.SwiGLUPacked, "act_layer": nn.SiLU, "mlp_ratio": 5.25}
    network = vit(init_values=1e-5, **options)
    weights = renamed(network.state_dict(), (r"mlp\.fc1", "mlp.w12"), (r"mlp\.fc2", "mlp.w3"))
    assert_same_features(saved(weights), network)


def test_transformers_of_torchvision(saved):
    network = randomised(models.VisionTransformer(64, 16, 2, 6, 384, 1536))
    weights = network.state_dict()
    network.heads = nn.Identity()
    assert_same_features(saved(weights), network)
    # As lightly and lightly-train wrap them.
    assert_same_features(saved({"state_dict": under("backbone.vit.", weights)}), network)


def test_a_model_of_torchvision_by_name_with_a_file(saved):
    network = randomised(models.mobilenet_v3_small())
    path = saved({"state_dict": under("module.", network.state_dict())})
    network.classifier[3] = nn.Identity()
    backbone = assert_same_features(f"torchvision:mobilenet_v3_small/{path}", network)
    assert (backbone.crop_fraction, backbone.license) == (0.875, "")


@pytest.mark.parametrize("name", ["wide_resnet50_2", "resnext50_32x4d"])
def test_wide_and_grouped_resnets(name, saved):
    network = resnet(name)
    assert_same_features(saved(under("module.", network.state_dict())), network)


def test_transformers_of_mmpretrain(saved):
    network = vit()
    weights = renamed(
        network.state_dict(),
        (r"^patch_embed\.proj", "patch_embed.projection"),
        (r"^norm\.", "ln1."),
        (r"^blocks\.(\d+)\.norm", r"layers.\1.ln"),
        (r"^blocks\.(\d+)\.mlp\.fc1", r"layers.\1.ffn.layers.0.0"),
        (r"^blocks\.(\d+)\.mlp\.fc2", r"layers.\1.ffn.layers.1"),
        (r"^blocks\.", "layers."),
    )
    path = saved({"meta": {}, "state_dict": under("backbone.", weights)})
    assert_same_features(path, network)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda w: under("_orig_mod.module.", w),
        lambda w: under("_fsdp_wrapped_module.", w),
        lambda w: {"module": under("_forward_module.", w)},
        lambda w: renamed(w, (r"^blocks\.1\.", r"blocks.1._checkpoint_wrapped_module.")),
        lambda w: renamed(w, (r"^blocks\.(\d)\.", r"blocks.\1._orig_mod.")),
    ],
)
def test_names_of_wrapped_modules(wrapped, saved):
    network = vit()
    assert_same_features(saved(wrapped(network.state_dict())), network)


def test_numbers_of_numpy_beside_the_tensors(saved):
    network = resnet()
    content = {"state_dict": network.state_dict(), "best": np.float64(0.9), "losses": np.ones(3)}
    assert_same_features(saved(content), network)


def test_a_name_and_the_path_alone_have_the_same_preprocessing(saved):
    network = vit(depth=12)
    path = saved(network.state_dict())
    alone, named = (
        load_backbone(path),
        load_backbone(f"timm:vit_small_patch16_224/{path}", image_size=64),
    )
    settings = ("mean", "std", "crop_fraction", "interpolation", "image_size")
    for setting in settings:
        assert getattr(alone, setting) == getattr(named, setting)
    # A tag tells how the weights were trained.
    tagged = load_backbone(f"timm:vit_small_patch16_224.augreg_in21k/{path}", image_size=64)
    assert (tagged.mean, tagged.crop_fraction) == ((0.5,) * 3, 0.9)


class TestRefusals:
    @pytest.mark.filterwarnings("ignore::FutureWarning")
    def test_torchscript_is_code(self, tmp_path):
        path = tmp_path / "script.pt"
        torch.jit.trace(nn.Flatten(), torch.ones(1, 3)).save(path)
        message = message_of(path)
        assert "is a TorchScript archive" in message
        assert f"torch.jit.load({str(path)!r})" in message

    def test_lightly_train_has_exported_the_weights(self, tmp_path):
        folder = tmp_path / "out" / "checkpoints"
        folder.mkdir(parents=True)
        (tmp_path / "out" / "exported_models").mkdir()
        torch.save({"network": nn.Flatten()}, folder / "last.ckpt")
        assert "exported_models/exported_last.pt" in message_of(folder / "last.ckpt")
        exported = tmp_path / "out" / "exported_models" / "exported_last.pt"
        exported.touch()
        assert f"The weights alone are in {str(exported)!r}" in message_of(folder / "last.ckpt")

    def test_one_part_of_several(self, tmp_path):
        (tmp_path / "model-00001-of-00002.safetensors").touch()
        message = message_of(tmp_path / "model-00001-of-00002.safetensors")
        assert "'model.safetensors.index.json', which lists the others, is not beside" in message

    def test_a_distributed_checkpoint(self, tmp_path):
        (tmp_path / "__0_0.distcp").touch()
        assert "dcp_to_torch" in message_of(tmp_path)
