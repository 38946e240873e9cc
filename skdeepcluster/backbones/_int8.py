"""The engine that computes in 8-bit integers."""

import functools
import hashlib
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from ._efficientnet_lite import EfficientNetLite
from ._fingerprint import weights_digest
from ._integer_model import FORM, IR_VERSION, OPSETS, IntegerModel, Range
from ._lite_layers import convolutions_of
from ._onnx import OnnxEngine, features_of_noise, open_session

# What benchmarks/quantise.py has measured of networks, a file for each.
_RANGES = Path(__file__).parent / "ranges"
# Of the features of noise, which photographs are far from, to the exact ones.
_LEAST_COSINE = 0.9
# Numbers in a sum: more than any instruction adds at once.
_N_TRIED = 64


class Int8Engine(OnnxEngine):
    """Runs a quantised network with ONNX Runtime on the CPU.

    On all processors that :func:`multiplies_exactly` is true of, the same pixels have the same
    integers, unless one lies at the boundary of two after the first block.

    Raises
    ------
    ValueError
        If the network is none that can be quantised.
    """

    kind = "int8"

    def __init__(self, backbone):
        self._ranges = _ranges_of(backbone)
        # Features of other ranges, as of another version, are others.
        self.precision = f"int8-{FORM}-{_digest_of(self._ranges)}"
        super().__init__(backbone)

    def _make_session(self):
        backbone = self._backbone
        session = open_session(
            IntegerModel(
                convolutions_of(backbone.network),
                self._ranges,
                backbone.image_size,
                backbone.mean,
                backbone.std,
            ).to_bytes()
        )
        expected, found = features_of_noise(session, backbone)
        lengths = np.linalg.norm(expected) * np.linalg.norm(found)
        if not (expected * found).sum() >= _LEAST_COSINE * lengths:
            raise _cannot_be_quantised(backbone)
        return session


def check_quantisable(backbone):
    """Raise a ValueError if a network cannot be quantised."""
    _ranges_of(backbone)


def ranges_digest(backbone):
    """Digest of what the ranges of activations depend on: weights and normalisation."""
    return weights_digest(backbone.network, *map(float, (*backbone.mean, *backbone.std)))


@functools.cache
def multiplies_exactly():
    """Whether the processor adds products of bytes without saturation, by trying it.

    Those with VNNI do, or with ARM's instructions for it. Others of Intel and AMD add pairs of
    products in 16 bits, which are too few, and gain little.
    """
    largest = np.full((_N_TRIED, _N_TRIED), 127, np.int8)
    nodes = [helper.make_node("MatMulInteger", ["bytes", "largest"], ["sums"])]
    shape = [1, _N_TRIED]
    graph = helper.make_graph(
        nodes,
        "sums",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, shape)],
        [numpy_helper.from_array(largest, "largest")],
    )
    opsets = [helper.make_opsetid(*opset) for opset in OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    session = open_session(model.SerializeToString())
    (sums,) = session.run(None, {"bytes": np.full(shape, 255, np.uint8)})
    return bool((sums == 255 * 127 * _N_TRIED).all())


def _ranges_of(backbone):
    """Read what was measured of a network: a dict of Range by position of its convolution."""
    from safetensors import safe_open

    if isinstance(backbone.network, EfficientNetLite):
        digest = ranges_digest(backbone)
        for path in sorted(_RANGES.glob("*.safetensors")):
            with safe_open(path, framework="numpy") as file:
                if file.metadata()["digest"] == digest:
                    return _read(file)
    raise _cannot_be_quantised(backbone)


def _read(file):
    positions = {int(name.partition(".")[0]) for name in file.keys()}  # noqa: SIM118
    return {
        position: Range(
            *(file.get_tensor(f"{position}.{field}").astype(np.float64) for field in Range._fields)
        )
        for position in positions
    }


def _digest_of(ranges):
    content = b"".join(np.stack(ranges[position]).tobytes() for position in sorted(ranges))
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _cannot_be_quantised(backbone):
    return ValueError(
        f'engine="int8" runs efficientnet_lite0 and efficientnet_lite2 as they come, in one image '
        f'size, and {backbone.name} is another network or has other weights. Set engine="auto".'
    )
