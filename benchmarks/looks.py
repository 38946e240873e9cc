"""What more than one look at an image is worth: sizes, networks, both.

Accuracy with the true number of clusters and otherwise the defaults, without and with views.
``python benchmarks/looks.py`` continues where the last run stopped, and writes
``benchmarks/results/looks.json``.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from _data import CACHE, load_images, machine
from _scores import scores

from skdeepcluster import DeepImageClusterer

RESULTS = Path(__file__).parent / "results" / "looks.json"
# Those whose images have more pixels than the smaller size.
SETS = ("steel_defects", "blood_cells", "imagenette", "caltech101")
LITE0, LITE2 = "efficientnet_lite0", "efficientnet_lite2"
LOOKS = {
    "128 px": {"image_size": 128},
    "192 px": {"image_size": 192},
    "Lite2 at 128 px": {"backbone": LITE2, "image_size": 128},
    "128 and 192 px": {"image_size": [128, 192]},
    "Lite0 and Lite2 at 128 px": {"backbone": [LITE0, LITE2], "image_size": 128},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--looks", nargs="+", default=list(LOOKS), choices=LOOKS)
    parser.add_argument("--views", nargs="+", type=int, default=[0])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    rows = json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else []
    done = {(row["data"], row["look"], row["views"], row["seed"]) for row in rows}
    warnings.simplefilter("ignore")
    for name in arguments.data:
        images, classes = load_images(name)
        names, y = np.unique(classes, return_inverse=True)
        for look in arguments.looks:
            for n_views in arguments.views:
                for seed in range(arguments.seeds):
                    if (name, look, n_views, seed) in done:
                        continue
                    est = DeepImageClusterer(
                        len(names), n_views=n_views, memory=CACHE, random_state=seed, **LOOKS[look]
                    )
                    found = scores(y, est.fit_predict(images))
                    row = {"data": name, "look": look, "views": n_views, "seed": seed, **found}
                    rows.append(row)
                    print(row, flush=True)
                    RESULTS.write_text(json.dumps({"machine": machine(), "runs": rows}, indent=0))


if __name__ == "__main__":
    main()
