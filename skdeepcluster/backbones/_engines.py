"""What runs a backbone: torch, or ONNX Runtime."""

import contextlib
import copy
import io
import logging
import os
import tempfile
import uuid
import warnings
from pathlib import Path

import numpy as np
import torch

from ._backbone import PixelNetwork


def resolve_device(device):
    """Turn "auto" into the best device there is."""
    if device != "auto":
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def make_engine(backbone, *, engine="auto", device="auto", dtype="auto"):
    """Make a function from pixels to features.

    Parameters
    ----------
    backbone : Backbone
    engine : {"auto", "torch", "onnxruntime"}, default="auto"
        "auto" is ONNX Runtime on a CPU, unless the network cannot be exported, else torch.
    device : str or torch.device, default="auto"
    dtype : {"auto", "float32", "float16", "bfloat16"}, default="auto"
        Precision of the computation; "auto" is float32 on a CPU and float16 elsewhere.

    Returns
    -------
    engine : TorchEngine or OnnxEngine
        Called with uint8 pixels (n, side, side, 3), returns float32 features (n, n_features).
        Has ``kind`` and ``precision``.
    """
    device = resolve_device(device)
    if dtype == "auto":
        dtype = "float32" if device.type == "cpu" else "float16"
    if engine == "torch" or device.type != "cpu" or (engine == "auto" and dtype != "float32"):
        return TorchEngine(backbone, device, dtype)
    if dtype != "float32":
        raise ValueError(f'engine="onnxruntime" computes in float32, not {dtype}.')
    if engine == "onnxruntime":
        return OnnxEngine(backbone)
    try:
        return OnnxEngine(backbone)
    except Exception:
        # Networks with operations that ONNX lacks still run, only slower.
        return TorchEngine(backbone, device, dtype)


class TorchEngine:
    """Runs a backbone by torch."""

    kind = "torch"

    def __init__(self, backbone, device, dtype):
        self.precision = dtype
        self._device = device
        network = PixelNetwork(backbone).eval()
        if device.type != "cpu" or dtype != "float32":
            # A copy: the backbone itself stays where and what it is.
            network = copy.deepcopy(network).to(device, getattr(torch, dtype))
            network = network.to(memory_format=torch.channels_last)
        self._network = network

    @torch.inference_mode()
    def __call__(self, pixels):
        """Embed a batch."""
        batch = torch.tensor(pixels, device=self._device)
        return self._network(batch).float().cpu().numpy()


class OnnxEngine:
    """Runs a backbone by ONNX Runtime on the CPU.

    The network is exported once; the file is kept in the user's cache folder under the
    fingerprint of the weights.
    """

    kind = "onnxruntime"
    precision = "float32"

    def __init__(self, backbone):
        path = _cache_folder() / f"{backbone.fingerprint}.onnx"
        self._session = _open_cached(path, backbone)
        if self._session is None:
            model = _export(backbone)
            self._session = _open(model)
            # A folder that cannot be written costs time at the next start, no more.
            with contextlib.suppress(OSError):
                _write_whole(path, model)

    def __call__(self, pixels):
        """Embed a batch."""
        return self._session.run(None, {"pixels": np.ascontiguousarray(pixels)})[0]


def _cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path.home() / ".cache") / "skdeepcluster" / "onnx"


def _open_cached(path, backbone):
    """Open an exported file, or return None if there is none or it does not work."""
    try:
        session = _open(path.read_bytes())
        side = backbone.image_size
        found = session.run(None, {"pixels": np.zeros((1, side, side, 3), dtype=np.uint8)})[0]
    except Exception:
        # Missing, cut in half, written by another version: it is exported again.
        return None
    return session if found.shape == (1, backbone.n_features) else None


def _open(model):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # torch's number respects OMP_NUM_THREADS and the limits of joblib's workers.
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _export(backbone):
    """Export to ONNX, without a word on the screen; return the bytes."""
    side = backbone.image_size
    # Two pictures: with one, the exporter takes the batch for a constant.
    example = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    logging_before = logging.root.manager.disable
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        path = Path(folder, "model.onnx")
        try:
            torch.onnx.export(
                PixelNetwork(backbone).eval(),
                (example,),
                path,
                input_names=["pixels"],
                output_names=["features"],
                dynamic_axes={"pixels": {0: "n"}, "features": {0: "n"}},
                opset_version=17,
                dynamo=False,
            )
        finally:
            logging.disable(logging_before)
        return path.read_bytes()


def _write_whole(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
