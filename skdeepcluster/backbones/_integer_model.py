"""An EfficientNet-Lite in 8-bit integers, as an ONNX model.

Weights have a step for each output of a convolution, activations one for each tensor. Of clipped
activations it is 6 / 255, whatever the images. Those of the others, the narrow ones between the
blocks, differ in range many times over: each channel is shifted and scaled to the range of the
widest beforehand, which the convolutions before and after it take into their weights and biases.
So the ranges of these must be known, and how far the rounding of weights shifts them on average.

The first block is computed in floating point. That costs a twentieth of the time, and is half of
what is lost otherwise.
"""

from typing import NamedTuple

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from ._constant_padding import same_padding
from ._lite_layers import Convolution

# An operator set that ONNX Runtime has had for long, and its own.
OPSETS = (("", 18), ("com.microsoft", 1))
IR_VERSION = 9
# Raised when the same ranges make another model: its features must not be mistaken for others.
FORM = 1
# Convolutions of the first block.
_N_EXACT = 3
# Ranges of other images are wider than those that were measured.
_MARGIN = 1.25
# Channels that hardly vary are scaled to at most this share of the widest.
_LEAST_FACTOR = 1e-3
_CLIPPED_AT = 6.0
# Sums of products have 32 bits, with one to spare.
_LARGEST_BIAS = 2**30


class Range(NamedTuple):
    """What a convolution without activation returns on images.

    ``low`` and ``high``, its extremes in each channel; ``total_low`` and ``total_high``, those
    after the addition of what skips the block, the same if nothing does; ``correction``, what is
    added to its bias so that rounded weights leave the mean as it is. All float64 of shape
    (n_outputs,).
    """

    low: np.ndarray
    high: np.ndarray
    total_low: np.ndarray
    total_high: np.ndarray
    correction: np.ndarray


class IntegerTensor(NamedTuple):
    """A tensor of the model: value = offset + factor * step * (integer - zero).

    ``factor`` and ``offset`` are of shape (n_channels,).
    """

    name: str
    step: float
    zero: int
    factor: np.ndarray
    offset: np.ndarray


