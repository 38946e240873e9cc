"""How time and memory grow with the number of images.

``python benchmarks/growth.py`` fits and predicts on features made for the purpose, 1280 wide,
in half precision, in a memory-mapped file (2.56 GB for a million), in a fresh process a size,
and embeds images made for the purpose. It prints the exponents of log time against log n and
writes ``benchmarks/results/growth.json``. Seconds are of the processor, of one thread with
``OMP_NUM_THREADS=1``, so that other work on the machine counts less. Peak memory is read from
Linux: all of it, and without the pages of mapped files, which the system takes back when it
needs them.

A size alone: ``python benchmarks/growth.py fit 100000``. The folder of the files is
``SKDEEPCLUSTER_GROWTH`` or a temporary one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from _data import load_features, machine
from PIL import Image
from sklearn.metrics import normalized_mutual_info_score

RESULTS = Path(__file__).parent / "results" / "growth.json"
N_FEATURES, N_CLASSES, N_LATENT = 1280, 10, 48
BLOCK = 10_000
# Of the classes around their centres: k-means has a mutual information of 0.8 with the classes
# where they overlap, and of 0.96 where they are clear.
OVERLAPPING, CLEAR = 2.0, 1.5
IMAGE_SIDE = 64


def feature_file(folder, n_samples, spread):
    """Write features like those of images: many zeros, few dimensions, classes of any shape.

    Those of a larger file begin with those of a smaller one.
    """
    path = Path(folder) / f"features-{n_samples}-{spread}.npy"
    classes = path.with_suffix(".classes.npy")
    if classes.exists():
        return np.load(path, mmap_mode="r"), np.load(classes)
    rng = np.random.default_rng(0)
    scale = np.arange(1, N_LATENT + 1, dtype=np.float32) ** -0.5
    centers = rng.standard_normal((N_CLASSES, N_LATENT), dtype=np.float32) * scale
    shapes = rng.standard_normal((N_CLASSES, N_LATENT, N_LATENT), dtype=np.float32)
    shapes = 0.5 * np.eye(N_LATENT, dtype=np.float32) + 0.5 * shapes / N_LATENT**0.5
    weights = rng.standard_normal((N_LATENT, N_FEATURES), dtype=np.float32)
    bias = rng.standard_normal(N_FEATURES, dtype=np.float32) * 0.5 - 0.5
    X = np.lib.format.open_memmap(path, "w+", np.float16, (n_samples, N_FEATURES))
    y = np.empty(n_samples, dtype=np.int64)
    for start in range(0, n_samples, BLOCK):
        rng = np.random.default_rng([1, start])
        labels = rng.integers(N_CLASSES, size=BLOCK)
        latents = rng.standard_normal((BLOCK, N_LATENT), dtype=np.float32) * scale * spread
        for label in range(N_CLASSES):
            members = labels == label
            latents[members] = centers[label] + latents[members] @ shapes[label]
        noise = 0.5 * rng.standard_normal((BLOCK, N_FEATURES), dtype=np.float32)
        rows = slice(start, min(start + BLOCK, n_samples))
        X[rows] = np.maximum(latents @ weights + bias + noise, 0)[: rows.stop - start]
        y[rows] = labels[: rows.stop - start]
    X.flush()
    np.save(classes, y)
    return np.load(path, mmap_mode="r"), y


class Meter:
    """Seconds and peak memory of parts of a program (Linux)."""

    def __init__(self):
        self.parts = {}
        self._anonymous = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while True:
            self._anonymous = max(self._anonymous, _status("RssAnon"))
            time.sleep(0.02)

    def run(self, name, function, *args, **kwargs):
        """Call a function; what parts of one name take is added up."""
        Path("/proc/self/clear_refs").write_text("5")
        self._anonymous = _status("RssAnon")
        started = time.process_time(), time.perf_counter()
        result = function(*args, **kwargs)
        part = self.parts.setdefault(
            name, {"cpu_seconds": 0, "seconds": 0, "peak_MB": 0, "peak_MB_without_files": 0}
        )
        part["cpu_seconds"] += time.process_time() - started[0]
        part["seconds"] += time.perf_counter() - started[1]
        part["peak_MB"] = max(part["peak_MB"], _status("VmHWM"))
        part["peak_MB_without_files"] = max(part["peak_MB_without_files"], self._anonymous)
        return result

    def wrap(self, module, function, name):
        """Measure a function of a module wherever the module calls it."""
        original = getattr(module, function)
        setattr(module, function, lambda *a, **k: self.run(name, original, *a, **k))


def _status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def fit(folder, n_samples, spread):
    """Fit features of a mapped file, and keep the labels."""
    estimator, row = fitted(*feature_file(folder, n_samples, spread), N_CLASSES)
    np.save(Path(folder) / f"labels-{n_samples}-{spread}.npy", estimator.labels_)
    return {"n": n_samples, **row}


def fitted(X, y, n_clusters):
    """Fit and predict features; measure the parts."""
    from skdeepcluster import DeepImageClusterer
    from skdeepcluster.cluster import _clusterer

    # Imports, which are no part of it.
    rng = np.random.default_rng(0)
    small = rng.standard_normal((600, 8), dtype=np.float32)
    DeepImageClusterer(2, max_iter=1, random_state=0).fit(small)
    meter = Meter()
    start = _status("VmRSS"), _status("RssAnon")
    for function, name in {
        "check_features": "read and check",
        "nearest_neighbors": "neighbours",
        "neighbor_recall": "recall",
        "find_start": "start",
        "train_head": "head",
    }.items():
        meter.wrap(_clusterer, function, name)
    estimator = DeepImageClusterer(n_clusters, random_state=0)
    found = _clusterer.Partition.found
    with patch.object(
        _clusterer.Partition, "found", lambda *args: meter.run("settle", found, *args)
    ):
        estimator.fit(X)
    labels = meter.run("predict", lambda: np.concatenate([z for z, _ in estimator.iter_predict(X)]))
    parts = meter.parts
    in_fit = [part for name, part in parts.items() if name != "predict"]
    parts["fit"] = {
        key: (sum if "seconds" in key else max)(part[key] for part in in_fit) for key in in_fit[0]
    }
    return estimator, {
        "MB_at_start": start[0],
        "MB_at_start_without_files": start[1],
        "parts": parts,
        "epochs": estimator.n_iter_,
        "neighbor_recall": estimator.history_["neighbor_recall"][-1],
        "start_score": estimator.start_score_,
        "mutual_information_with_classes": normalized_mutual_info_score(y, estimator.labels_),
        "predict_equals_labels": float((labels == estimator.labels_).mean()),
    }


def image_files(folder, n_images):
    """Write small JPEG images, each another one."""
    folder = Path(folder) / "images"
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:06}.jpg" for number in range(n_images)]
    for number, path in enumerate(paths):
        if not path.exists():
            rng = np.random.default_rng(number)
            coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
            coarse.resize((96, 96), Image.Resampling.BICUBIC).save(path)
    return paths


def embed(folder, n_images):
    """Embed images into a cache and a mapped file; then assign them without the cache."""
    from skdeepcluster import DeepImageClusterer, ImageEmbedder
    from skdeepcluster.embedding import _embedder

    # Of features, so that the array is on disk as it is for many more images.
    _embedder._BYTES_IN_MEMORY = 0
    paths = image_files(folder, n_images)
    how = {"image_size": IMAGE_SIDE, "feature_dtype": "float16", "n_jobs": 1}
    estimator = DeepImageClusterer(2, max_iter=1, random_state=0, **how).fit(paths[:64])
    meter = Meter()
    start = _status("VmRSS")
    with tempfile.TemporaryDirectory(dir=folder) as memory:
        embedder = ImageEmbedder(memory=memory, **how).fit(paths)
        features = meter.run("embed", embedder.transform, paths)
        again = meter.run("embed again", ImageEmbedder(memory=memory, **how).fit_transform, paths)
        assert np.array_equal(features, again)
    meter.run(
        "iter_predict", lambda: sum(len(labels) for labels, _ in estimator.iter_predict(paths))
    )
    return {"n": n_images, "MB_at_start": start, "parts": meter.parts}


def agreement(folder):
    """Labels by what serves many images, and by what serves few, on the same images."""
    from skdeepcluster import DeepImageClusterer
    from skdeepcluster.cluster import _training_data
    from skdeepcluster.neighbors import _search
    from skdeepcluster.starts import _landmarks

    sets = {"clear clusters, 10,000": (*feature_file(folder, 10_000, CLEAR), N_CLASSES)}
    for name in ("imagenette", "cifar10"):
        sets[name] = load_features(name)
    rows = {}
    for name, (X, y, k) in sets.items():
        labels = {}
        for size in ("few", "many"):
            if size == "many":
                _search._PAIRWISE_LIMIT = 1000
                _landmarks.N_LANDMARKS = 2000
                _training_data.TRAINING_SIZE = 2000
            estimator = DeepImageClusterer(k, random_state=0).fit(X)
            labels[size] = estimator.labels_
        _search._PAIRWISE_LIMIT = 50_000
        _landmarks.N_LANDMARKS = 20_000
        _training_data.TRAINING_SIZE = 20_000
        rows[name] = {
            "n": len(y),
            "neighbor_recall": estimator.history_["neighbor_recall"][-1],
            "mutual_information": normalized_mutual_info_score(labels["few"], labels["many"]),
            "few_with_classes": normalized_mutual_info_score(y, labels["few"]),
            "many_with_classes": normalized_mutual_info_score(y, labels["many"]),
        }
    return rows


def exponents(rows):
    """Slope of log time against log n, beyond 10,000 samples or over all there are."""
    sizes = np.array([row["n"] for row in rows])
    large = sizes >= 10_000 if (sizes >= 10_000).sum() > 1 else sizes > 0
    slopes = {}
    for name in rows[-1]["parts"]:
        seconds = np.array([row["parts"][name]["cpu_seconds"] for row in rows])
        # What takes no time, such as the recall of an exact search, has no slope.
        measured = large & (seconds > 0.05)
        if measured.sum() > 1:
            slopes[name] = float(
                np.polyfit(np.log(sizes[measured]), np.log(seconds[measured]), 1)[0]
            )
    return slopes


def _in_a_process(*arguments):
    command = [sys.executable, __file__, *map(str, arguments)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(output.splitlines()[-1])


def report(results):
    """Print a table a kind, and the exponents."""
    for kind in ("fit", "embed"):
        for row in results.get(kind, []):
            print(f"{kind} n={row['n']:,}")
            for name, part in row["parts"].items():
                values = "  ".join(f"{key} {value:,.1f}" for key, value in part.items())
                print(f"  {name:14} {values}")
        if len(results.get(kind, [])) > 1:
            results[f"{kind}_exponents"] = exponents(results[kind])
            for name, slope in results[f"{kind}_exponents"].items():
                print(f"  exponent {name:14} {slope:.2f}")
    print(json.dumps(results.get("agreement"), indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=["fit", "embed", "agreement"])
    parser.add_argument("size", nargs="?", type=int)
    parser.add_argument("--folder")
    options = parser.parse_args()
    if options.folder:
        part = {
            "fit": lambda: fit(options.folder, options.size, OVERLAPPING),
            "embed": lambda: embed(options.folder, options.size),
            "agreement": lambda: agreement(options.folder),
        }[options.part]
        print(json.dumps(part()))
        return
    sizes = {"fit": [1000, 10_000, 100_000, 1_000_000], "embed": [1000, 3000, 10_000]}
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.environ.get("SKDEEPCLUSTER_GROWTH", temporary)
        for kind in [options.part] if options.part else ["fit", "embed", "agreement"]:
            for size in [options.size] if options.size else sizes.get(kind, [0]):
                row = _in_a_process(kind, size, "--folder", folder)
                results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
                if kind == "agreement":
                    results[kind] = row
                else:
                    others = [r for r in results.get(kind, []) if r["n"] != size]
                    results[kind] = sorted([*others, row], key=lambda r: r["n"])
                _compare_with_the_smaller(folder, results)
                results["machine"] = machine()
                report(results)
                RESULTS.write_text(json.dumps(results, indent=1))


def _compare_with_the_smaller(folder, results):
    """Labels of the first 10,000 in a larger fit, beside those of a fit on them alone."""
    few = Path(folder) / f"labels-10000-{OVERLAPPING}.npy"
    for row in results.get("fit", []):
        many = Path(folder) / f"labels-{row['n']}-{OVERLAPPING}.npy"
        if row["n"] > 10_000 and few.exists() and many.exists():
            row["mutual_information_with_fit_on_10000"] = normalized_mutual_info_score(
                np.load(few), np.load(many)[:10_000]
            )


if __name__ == "__main__":
    main()
