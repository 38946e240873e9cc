"""The integer model beside the same convolutions in double precision."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster.backbones._int8 import multiplies_exactly
from skdeepcluster.backbones._integer_model import IntegerModel, Range
from skdeepcluster.backbones._lite_layers import Convolution
from skdeepcluster.backbones._onnx import open_session

pytestmark = pytest.mark.skipif(not multiplies_exactly(), reason="the processor has no VNNI")
SIDE, MEAN, STD = 10, (0.5, 0.4, 0.45), (0.5, 0.3, 0.4)


def convolution(shape, stride=1, *, gain=1.0, seed=0, **kind):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=shape) * gain / np.sqrt(np.prod(shape[1:]))
    bias = rng.normal(size=shape[0])
    return Convolution(weight, bias, stride, **{"is_depthwise": False, "is_clipped": True, **kind})


# Channels between the blocks whose ranges differ a thousand times.
UNEQUAL = np.array([1.0, 1e-3, 0.1, 1e-2])[:, None, None, None]


def blocks():
    narrow = convolution((4, 8, 1, 1), seed=2, is_clipped=False)
    narrow = narrow._replace(
        weight=narrow.weight * UNEQUAL, bias=narrow.bias * UNEQUAL[:, 0, 0, 0] + 3
    )
    second = convolution((4, 6, 1, 1), seed=5, is_clipped=False, skips_from=2)
    second = second._replace(weight=second.weight * UNEQUAL, bias=second.bias * UNEQUAL[:, 0, 0, 0])
    wide = convolution((6, 4, 1, 1), seed=3)
    # What is small there counts as much here.
    wide = wide._replace(weight=wide.weight / UNEQUAL[:, 0, 0, 0][None, :, None, None])
    wide = wide._replace(bias=wide.bias - wide.weight.sum((1, 2, 3)) * 3)
    head = convolution((5, 4, 1, 1), seed=6)
    head = head._replace(weight=head.weight / UNEQUAL[:, 0, 0, 0][None, :, None, None])
    head = head._replace(bias=2 - head.weight.sum((1, 2, 3)) * 3)
    return [
        convolution((8, 3, 3, 3), 2, gain=4),
        convolution((8, 1, 3, 3), seed=1, gain=2, is_depthwise=True),
        narrow,
        wide,
        convolution((6, 1, 5, 5), seed=4, gain=2, is_depthwise=True),
        second,
        head,
    ]


def exact(convolutions, pixels):
    """Features, and (output, total) of the convolutions that are not clipped, by position."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    values = (torch.from_numpy(pixels).permute(0, 3, 1, 2).double() / 255 - mean) / std
    found, totals = {}, []
    for place, layer in enumerate(convolutions):
        side = values.shape[-1]
        kernel = layer.weight.shape[-1]
        total = max((-(-side // layer.stride) - 1) * layer.stride + kernel - side, 0)
        padding = (total // 2, total - total // 2) * 2
        values = functional.conv2d(
            functional.pad(values, padding),
            torch.from_numpy(layer.weight),
            torch.from_numpy(layer.bias),
            stride=layer.stride,
            groups=len(layer.bias) if layer.is_depthwise else 1,
        )
        if layer.is_clipped:
            values = values.clamp(0, 6)
        else:
            output = values
            if layer.skips_from is not None:
                values = values + totals[layer.skips_from]
            found[place] = output.numpy(), values.numpy()
        totals.append(values)
    return values.mean((2, 3)).numpy(), found


def ranges_of(found):
    def extremes(values):
        return values.min((0, 2, 3)), values.max((0, 2, 3))

    return {
        place: Range(*extremes(output), *extremes(total), np.zeros(output.shape[1]))
        for place, (output, total) in found.items()
    }


@pytest.fixture(scope="module")
def pixels():
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (40, 1, 1, 3))
    noise = rng.integers(-60, 61, (40, SIDE, SIDE, 3))
    return np.clip(colours + noise, 0, 255).astype(np.uint8)


def run(model, pixels):
    return open_session(model.to_bytes()).run(None, {"pixels": pixels})[0]


def test_features_are_those_of_the_convolutions(pixels):
    convolutions = blocks()
    expected, found = exact(convolutions, pixels)
    model = IntegerModel(convolutions, ranges_of(found), SIDE, MEAN, STD)
    features = run(model, pixels)
    assert features.shape == (40, 5) and features.dtype == np.float32
    spread = np.std(expected, axis=0)
    assert (spread > 0.05).all()
    # Of each feature, a small part of what it varies by.
    assert (np.abs(features - expected).mean(0) < 0.1 * spread).all()


def test_integers_mean_what_the_model_says(pixels):
    convolutions = blocks()
    _, found = exact(convolutions, pixels)
    model = IntegerModel(convolutions, ranges_of(found), SIDE, MEAN, STD)
    session = open_session(model.to_bytes(with_outputs=True))
    for place, (output, _) in found.items():
        tensor = model.outputs[place]
        integers = session.run([tensor.name], {"pixels": pixels})[0].astype(float)
        values = tensor.offset + tensor.factor * tensor.step * (integers - tensor.zero)
        errors = np.abs(values - output.transpose(0, 2, 3, 1)).mean((0, 1, 2))
        # In each channel, however narrow.
        assert (errors < 0.03 * np.ptp(output, axis=(0, 2, 3))).all()


def test_a_correction_is_added_to_the_bias(pixels):
    convolutions = blocks()
    _, found = exact(convolutions, pixels)
    ranges = ranges_of(found)
    low, high, *_ = ranges[5]
    shifted = {**ranges, 5: ranges[5]._replace(correction=(high - low) / 10)}
    means = []
    for of_these in (ranges, shifted):
        model = IntegerModel(convolutions, of_these, SIDE, MEAN, STD)
        tensor = model.outputs[5]
        session = open_session(model.to_bytes(with_outputs=True))
        integers = session.run([tensor.name], {"pixels": pixels})[0].astype(float)
        means.append((tensor.factor * tensor.step * integers).mean((0, 1, 2)))
    np.testing.assert_allclose((means[1] - means[0]) / (high - low), 0.1, atol=0.01)


def test_a_constant_channel_keeps_its_bias(pixels):
    convolutions = blocks()
    _, found = exact(convolutions, pixels)
    head = convolutions[-1]
    head.weight[3] = 0
    head.bias[3] = 2.5
    head.weight[4] = 1e-30
    head.bias[4] = 4.0
    features = run(IntegerModel(convolutions, ranges_of(found), SIDE, MEAN, STD), pixels)
    np.testing.assert_allclose(features[:, 3:], [[2.5, 4.0]] * 40, atol=6 / 255)


def test_a_range_of_one_value_is_no_division_by_zero(pixels):
    convolutions = blocks()
    convolutions[2].weight[1] = 0
    _, found = exact(convolutions, pixels)
    model = IntegerModel(convolutions, ranges_of(found), SIDE, MEAN, STD)
    assert np.isfinite(run(model, pixels)).all()