class IntegerModel:
    """The model, and what its integers mean.

    Parameters
    ----------
    convolutions : list of Convolution
    ranges : dict of int to Range
        Of the convolutions that are not clipped, by position.
    image_size : int
    mean, std : tuple of 3 floats
        For the normalisation of channels in [0, 1].

    Attributes
    ----------
    outputs : dict of int to IntegerTensor
        Of the first block and of each convolution after it, by position, before what skips is
        added.
    """

    def __init__(
        self,
        convolutions: list[Convolution],
        ranges: dict[int, Range],
        image_size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
    ):
        self._nodes: list = []
        self._constants: list = []
        self._side = self._image_size = image_size
        self._ranges = ranges
        self._factors = _shared_factors(convolutions, ranges)
        current = self._first_block(convolutions[:_N_EXACT], mean, std)
        self.outputs = {_N_EXACT - 1: current}
        totals = dict(self.outputs)
        for position, convolution in enumerate(convolutions[_N_EXACT:], _N_EXACT):
            current = self._convolve(current, position, convolution)
            self.outputs[position] = current
            if convolution.skips_from is not None:
                current = self._add(current, totals[convolution.skips_from], position)
            totals[position] = current
        self._pool(current)
        self._n_features = len(convolutions[-1].bias)

    def to_bytes(self, *, with_outputs=False) -> bytes:
        """Serialise; on request with the outputs of all convolutions as outputs, as integers."""
        pixels = helper.make_tensor_value_info(
            "pixels", TensorProto.UINT8, ["n", self._image_size, self._image_size, 3]
        )
        features = helper.make_tensor_value_info(
            "features", TensorProto.FLOAT, ["n", self._n_features]
        )
        others = [
            helper.make_tensor_value_info(tensor.name, TensorProto.UINT8, [None] * 4)
            for tensor in (self.outputs.values() if with_outputs else ())
        ]
        graph = helper.make_graph(
            self._nodes, "integers", [pixels], [features, *others], self._constants
        )
        opsets = [helper.make_opsetid(*opset) for opset in OPSETS]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return model.SerializeToString()

    def _first_block(self, convolutions, mean, std):
        """Compute the first convolutions in floating point, with channels first, and round."""
        self._node("Transpose", ["pixels"], "channels", perm=[0, 3, 1, 2])
        self._node("Cast", ["channels"], "values", to=TensorProto.FLOAT)
        mean, std = (255 * np.reshape(values, (3, 1, 1)) for values in (mean, std))
        self._node("Sub", ["values", self._real("mean", mean)], "centred")
        self._node("Div", ["centred", self._real("std", std)], "normalised")
        limits = [self._real("zero", 0.0), self._real("six", _CLIPPED_AT)]
        current, (*_, last) = "normalised", convolutions
        written = self._output(len(convolutions) - 1, last)
        for position, convolution in enumerate(convolutions):
            weight, bias, name = convolution.weight, convolution.bias, f"exact_{position}"
            if convolution is last:
                weight = weight / written.factor[:, None, None, None]
                bias = (bias - written.offset) / written.factor
            constants = self._real(f"{name}_weights", weight), self._real(f"{name}_biases", bias)
            self._node("Conv", [current, *constants], name, **self._window(convolution))
            current = name
            if convolution.is_clipped:
                current = f"{name}_clipped"
                self._node("Clip", [name, *limits], current)
        self._node("QuantizeLinear", [current, *_quantised(written)[1:]], "channels_quantised")
        self._node("Transpose", ["channels_quantised"], written.name, perm=[0, 2, 3, 1])
        return written

    def _output(self, position, convolution):
        """Tensor that a convolution writes."""
        name, n_outputs = f"convolution_{position}", len(convolution.bias)
        if convolution.is_clipped:
            return self._tensor(name, _CLIPPED_AT / 255, 0, np.ones(n_outputs), np.zeros(n_outputs))
        found, factor = self._ranges[position], self._factors[position]
        widest = (_MARGIN * (found.high - found.low) / 2 / factor).max()
        return self._tensor(name, 2 * widest / 255, 128, factor, (found.low + found.high) / 2)

    def _convolve(self, read, position, convolution):
        """Add a convolution; weights and bias take in factors and offsets of both tensors."""
        written = self._output(position, convolution)
        name, factor = written.name, written.factor
        bias = convolution.bias
        if not convolution.is_clipped:
            bias = bias + self._ranges[position].correction
        if convolution.is_depthwise:
            scaled = convolution.weight * (read.factor / factor)[:, None, None, None]
        else:
            scaled = convolution.weight * (read.factor / factor[:, None])[:, :, None, None]
            bias = bias + convolution.weight.sum((2, 3)) @ read.offset
        constant = (bias - written.offset) / factor / read.step
        # Of channels that are constant, the weights are next to nothing, but the bias must fit.
        steps = np.maximum(np.abs(scaled).max((1, 2, 3)) / 127, np.abs(constant) / _LARGEST_BIAS)
        steps[steps == 0] = 1.0
        weights = np.rint(scaled / steps[:, None, None, None]).astype(np.int8)
        biases = np.rint(constant / steps)
        self._node(
            "QLinearConv",
            [
                *_quantised(read),
                self._constant(f"{name}_weights", weights),
                self._constant(f"{name}_steps", steps.astype(np.float32)),
                self._constant(f"{name}_zeros", np.zeros(len(bias), np.int8)),
                *_quantised(written)[1:],
                self._constant(f"{name}_biases", biases.astype(np.int32)),
            ],
            name,
            domain="com.microsoft",
            **self._window(convolution),
            # As the processor's instructions want them.
            channels_last=1,
        )
        return written

    def _window(self, convolution):
        """Attributes of a convolution of the current side, which is that of its outputs then."""
        kernel = convolution.weight.shape[2]
        before, after = same_padding(self._side, kernel, convolution.stride)
        self._side = -(-self._side // convolution.stride)
        return {
            "kernel_shape": [kernel, kernel],
            "strides": [convolution.stride] * 2,
            "pads": [before, before, after, after],
            "group": len(convolution.bias) if convolution.is_depthwise else 1,
        }

    def _add(self, tensor, skipping, position):
        """Add what skips a block, which has the same factors."""
        name, found = f"total_{position}", self._ranges[position]
        offset = tensor.offset + skipping.offset
        middle = (found.total_low + found.total_high) / 2
        reach = _MARGIN * (found.total_high - found.total_low) / 2
        low = min(((middle - reach - offset) / tensor.factor).min(), 0.0)
        high = max(((middle + reach - offset) / tensor.factor).max(), 0.0)
        step = (high - low) / 255
        total = self._tensor(name, step, round(-low / step), tensor.factor, offset)
        inputs = [*_quantised(skipping), *_quantised(tensor), *_quantised(total)[1:]]
        self._node("QLinearAdd", inputs, name, domain="com.microsoft")
        return total

    def _pool(self, tensor):
        """Average over the pixels: whole numbers, so that their order makes no difference."""
        axes = self._constant("axes", np.array([1, 2]))
        share = self._real("share", tensor.step / self._side**2)
        self._node("Cast", [tensor.name], "activations", to=TensorProto.INT32)
        self._node("ReduceSum", ["activations", axes], "sums", keepdims=0)
        self._node("Cast", ["sums"], "sums_as_real", to=TensorProto.FLOAT)
        self._node("Mul", ["sums_as_real", share], "features")

    def _tensor(self, name, step, zero, factor, offset):
        self._constant(f"{name}_step", np.float32(step))
        self._constant(f"{name}_zero", np.uint8(zero))
        return IntegerTensor(name, step, zero, factor, offset)

    def _real(self, name, values):
        return self._constant(name, np.asarray(values, np.float32))

    def _constant(self, name, values):
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def _node(self, operator, inputs, output, **attributes):
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))


def _quantised(tensor):
    """Names as operators want them: integers, step, zero."""
    return [tensor.name, f"{tensor.name}_step", f"{tensor.name}_zero"]


def _shared_factors(convolutions, ranges):
    """Factors of the outputs that are not clipped; those that are added up have the same.

    Returns
    -------
    factors : dict of int to ndarray of shape (n_outputs,)
    """
    first_of: dict[int, int] = {}
    reaches: dict[int, np.ndarray] = {}
    for position, found in sorted(ranges.items()):
        skips_from = convolutions[position].skips_from
        first = first_of[position] = position if skips_from is None else first_of[skips_from]
        reach = (found.total_high - found.total_low) / 2
        reaches[first] = np.maximum(reaches.get(first, 0.0), reach)
    factors = {first: reach / reach.max() for first, reach in reaches.items()}
    return {
        position: np.maximum(factors[first], _LEAST_FACTOR) for position, first in first_of.items()
    }
