import json
import logging

import numpy as np
import open_clip
import pytest
import torch
from open_clip import factory, pretrained
from safetensors.torch import save_file

from skdeepcluster.backbones import BackboneLoadError, load_backbone
from skdeepcluster.images import Resizing

CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 64, "layers": 4, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 99, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(autouse=True)
def tiny_architecture(monkeypatch):
    """Architectures that are small, and published weights of one."""
    monkeypatch.setitem(factory._MODEL_CONFIGS, "tiny", CONFIG)
    coca = {"embed_dim": 24, "custom_text": True, **CONFIG}
    coca["multimodal_cfg"] = {"width": 16, "context_length": 8, "heads": 2, "layers": 1}
    coca["vision_cfg"] = {**CONFIG["vision_cfg"], "attentional_pool": True, "output_tokens": True}
    coca["text_cfg"] = {**CONFIG["text_cfg"], "embed_cls": True, "output_tokens": True}
    monkeypatch.setitem(factory._MODEL_CONFIGS, "tiny-coca", coca)
    tags = {
        "laion_tiny": pretrained._pcfg(hf_hub="laion/tiny/"),
        "openai": pretrained._pcfg(hf_hub="laion/tiny/", quick_gelu=True),
        "webli": pretrained._slpcfg(hf_hub="timm/tiny-siglip/"),
        "metaclip_tiny": pretrained._pcfg(hf_hub="timm/tiny-meta/"),
    }
    monkeypatch.setitem(pretrained._PRETRAINED, "tiny", tags)


@pytest.fixture
def clip():
    torch.manual_seed(0)
    return open_clip.create_model("tiny").eval()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A cache of the Hugging Face hub; returns a function that puts a model into it."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def put(repository, clip, config=None):
        folder = tmp_path / f"models--{repository.replace('/', '--')}"
        snapshot = folder / "snapshots" / ("0" * 40)
        snapshot.mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text("0" * 40)
        save_file(clip.state_dict(), snapshot / "open_clip_model.safetensors")
        if config:
            (snapshot / "open_clip_config.json").write_text(json.dumps(config))

    return put


def assert_same_features(backbone, clip, size=64):
    images = torch.randn(3, 3, size, size)
    with torch.inference_mode():
        expected = clip.encode_image(images).numpy()
        np.testing.assert_allclose(backbone.network(images).numpy(), expected, atol=1e-5)


def test_weights_from_a_file(clip, tmp_path):
    path = tmp_path / "clip.pt"
    torch.save({"state_dict": clip.state_dict(), "epoch": 3}, path)
    backbone = load_backbone(f"open_clip:tiny/{path}")
    assert_same_features(backbone, clip)
    assert backbone.name == f"open_clip:tiny/{path}"
    assert (backbone.n_features, backbone.license) == (24, "")
    np.testing.assert_allclose(backbone.mean, open_clip.OPENAI_DATASET_MEAN)
    np.testing.assert_allclose(backbone.std, open_clip.OPENAI_DATASET_STD)
    assert backbone.resizing == Resizing(64, 1.0, "bicubic")


def test_the_activation_is_not_guessed(clip, tmp_path):
    torch.save(clip.state_dict(), tmp_path / "clip.pt")
    with pytest.raises(BackboneLoadError, match="Name it: 'open_clip:<architecture>/"):
        load_backbone(tmp_path / "clip.pt")


def test_published_weights_bring_their_preprocessing(clip, hub):
    hub("laion/tiny", clip)
    hub("timm/tiny-siglip", clip)
    hub("timm/tiny-meta", clip)
    backbone = load_backbone("open_clip:tiny/laion_tiny")
    assert_same_features(backbone, clip)
    assert backbone.license == "mit"
    siglip = load_backbone("open_clip:tiny/webli")
    assert (siglip.mean, siglip.std) == ((0.5,) * 3, (0.5,) * 3)
    assert siglip.license == "apache-2.0"
    assert load_backbone("open_clip:tiny/metaclip_tiny").license == "cc-by-nc-4.0"


