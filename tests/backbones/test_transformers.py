"""Checkpoints of transformers, written by it."""

import json

import pytest
import torch

from skdeepcluster.backbones import BackboneLoadError, load_backbone

transformers = pytest.importorskip(
    "transformers", reason="needs transformers, which writes the files"
)

SMALL = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
    # Far from the default, so that it shows.
    "layer_norm_eps": 0.01,
}
PERCEPTRON = {"intermediate_size": 128}
TEXTS = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
STAGES = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 2, 1]}
BASIC = {"embedding_size": 64, "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]}


def first_token(model, images):
    return model(images).last_hidden_state[:, 0]


def pooled(model, images):
    return model(images).pooler_output.flatten(1)


# class -> its configuration, what its features are, and the side of the images
KINDS = {
    "ViTModel": (SMALL | PERCEPTRON, first_token, 32),
    "ViTForImageClassification": (
        SMALL | PERCEPTRON,
        lambda model, images: first_token(model.vit, images),
        32,
    ),
    "ViTMAEForPreTraining": (
        {**SMALL, **PERCEPTRON, "mask_ratio": 0.0, "decoder_hidden_size": 32},
        lambda model, images: first_token(model.vit, images),
        32,
    ),
    "ViTMSNModel": (SMALL | PERCEPTRON, first_token, 32),
    "IJepaModel": (
        SMALL | PERCEPTRON,
        lambda model, images: model(images).last_hidden_state.mean(1),
        32,
    ),
    "Dinov2Model": (SMALL, pooled, 32),
    "Dinov2WithRegistersModel": (SMALL, pooled, 32),
    "DINOv3ViTModel": (SMALL | PERCEPTRON | {"num_register_tokens": 4}, pooled, 32),
    "DINOv3ConvNextModel": (STAGES, pooled, 64),
    "ConvNextModel": (STAGES, pooled, 64),
    "ConvNextV2Model": (STAGES, pooled, 64),
    "CLIPVisionModel": (SMALL | PERCEPTRON, pooled, 32),
    "CLIPVisionModelWithProjection": (
        SMALL | PERCEPTRON | {"projection_dim": 24},
        lambda model, images: model(images).image_embeds,
        32,
    ),
    "SiglipVisionModel": (SMALL | PERCEPTRON, pooled, 32),
    "SiglipModel": (
        {"vision_config": SMALL | PERCEPTRON, "text_config": TEXTS},
        lambda model, images: pooled(model.vision_model, images),
        32,
    ),
    "ResNetModel": (BASIC | {"layer_type": "basic"}, pooled, 64),
}
MORE = {
    "Dinov2Model": SMALL | {"use_swiglu_ffn": True},
    "DINOv3ViTModel": {
        **SMALL,
        **PERCEPTRON,
        "num_register_tokens": 4,
        "use_gated_mlp": True,
        "hidden_act": "silu",
    },
    "ResNetModel": {"depths": [3, 4, 6, 3]},
}


def randomised(name, options):
    torch.manual_seed(0)
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**options)).eval()
    for tensor_name, tensor in model.state_dict().items():
        if tensor_name.endswith("running_var"):
            tensor.mul_(1.7)
        elif tensor.is_floating_point():
            scale = (2 / tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 0.3
            tensor.add_(torch.randn_like(tensor) * scale)
    return model


def assert_same_features(path, model, features, size):
    images = torch.randn(3, 3, size, size)
    backbone = load_backbone(path, image_size=size)
    with torch.inference_mode():
        found, expected = backbone.network(images), features(model, images)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()
    return backbone


@pytest.mark.parametrize("name", KINDS)
def test_features_are_those_of_transformers(name, tmp_path):
    options, features, size = KINDS[name]
    model = randomised(name, options)
    model.save_pretrained(tmp_path)
    assert_same_features(tmp_path, model, features, size)
    # The names in memory, which torch.save writes, differ from those in the file.
    torch.save(model.state_dict(), tmp_path / "memory.pth")
    assert_same_features(tmp_path / "memory.pth", model, features, size)


@pytest.mark.parametrize("name", MORE)
def test_other_architectures_of_the_same_classes(name, tmp_path):
    model = randomised(name, MORE[name])
    model.save_pretrained(tmp_path)
    size = 64 if name == "ResNetModel" else 32
    assert_same_features(tmp_path / "model.safetensors", model, pooled, size)


def test_a_model_in_several_files(tmp_path):
    model = randomised("ViTModel", SMALL | PERCEPTRON)
    model.save_pretrained(tmp_path, max_shard_size="100KB")
    parts = sorted(tmp_path.glob("*.safetensors"))
    assert len(parts) > 1
    for path in (tmp_path, tmp_path / "model.safetensors.index.json", parts[0]):
        assert_same_features(path, model, first_token, 32)
    parts[-1].unlink()
    with pytest.raises(BackboneLoadError, match=f"not beside it: {parts[-1].name}"):
        load_backbone(tmp_path)


@pytest.mark.parametrize(
    "sizes",
    [
        {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}},
        # As older versions wrote them.
        {"size": 256, "crop_size": 224},
    ],
)
def test_the_preprocessing_is_read_or_that_of_the_authors(sizes, tmp_path):
    randomised("ViTModel", SMALL | PERCEPTRON).save_pretrained(tmp_path)
    backbone = load_backbone(tmp_path)
    assert (backbone.mean, backbone.crop_fraction) == ((0.5,) * 3, 1.0)
    processor = {
        "image_mean": [0.1, 0.2, 0.3],
        "image_std": [0.4, 0.5, 0.6],
        "resample": 3,
        "do_center_crop": True,
        **sizes,
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(processor))
    backbone = load_backbone(tmp_path)
    assert (backbone.mean, backbone.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert (backbone.crop_fraction, backbone.interpolation) == (0.875, "bicubic")


@pytest.mark.parametrize("name", ["CLIPModel", "SiglipModel"])
def test_defaults_may_be_missing_in_the_part_for_images(name, tmp_path):
    """As in the files of SigLIP on the hub."""
    vision = {"num_hidden_layers": 1, "image_size": 32, "intermediate_size": 64}
    model = randomised(name, {"vision_config": vision, "text_config": TEXTS})
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["vision_config"] = {"model_type": config["vision_config"]["model_type"]}
    (tmp_path / "config.json").write_text(json.dumps(config))

    def features(model, images):
        embedded = model.get_image_features(images)
        return embedded if isinstance(embedded, torch.Tensor) else embedded.pooler_output

    assert_same_features(tmp_path, model, features, 32)


@pytest.mark.parametrize("name", ["CLIPVisionModel", "ViTModel", "Dinov2Model"])
def test_what_config_tells_is_not_guessed(name, tmp_path):
    randomised(name, SMALL | PERCEPTRON).save_pretrained(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(BackboneLoadError, match=r"[kK]eep its config\.json beside it"):
        load_backbone(tmp_path)


def test_an_activation_of_another_kind_is_refused(tmp_path):
    randomised("ViTModel", SMALL | PERCEPTRON | {"hidden_act": "relu"}).save_pretrained(tmp_path)
    with pytest.raises(BackboneLoadError, match="activation 'relu'"):
        load_backbone(tmp_path)


@pytest.mark.parametrize("with_settings", [True, False])
@pytest.mark.parametrize("name", ["BeitModel", "DeiTModel", "SwinModel"])
def test_other_classes_are_wrapped_by_the_user(name, with_settings, tmp_path):
    options = {} if name == "SwinModel" else SMALL | PERCEPTRON
    randomised(name, options).save_pretrained(tmp_path)
    if not with_settings:
        (tmp_path / "config.json").unlink()
    with pytest.raises(BackboneLoadError, match=r"written by transformers.* pass a module"):
        load_backbone(tmp_path)
