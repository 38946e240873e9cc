"""Real pictures for benchmarks, as folders of files."""

import gzip
import os
import platform
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

CACHE = Path(os.environ.get("SKDEEPCLUSTER_CACHE", Path.home() / ".cache/skdeepcluster-benchmarks"))
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_FASHION = Path("/usr/share/datasets/fashion-mnist")


def load_pictures(name):
    """Return pictures (paths, or an array of grey pictures) and their classes."""
    if name == "fashion-mnist":
        if not _FASHION.is_dir():
            raise SystemExit("Fashion-MNIST is missing: apt-get install dataset-fashion-mnist")
        pixels = gzip.decompress((_FASHION / "t10k-images-idx3-ubyte.gz").read_bytes())
        classes = gzip.decompress((_FASHION / "t10k-labels-idx1-ubyte.gz").read_bytes())
        pictures = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28)
        return pictures, np.frombuffer(classes, np.uint8, offset=8)
    archive = Path(os.environ.get("SKDEEPCLUSTER_DATA", _SHARED)) / f"{name}.zip"
    folder = CACHE / "pictures" / name
    if not folder.is_dir():
        if not archive.is_file():
            raise SystemExit(f"{archive} is missing; set SKDEEPCLUSTER_DATA to its folder.")
        partial = CACHE / "pictures" / f".{name}-{os.getpid()}"
        with zipfile.ZipFile(archive) as pictures:
            pictures.extractall(partial)
        os.replace(partial / name, folder)
        partial.rmdir()
    from skdeepcluster import list_images

    paths = list_images(folder)
    return paths, np.array([path.parent.name for path in paths])


def machine():
    """Tell what the figures were measured on."""
    packages = ("skdeepcluster", "numpy", "scikit-learn", "torch", "onnxruntime", "timm", "pillow")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