def test_weights_of_openai_get_the_activation_they_were_trained_with(clip, hub, recwarn):
    hub("laion/tiny", clip)
    backbone = load_backbone("open_clip:tiny/openai")
    quick = open_clip.create_model("tiny", force_quick_gelu=True).eval()
    quick.load_state_dict(clip.state_dict())
    assert_same_features(backbone, quick)
    assert not [warning for warning in recwarn if "QuickGELU" in str(warning.message)]


def test_a_model_of_anybody_on_the_hub(clip, hub):
    preprocessing = {"mean": [0.4, 0.4, 0.4], "std": [0.3, 0.3, 0.3], "interpolation": "bilinear"}
    hub("some-lab/moths", clip, {"model_cfg": CONFIG, "preprocess_cfg": preprocessing})
    backbone = load_backbone("open_clip:hf-hub:some-lab/moths")
    assert_same_features(backbone, clip)
    assert (backbone.mean, backbone.interpolation) == ((0.4, 0.4, 0.4), "bilinear")


def test_a_model_in_a_folder(clip, tmp_path):
    preprocessing = {"mean": [0.4, 0.4, 0.4], "std": [0.3, 0.3, 0.3], "interpolation": "bilinear"}
    config = {"model_cfg": CONFIG, "preprocess_cfg": preprocessing}
    save_file(clip.state_dict(), tmp_path / "open_clip_model.safetensors")
    with pytest.raises(BackboneLoadError, match=r"it has no open_clip_config\.json"):
        load_backbone(f"open_clip:local-dir:{tmp_path}")
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    backbone = load_backbone(f"open_clip:local-dir:{tmp_path}")
    assert_same_features(backbone, clip)
    assert (backbone.mean, backbone.interpolation) == ((0.4, 0.4, 0.4), "bilinear")
    with pytest.raises(BackboneLoadError, match=f"'open_clip:local-dir:{tmp_path}'"):
        load_backbone(tmp_path)


def test_a_tower_is_built_for_another_size(clip, tmp_path):
    torch.save(clip.state_dict(), tmp_path / "clip.pt")
    backbone = load_backbone(f"open_clip:tiny/{tmp_path / 'clip.pt'}", image_size=96)
    assert backbone.image_size == 96
    larger = open_clip.create_model(
        "tiny", pretrained=str(tmp_path / "clip.pt"), force_image_size=96
    )
    assert_same_features(backbone, larger.eval(), 96)


def test_of_a_tower_that_returns_tokens_too_the_features_are_taken(tmp_path):
    coca = open_clip.create_model("tiny-coca").eval()
    torch.save(coca.state_dict(), tmp_path / "coca.pt")
    backbone = load_backbone(f"open_clip:tiny-coca/{tmp_path / 'coca.pt'}")
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected, _ = coca.visual(images)
        found = backbone.network(images)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-5)


def test_the_projection_is_in_the_last_stage(clip, tmp_path):
    torch.save(clip.state_dict(), tmp_path / "clip.pt")
    backbone = load_backbone(f"open_clip:tiny/{tmp_path / 'clip.pt'}")
    staged = [name for stage in backbone.stages for name in stage]
    assert sorted(staged) == sorted(name for name, _ in backbone.network.named_parameters())
    assert "proj" in backbone.stages[-1]
    assert [stage[0][:23] for stage in backbone.stages[-4:]] == [
        f"transformer.resblocks.{block}" for block in range(4)
    ]


def test_the_root_logger_is_left_alone(clip, tmp_path, monkeypatch):
    torch.save(clip.state_dict(), tmp_path / "clip.pt")
    monkeypatch.setattr(logging.root, "handlers", [])
    load_backbone(f"open_clip:tiny/{tmp_path / 'clip.pt'}")
    assert logging.root.handlers == []
