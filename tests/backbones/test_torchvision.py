import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from skdeepcluster.backbones import BackboneLoadError, load_backbone
from skdeepcluster.backbones._torchvision import remove_classifier
from skdeepcluster.images import Resizing

# name, features, what torchvision computes before its last layer
NETWORKS = {
    "resnet18": 512,
    "mobilenet_v3_small": 1024,
    "efficientnet_b0": 1280,
    "convnext_tiny": 768,
    "squeezenet1_1": 512,
    "densenet121": 1024,
    "shufflenet_v2_x0_5": 1024,
    "alexnet": 4096,
    "swin_t": 768,
    "vit_b_32": 768,
    "mnasnet0_5": 1280,
    "inception_v3": 2048,
    "googlenet": 1024,
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of torch.hub; returns a function that puts weights into it."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    # Files of random weights have other hashes than the names of the published ones.
    load = torch.hub.load_state_dict_from_url
    monkeypatch.setattr(
        "torchvision.models._api.load_state_dict_from_url",
        lambda url, check_hash, **options: load(url, **options),
    )

    def put(network, weights):
        folder = tmp_path / "checkpoints"
        folder.mkdir(exist_ok=True)
        torch.save(network.state_dict(), folder / weights.url.rsplit("/")[-1])

    return put


def test_weights_from_the_cache(cache):
    network = models.resnet18().eval()
    cache(network, models.ResNet18_Weights.IMAGENET1K_V1)
    backbone = load_backbone("torchvision:resnet18/IMAGENET1K_V1")
    network.fc = nn.Identity()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        np.testing.assert_allclose(
            backbone.network(images).numpy(), network(images).numpy(), atol=1e-5
        )
    assert backbone.name == "torchvision:resnet18/IMAGENET1K_V1"
    assert (backbone.n_features, backbone.image_size) == (512, 224)
    assert backbone.resizing == Resizing(224, 224 / 256, "bilinear")
    assert backbone.license == "bsd-3-clause"
    assert len(backbone.stages) == 5
    assert load_backbone("torchvision:resnet18", image_size=64).image_size == 64


def test_weights_with_terms_of_their_own(cache):
    weights = models.ViT_B_16_Weights.IMAGENET1K_SWAG_LINEAR_V1
    cache(models.vit_b_16(), weights)
    backbone = load_backbone("torchvision:vit_b_16/IMAGENET1K_SWAG_LINEAR_V1")
    assert backbone.license == "cc-by-nc-4.0"
    assert len(backbone.stages) > 12
    with pytest.raises(BackboneLoadError, match=r"vit_b_16 only accepts images of 224 .*'timm:"):
        load_backbone("torchvision:vit_b_16/IMAGENET1K_SWAG_LINEAR_V1", image_size=96)


@pytest.mark.filterwarnings("ignore:The default weight initialization")
@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_last_layer_is_taken_off(name):
    with torch.device("meta"):
        network = models.get_model(name).eval()
        before = sum(1 for _ in network.parameters())
        remove_classifier(network)
        size = 299 if name == "inception_v3" else 224
        features = network(torch.zeros(2, 3, size, size))
    assert features.shape == (2, NETWORKS[name])
    assert before - sum(1 for _ in network.parameters()) == 2


def test_every_preset_is_resized_as_by_torchvision():
    for name in models.list_models(module=models):
        for weights in models.get_model_weights(name):
            preset = weights.transforms()
            (crop,), (resize,) = preset.crop_size, preset.resize_size
            assert Resizing(crop, crop / resize).shortest_side == resize, weights
