"""What a GPU is worth: embedding, views, ``fit`` and fine-tuning, on it and on the CPU.

Images are made up (coloured shapes on noise, ten classes), so that nothing has to be on the machine
but the package. ``python benchmarks/gpu.py`` takes below ten minutes on a GPU and writes
``benchmarks/results/gpu.json``; ``--images 64`` is a try that takes half a minute on a CPU.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from _data import machine
from PIL import Image, ImageDraw
from sklearn.metrics import normalized_mutual_info_score

from skdeepcluster import DeepImageClusterer, ImageEmbedder

RESULTS = Path(__file__).parent / "results" / "gpu.json"
_SIDE = 128
_N_CLASSES = 10


def draw_shapes(n_images):
    """Images of polygons with 3 to 12 corners in random colours on noise, and their classes."""
    rng = np.random.RandomState(0)
    classes = np.arange(n_images) % _N_CLASSES
    images = []
    for c in classes:
        image = Image.fromarray(rng.randint(0, 90, (_SIDE, _SIDE, 3), dtype=np.uint8))
        x, y, radius = *rng.randint(48, 80, 2), rng.randint(24, 44)
        colour = tuple(int(value) for value in rng.randint(120, 256, 3))
        circle = (int(x), int(y), int(radius))
        corners = 3 + int(c)
        ImageDraw.Draw(image).regular_polygon(circle, corners, int(rng.randint(360)), colour)
        images.append(np.asarray(image))
    return np.stack(images), classes


def seconds_of(work):
    started = time.perf_counter()
    result = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result, round(time.perf_counter() - started, 2)


def measure(images, classes, device):
    """Seconds of each part on a device, and the NMI of the clusters with the classes."""
    embedder = ImageEmbedder(image_size=_SIDE, device=device).fit(images)
    # Kernels are chosen at the first batch.
    embedder.transform(images[:64])
    features, embedding = seconds_of(lambda: embedder.transform(images))
    _, views = seconds_of(lambda: embedder.transform_views(images))
    est, fit = seconds_of(
        lambda: DeepImageClusterer(_N_CLASSES, device=device, random_state=0).fit(features)
    )
    tuned, fine_tuning = seconds_of(
        lambda: DeepImageClusterer(
            _N_CLASSES, image_size=_SIDE, fine_tune=2, device=device, random_state=0
        ).fit(images)
    )
    return {
        "embedding": embedding,
        "views": views,
        "fit on features": fit,
        "fit with fine_tune=2": fine_tuning,
        "NMI": round(normalized_mutual_info_score(classes, est.labels_), 3),
        "NMI with fine_tune=2": round(normalized_mutual_info_score(classes, tuned.labels_), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    images, classes = draw_shapes(arguments.images)
    devices = ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]
    found = {"machine": machine(), "images": arguments.images}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    for device in devices:
        found[device] = measure(images, classes, device)
        print(device, found[device], flush=True)
        arguments.results.write_text(json.dumps(found, indent=0))


if __name__ == "__main__":
    main()
