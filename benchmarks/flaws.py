"""Flaws that are named in sets that have none to speak of, and how many that were made are found.

Of each set, twenty images at random are made dark, blurred or blank, one kind at a time.
``python benchmarks/flaws.py`` writes ``benchmarks/results/flaws.json``.
"""

import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
from _data import load_images, machine
from PIL import Image, ImageEnhance, ImageFilter

from skdeepcluster.images import as_image_source
from skdeepcluster.quality._flaws import flaws_of
from skdeepcluster.quality._looks import look_at

RESULTS = Path(__file__).parent / "results" / "flaws.json"
SETS = ("imagenette", "caltech101", "cifar10", "fashion-mnist", "blood_cells", "steel_defects")
N_MADE = 20


def blurred(image, share):
    return image.filter(ImageFilter.GaussianBlur(min(image.size) * share))


def noise(image):
    values = np.random.default_rng(0).normal(120, 1, (*image.size[::-1], 3))
    return Image.fromarray(values.astype(np.uint8))


MADE = {
    "a tenth as bright": lambda image: ImageEnhance.Brightness(image).enhance(0.1),
    "blurred by 1/25": lambda image: blurred(image, 1 / 25),
    "blurred by 1/50": lambda image: blurred(image, 1 / 50),
    "black": lambda image: Image.new("RGB", image.size),
    "noise of one grey level": noise,
}


def measure(name):
    source = as_image_source(load_images(name)[0])
    images = [source.read(index) for index in range(len(source))]
    started = time.process_time()
    looks = [look_at(image) for image in images]
    milliseconds = (time.process_time() - started) / len(images) * 1000
    chosen = np.random.default_rng(0).choice(len(images), N_MADE, replace=False)
    found = {}
    for kind, make in MADE.items():
        changed = list(looks)
        for index in chosen:
            changed[index] = look_at(make(images[index]))
        found[kind] = sum(flaws_of(changed)[chosen] != "")
    named = Counter(flaw for flaw in flaws_of(looks).tolist() if flaw)
    return {
        "n_images": len(images),
        "named": dict(named),
        "found": {kind: int(n) for kind, n in found.items()},
        "milliseconds": round(milliseconds, 2),
    }


if __name__ == "__main__":
    results = {"machine": machine(), "n_made": N_MADE, "sets": {}}
    for name in SETS:
        results["sets"][name] = measure(name)
        print(name, results["sets"][name], flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
