"""Engines that run a backbone: torch or ONNX Runtime, exactly or in 8-bit integers."""

import copy
import logging
import warnings

import numpy as np
import torch

from ._backbone import PixelNetwork
from ._int8 import Int8Engine, check_quantisable, multiplies_exactly
from ._onnx import OnnxEngine

ENGINES = ("auto", "torch", "onnxruntime", "int8")
PRECISIONS = ("auto", "float32", "float16", "bfloat16")


def resolve_device(device):
    """Replace "auto" by the best available device.

    A device that is not available is replaced as well, with a warning, so that an estimator that
    was fitted on one can be used without.

    Parameters
    ----------
    device : str or torch.device

    Returns
    -------
    device : torch.device
    """
    if device != "auto":
        device = torch.device(device)
        if _is_available(device):
            return device
        warnings.warn(
            f'There is no device "{device}"; device="auto" is used instead.', stacklevel=2
        )
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _is_available(device):
    """Whether a tensor can be on a device: a GPU of any make, and of that number."""
    try:
        torch.empty(1, device=device)
    except (AssertionError, ImportError, NotImplementedError, RuntimeError) as error:
        # A GPU that is there and full is no reason to compute elsewhere.
        return isinstance(error, torch.OutOfMemoryError)
    return True


def make_engine(backbone, *, engine="auto", device="auto", dtype="auto"):
    """Make a callable that maps pixels to features.

    Parameters
    ----------
    backbone : Backbone
    engine : {"auto", "torch", "onnxruntime", "int8"}, default="auto"
        "auto" is ONNX Runtime for float32 on a CPU if the network can be exported, otherwise
        torch. "int8" is ONNX Runtime in 8-bit integers, where the processor has instructions for
        them; elsewhere there is a warning, and it is "onnxruntime".
    device : str or torch.device, default="auto"
        ONNX Runtime runs on the CPU only.
    dtype : {"auto", "float32", "float16", "bfloat16"}, default="auto"
        Precision of the computation; "auto" is float32 on a CPU and float16 elsewhere.

    Returns
    -------
    engine : TorchEngine or OnnxEngine
        Maps uint8 pixels (n, side, side, 3) to float32 features (n, n_features). Its attributes
        are ``kind`` ("torch", "onnxruntime" or "int8") and ``precision``: a dtype, or "int8-" and
        what identifies the quantisation.

    Raises
    ------
    ValueError
        If engine, device and dtype do not go together, or "int8" cannot run the backbone.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}.")
    if dtype not in PRECISIONS:
        raise ValueError(f"dtype must be one of {', '.join(PRECISIONS)}, got {dtype!r}.")
    if engine == "onnxruntime":
        device = torch.device("cpu" if device == "auto" else device)
        if device.type != "cpu" or dtype not in ("auto", "float32"):
            raise ValueError(
                'engine="onnxruntime" runs in float32 on the CPU, not with '
                f'dtype={dtype!r} on device="{device}". Use engine="torch".'
            )
        return OnnxEngine(backbone)
    if engine == "int8":
        return _make_int8_engine(backbone, device, dtype)
    device = resolve_device(device)
    if dtype == "auto":
        dtype = "float32" if device.type == "cpu" else "float16"
    if engine == "auto" and device.type == "cpu" and dtype == "float32":
        try:
            return OnnxEngine(backbone)
        except Exception as error:
            # Networks with operations that ONNX lacks run as well, but more slowly.
            logging.getLogger(__name__).info(
                "%s is run by torch; it cannot be exported to ONNX: %s", backbone.name, error
            )
    return TorchEngine(backbone, device, dtype)


def _make_int8_engine(backbone, device, dtype):
    if (device != "auto" and torch.device(device).type != "cpu") or dtype != "auto":
        raise ValueError(
            'engine="int8" computes in 8-bit integers on the CPU, not with '
            f'dtype={dtype!r} on device="{device}". Set engine="auto".'
        )
    check_quantisable(backbone)
    if multiplies_exactly():
        return Int8Engine(backbone)
    warnings.warn(
        "This processor has no instructions for sums of 8-bit products (VNNI), without which "
        'engine="int8" is neither exact nor fast: the features are computed in float32.',
        stacklevel=3,
    )
    return OnnxEngine(backbone)


class TorchEngine:
    """Runs a backbone with torch."""

    kind = "torch"

    def __init__(self, backbone, device, dtype):
        self.precision = dtype
        self._device = device
        self._network = PixelNetwork(backbone).eval()
        if device.type != "cpu" or dtype != "float32":
            # A copy: the backbone itself keeps its device and precision.
            self._network = copy.deepcopy(self._network).to(device)
            self._network.dtype = getattr(torch, dtype)
            self._network.network.to(self._network.dtype, memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, pixels):
        """Embed a batch."""
        # Torch shares the memory, which must be writable.
        batch = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))
        return self._network(batch.to(self._device)).float().cpu().numpy()
