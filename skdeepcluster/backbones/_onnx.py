"""The engine that runs ONNX Runtime, and its cache of exported networks."""

import contextlib
import ctypes
import logging
import os
import tempfile
import threading
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..processor import torch_in_one_thread
from ..storage import whole_file
from ._backbone import PixelNetwork
from ._constant_padding import with_constant_padding

_OPSET = 18
# Raised when networks are exported in another way: files that are in the cache are then not used.
_EXPORT = 2
# Output is silenced for the entire process: two threads would restore each other's settings.
_EXPORTING = threading.Lock()
# Every fine-tuned network is exported, too. The least recently used exports are removed.
_CACHE_BYTES = 4 * 2**30
# By how much an export may differ from torch, relative to the length of a feature vector. That
# bounds the angle between them: a cosine of 0.99995.
_TOLERANCE = 0.01


class OnnxEngine:
    """Runs a backbone with ONNX Runtime on the CPU.

    The network is exported once, to the user's cache folder under the network's fingerprint. An
    export, cached or new, is only used if it computes the same as torch.

    Raises
    ------
    RuntimeError
        If the network cannot be exported, or the export computes something else.
    """

    kind = "onnxruntime"
    precision = "float32"

    def __init__(self, backbone):
        self._backbone = backbone
        self._session = self._make_session()
        _ENGINES.add(self)

    def __call__(self, pixels):
        """Embed a batch."""
        if self._session is None:
            self._session = self._make_session()
        return self._session.run(None, {"pixels": np.ascontiguousarray(pixels)})[0]

    def _make_session(self):
        return _session_of(self._backbone)

    def abandon_session(self):
        """Leave the session alone in a process that was forked; another one is made when needed.

        Its threads were not forked: it would wait for them for ever, even to end them. So it is
        never deleted.
        """
        if self._session is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))
            self._session = None


_ENGINES: weakref.WeakSet[OnnxEngine] = weakref.WeakSet()


def _abandon_sessions():
    for engine in _ENGINES:
        engine.abandon_session()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_sessions)


def _session_of(backbone):
    path = _cache_folder() / f"{backbone.fingerprint}-{_EXPORT}.onnx"
    session = _open_cached(path)
    if session is None or not _agrees(session, backbone):
        model = _export(backbone)
        session = open_session(model)
        if not _agrees(session, backbone):
            raise RuntimeError(
                f"Exported to ONNX, {backbone.name} computes other features than in torch. "
                'Use engine="torch".'
            )
        # If the folder is not writable, the next start takes longer.
        with contextlib.suppress(OSError):
            _keep(path, model)
    return session


def _cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path.home() / ".cache") / "skdeepcluster" / "onnx"


def _open_cached(path):
    """Open an exported file; None if it does not exist or cannot be opened."""
    try:
        session = open_session(str(path))
        os.utime(path)
    except Exception:
        # Missing, truncated or not readable: the network is exported again.
        return None
    return session


def open_session(model):
    """Open a model, given as bytes or a path, with as many threads as torch has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Torch's number respects OMP_NUM_THREADS and the limits of joblib's workers.
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that spin while they wait take processors from those that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Errors are raised, and need not be printed as well.
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def features_of_noise(session, backbone):
    """Return the features of an image of noise by torch, and by a session; None if it fails."""
    side = backbone.image_size
    noise = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    with torch_in_one_thread(), torch.inference_mode():
        expected = PixelNetwork(backbone)(torch.from_numpy(noise)).numpy()
    try:
        (found,) = session.run(None, {"pixels": noise})
    except Exception:
        # A file that can be opened may still fail to run.
        found = None
    return expected, found


def _agrees(session, backbone):
    """Whether a session computes the same as torch."""
    expected, found = features_of_noise(session, backbone)
    if found is None or found.shape != expected.shape:
        return False
    return np.linalg.norm(found - expected) <= _TOLERANCE * np.linalg.norm(expected)


def _export(backbone):
    """Export to ONNX; return the bytes."""
    side = backbone.image_size
    # Two images: with one, the exporter treats the batch size as a constant.
    example = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    network = PixelNetwork(backbone).eval()
    network.network = with_constant_padding(network.network, side)
    with _EXPORTING, tempfile.TemporaryDirectory() as folder, _silence():
        path = Path(folder, "model.onnx")
        torch.onnx.export(
            network,
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
    """Suppress the exporter's warnings, and the graph that it prints when it fails."""
    logging_before = logging.root.manager.disable
    # Not public, but the exporter overrides the public switch. It does not write to sys.stdout.
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
    """Write a file, and remove the least recently used ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(content)
    files = [(file.stat().st_mtime, file) for file in path.parent.glob("*.onnx")]
    size = 0
    for _, file in sorted(files, reverse=True):
        size += file.stat().st_size
        if size > _CACHE_BYTES and file != path:
            file.unlink(missing_ok=True)
