"""ONNX Runtime as an engine, and the cache of exported networks."""

import contextlib
import logging
import os
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..storage import whole_file
from ._backbone import PixelNetwork

_OPSET = 18
# Silence is for the whole process: two threads would restore one another's.
_EXPORTING = threading.Lock()
# Fine-tuned networks are exported too, each anew: what was not used for longest makes room.
_CACHE_BYTES = 4 * 2**30
# Share of the length of a feature vector by which an export may differ from torch. The angle
# is below that: a cosine of 0.99995.
_TOLERANCE = 0.01


class OnnxEngine:
    """Runs a backbone by ONNX Runtime on the CPU.

    The network is exported once; the file is kept in the user's cache folder under the
    fingerprint of the network. Whether it comes from there or not, it is used only if it
    computes what torch does.

    Raises
    ------
    RuntimeError
        If the network cannot be exported, or computes something else then.
    """

    kind = "onnxruntime"
    precision = "float32"

    def __init__(self, backbone):
        path = _cache_folder() / f"{backbone.fingerprint}.onnx"
        session = _open_cached(path)
        if session is None or not _agrees(session, backbone):
            model = _export(backbone)
            session = _open(model)
            if not _agrees(session, backbone):
                raise RuntimeError(
                    f"Exported to ONNX, {backbone.name} computes other features than in torch. "
                    'Use engine="torch".'
                )
            # A folder that cannot be written costs time at the next start, no more.
            with contextlib.suppress(OSError):
                _keep(path, model)
        self._session = session

    def __call__(self, pixels):
        """Embed a batch."""
        return self._session.run(None, {"pixels": np.ascontiguousarray(pixels)})[0]


def _cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path.home() / ".cache") / "skdeepcluster" / "onnx"


def _open_cached(path):
    """Open an exported file, or return None if there is none or it cannot be opened."""
    try:
        session = _open(str(path))
        os.utime(path)
    except Exception:
        # Missing, cut in half, not allowed: it is exported again.
        return None
    return session


def _open(model):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # torch's number respects OMP_NUM_THREADS and the limits of joblib's workers.
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait for work in a loop take the processors from those that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Errors are raised; they need not be on the screen too.
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _agrees(session, backbone):
    """Whether a session computes what torch does, on an image of noise."""
    side = backbone.image_size
    noise = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = PixelNetwork(backbone)(torch.from_numpy(noise)).numpy()
    try:
        found = session.run(None, {"pixels": noise})[0]
    except Exception:
        # A file that opens may still not run.
        return False
    if found.shape != expected.shape:
        return False
    return np.linalg.norm(found - expected) <= _TOLERANCE * np.linalg.norm(expected)


def _export(backbone):
    """Export to ONNX; return the bytes."""
    side = backbone.image_size
    # Two images: with one, the exporter takes the batch for a constant.
    example = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    with _EXPORTING, tempfile.TemporaryDirectory() as folder, _silence():
        path = Path(folder, "model.onnx")
        torch.onnx.export(
            PixelNetwork(backbone).eval(),
            (example,),
            path,
            input_names=["pixels"],
            output_names=["features"],
            dynamic_axes={"pixels": {0: "n"}, "features": {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        return path.read_bytes()


@contextlib.contextmanager
def _silence():
    """Keep the exporter's warnings, and the graph it prints when it fails, off the screen."""
    logging_before = logging.root.manager.disable
    # Not public, but the exporter turns the public switch on again. It writes past sys.stdout.
    internals: Any = torch._C
    print_before = getattr(internals, "_jit_onnx_log", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        internals._jit_onnx_log = lambda *parts: None
        try:
            yield
        finally:
            internals._jit_onnx_log = print_before
            logging.disable(logging_before)


def _keep(path, content):
    """Write a file, and remove what has not been used for longest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(content)
    files = [(file.stat().st_mtime, file) for file in path.parent.glob("*.onnx")]
    size = 0
    for _, file in sorted(files, reverse=True):
        size += file.stat().st_size
        if size > _CACHE_BYTES and file != path:
            file.unlink(missing_ok=True)
