import pytest
import timm
import torch
from torch import nn

from skdeepcluster.backbones import load_backbone, split_network
from skdeepcluster.backbones._stages import natural_stages


def networks():
    torch.manual_seed(0)
    return {
        "efficientnet_lite0": load_backbone("efficientnet_lite0", image_size=32).network,
        "resnet": timm.create_model("resnet10t", num_classes=0).eval(),
        "vit": timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=32).eval(),
    }


@pytest.mark.parametrize("name", networks())
def test_the_parts_compute_what_the_whole_does_for_any_number_of_images(name):
    network = networks()[name]
    trained = set(natural_stages(network)[-1])
    trunk, rest = split_network(network, trained, 32)
    assert not isinstance(trunk, nn.Identity)
    images = torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        activation = trunk(images)
        torch.testing.assert_close(rest(activation), network(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", networks())
def test_the_trunk_has_nothing_that_is_trained_and_the_rest_shares_it(name):
    network = networks()[name]
    trained = set(natural_stages(network)[-1])
    trunk, rest = split_network(network, trained, 32)
    parameters = dict(network.named_parameters())
    wanted = {id(parameters[name]) for name in trained}
    assert not wanted & {id(parameter) for parameter in trunk.parameters()}
    assert wanted <= {id(parameter) for parameter in rest.parameters()}


def test_a_network_that_cannot_be_cut_is_trained_as_a_whole():
    class Capricious(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 4)
            self.last = nn.Linear(4, 2)

        def forward(self, images):
            features = self.first(images.mean(dim=(2, 3)))
            # Depends on values: no graph can be drawn of it.
            return self.last(features if float(features.detach().sum()) > 0 else -features)

    network = Capricious()
    trunk, rest = split_network(network, {"last.weight"}, 8)
    assert isinstance(trunk, nn.Identity)
    assert rest is network
