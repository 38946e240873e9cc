import open_clip
import pytest
import torch
from torch import nn
from torchvision import models

from skdeepcluster.backbones import load_backbone
from skdeepcluster.backbones._stages import natural_stages, timm_stages
from skdeepcluster.backbones._torchvision import remove_classifier


def share(network, names):
    """Share of the network's parameters that have these names."""
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    return sum(sizes[name] for name in names) / sum(sizes.values())


def assert_each_parameter_once(network, stages):
    staged = [name for stage in stages for name in stage]
    assert sorted(staged) == sorted(name for name, _ in network.named_parameters())
    assert all(stages)


@pytest.mark.parametrize(
    "name",
    [
        "efficientnet_lite0",
        "untrained:resnet18",
        "untrained:test_vit3",
        "untrained:swin_tiny_patch4_window7_224",
        "untrained:convnext_atto",
        "untrained:test_mambaout",
        # These two have no groups of timm's.
        "untrained:poolformer_s12",
        "untrained:pit_ti_224",
    ],
)
def test_every_parameter_of_a_timm_network_is_in_one_stage(name):
    backbone = load_backbone(name)
    assert_each_parameter_once(backbone.network, backbone.stages)
    assert len(backbone.stages) > 3
    # Training the last stage is worth the while: it is more than a normalisation.
    assert share(backbone.network, backbone.stages[-1]) > 0.02


@pytest.mark.parametrize(
    "name",
    ["resnet50", "efficientnet_b0", "vit_b_32", "swin_t", "convnext_tiny", "densenet121"],
)
def test_every_parameter_of_a_torchvision_network_is_in_one_stage(name):
    with torch.device("meta"):
        network = models.get_model(name)
    remove_classifier(network)
    stages = natural_stages(network)
    assert_each_parameter_once(network, stages)
    assert 4 <= len(stages) <= 20


def test_stages_of_a_resnet_are_the_stem_and_its_layers():
    network = models.resnet18()
    network.fc = nn.Identity()
    stages = natural_stages(network)
    assert [stage[0].split(".")[0] for stage in stages] == [
        "conv1",
        "layer1",
        "layer2",
        "layer3",
        "layer4",
    ]
    assert "bn1.weight" in stages[0]
    assert natural_stages(nn.Sequential(network)) == [
        [f"0.{name}" for name in stage] for stage in stages
    ]


def test_blocks_of_a_clip_tower_are_stages():
    with torch.device("meta"):
        tower = open_clip.CLIP(**open_clip.get_model_config("ViT-B-32")).visual
    stages = natural_stages(tower)
    assert_each_parameter_once(tower, stages)
    blocks = [name for name in stages if name[0].startswith("transformer.resblocks")]
    assert len(blocks) == 12
    assert "ln_post.weight" in stages[-1]


def test_layers_of_a_plain_network_are_stages():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Linear(4, 2)
    )
    assert natural_stages(network) == [
        ["0.weight", "0.bias", "1.weight", "1.bias"],
        ["3.weight", "3.bias"],
        ["4.weight", "4.bias"],
    ]


def test_a_shared_parameter_is_in_one_stage():
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
    network[2].weight = network[0].weight
    stages = natural_stages(network)
    assert_each_parameter_once(network, stages)
    assert stages[-1] == ["1.weight", "1.bias", "2.bias"]


def test_a_network_without_parameters_has_no_stages():
    assert natural_stages(nn.Flatten()) == []


def test_the_final_norm_joins_the_last_stage():
    import timm

    with torch.device("meta"):
        network = timm.create_model("convnext_atto", num_classes=0)
    stages = timm_stages(network)
    assert "head.norm.weight" in stages[-1]
    assert "stages.3.blocks.0.conv_dw.weight" in stages[-1]
