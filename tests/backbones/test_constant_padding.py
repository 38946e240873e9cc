import onnx
import pytest
import torch
from torch import nn

from skdeepcluster.backbones import _onnx as onnx_module
from skdeepcluster.backbones import load_backbone
from skdeepcluster.backbones._constant_padding import same_padding, with_constant_padding


@pytest.mark.parametrize(
    ("sizes", "padding"),
    [
        ((8, 3, 1), (1, 1)),
        ((8, 3, 2), (0, 1)),
        ((9, 3, 2), (1, 1)),
        ((7, 5, 2), (2, 2)),
        ((8, 1, 2), (0, 0)),
        ((9, 3, 1, 2), (2, 2)),
    ],
)
def test_as_many_pixels_come_out_as_tensorflow_says(sizes, padding):
    assert same_padding(*sizes) == padding


@pytest.mark.parametrize("size", [32, 47, 128])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("efficientnet_lite0", "SameConv2d"), ("untrained:tf_efficientnet_lite0", "Conv2dSame")],
)
def test_the_features_are_the_same_to_the_last_bit(name, kind, size):
    network = load_backbone(name, image_size=size).network
    constant = with_constant_padding(network, size)
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(constant(images), network(images))
    assert kind in str(network) and kind not in str(constant)


def test_the_export_computes_no_padding():
    model = onnx.load_from_string(onnx_module._export(load_backbone("efficientnet_lite0")))
    assert not {"Shape", "Ceil"} & {node.op_type for node in model.graph.node}


def test_a_convolution_that_sees_two_sizes_keeps_computing():
    from timm.layers import Conv2dSame

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = Conv2dSame(3, 3, 3, stride=2)

        def forward(self, images):
            return self.convolution(self.convolution(images)).mean((2, 3))

    network = Twice().eval()
    images = torch.randn(1, 3, 15, 15, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(with_constant_padding(network, 15)(images), network(images))


def test_other_networks_are_not_copied():
    network = nn.Conv2d(3, 3, 3)
    assert with_constant_padding(network, 32) is network
