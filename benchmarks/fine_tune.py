"""What training of the backbone on the images themselves is worth.

All at 128 px with EfficientNet-Lite0: ``fine_tune=2`` ("fine_tuned"), and the features of a
``SelfSupervisedAdapter`` ("adapted"), with the true number of clusters and otherwise the
defaults. What the features give as they are is in ``quality.py``. ``python
benchmarks/fine_tune.py`` continues where the last run stopped, and writes
``benchmarks/results/fine_tune.json``.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from _data import CACHE, load_images, machine
from _scores import scores

from skdeepcluster import DeepImageClusterer, SelfSupervisedAdapter

RESULTS = Path(__file__).parent / "results" / "fine_tune.json"
SETS = ("steel_defects", "blood_cells", "caltech101", "imagenette", "fashion-mnist", "cifar10")
IMAGE_SIZE = 128


def fine_tuned(images, k, seed):
    return DeepImageClusterer(
        k, image_size=IMAGE_SIZE, memory=CACHE, fine_tune=2, random_state=seed
    ).fit_predict(images)


def adapted(images, k, seed):
    adapter = SelfSupervisedAdapter(image_size=IMAGE_SIZE, max_iter=8, random_state=seed)
    backbone = adapter.fit(images).backbone_
    return DeepImageClusterer(k, backbone=backbone, random_state=seed).fit_predict(images)


METHODS = {"fine_tuned": fine_tuned, "adapted": adapted}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    results = arguments.results
    rows = json.loads(results.read_text())["runs"] if results.is_file() else []
    done = {(row["data"], row["method"], row["seed"]) for row in rows}
    warnings.simplefilter("ignore")
    for seed in range(arguments.seeds):
        for method in arguments.methods:
            for name in arguments.data:
                if (name, method, seed) in done:
                    continue
                images, classes = load_images(name)
                names, y = np.unique(classes, return_inverse=True)
                started = time.perf_counter()
                labels = METHODS[method](images, len(names), seed)
                seconds = round(time.perf_counter() - started, 1)
                row = {"data": name, "method": method, "seed": seed, **scores(y, labels)}
                rows.append({**row, "seconds": seconds})
                print(rows[-1], flush=True)
                results.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))


if __name__ == "__main__":
    main()
