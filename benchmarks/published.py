"""The method as published beside the defaults, on few images, for few epochs.

``python benchmarks/published.py`` trains on 600 images of each set for 20 epochs, which a CPU can
do; ``--n-images 10000 --epochs 400`` is what the paper has, and needs a GPU. It continues where the
last run stopped, and writes ``benchmarks/results/published.json``.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from _data import CACHE, IMAGE_SIZE, load_images, machine
from _scores import scores

from skdeepcluster import DeepImageClusterer

RESULTS = Path(__file__).parent / "results" / "published.json"
SETS = ("steel_defects", "blood_cells", "imagenette", "fashion-mnist", "cifar10")


def estimators(k, epochs):
    shared = {"image_size": IMAGE_SIZE, "memory": CACHE, "random_state": 0}
    return {
        "as published": DeepImageClusterer.as_published(k, max_iter=epochs, **shared),
        "default": DeepImageClusterer(k, **shared),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--n-images", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    n_images, epochs = arguments.n_images, arguments.epochs
    rows = json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else []
    done = {(row["data"], row["n_images"], row["epochs"], row["method"]) for row in rows}
    warnings.simplefilter("ignore")
    for name in arguments.data:
        images, classes = load_images(name)
        names, y = np.unique(classes, return_inverse=True)
        chosen = np.sort(np.random.RandomState(0).permutation(len(y))[:n_images])
        images = [images[index] for index in chosen]
        for method, est in estimators(len(names), epochs).items():
            if (name, n_images, epochs, method) in done:
                continue
            started = time.process_time()
            labels = est.fit_predict(images)
            row = {
                "data": name,
                "n_images": n_images,
                "epochs": epochs,
                "method": method,
                **scores(y[chosen], labels),
                "n_clusters": int(est.n_clusters_),
                "cpu_seconds": round(time.process_time() - started, 1),
            }
            rows.append(row)
            print(row, flush=True)
            RESULTS.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))


if __name__ == "__main__":
    main()
