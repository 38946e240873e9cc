"""Self-supervised backbones beside the packaged one, and beside what the paper reports.

The paper's backbone is self-supervised; what comes with the package is supervised, and a hub is not
always within reach. Where one is, or a file, ``python benchmarks/self_supervised.py`` measures
DINOv2's ViT-S and, given ``--barlow-twins FILE``, Barlow Twins' ResNet-50 (the file of weights that
its authors publish) with the defaults, ``--fine-tune 2`` with fine-tuning. It writes
``benchmarks/results/self_supervised.json``; backbones that cannot be loaded are named and left out.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

from _data import CACHE, FEATURE_SETS, load_set, machine
from _scores import scores

from skdeepcluster import DeepImageClusterer
from skdeepcluster.backbones import BackboneLoadError, load_backbone

RESULTS = Path(__file__).parent / "results" / "self_supervised.json"
SETS = ("imagenette", "cifar10", "fashion-mnist", "caltech101", "steel_defects", "blood_cells")
# A name, and the side in pixels. DINOv2's patches have 14 pixels.
BACKBONES = {
    "efficientnet_lite0": ("efficientnet_lite0", 224),
    "dinov2_vit_small": ("timm:vit_small_patch14_dinov2.lvd142m", 224),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--barlow-twins", type=Path, help="file of the ResNet-50's weights")
    parser.add_argument("--fine-tune", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    backbones = dict(BACKBONES)
    if arguments.barlow_twins:
        backbones["barlow_twins_resnet50"] = (arguments.barlow_twins, 224)
    warnings.simplefilter("ignore")
    rows = []
    for name, (backbone, image_size) in backbones.items():
        try:
            load_backbone(backbone, image_size=image_size)
        except BackboneLoadError as error:
            print(f"{name} is left out: {error}")
            continue
        for data_name in arguments.data:
            data = load_set(data_name)
            for seed in range(arguments.seeds):
                est = DeepImageClusterer(
                    data.k,
                    backbone=backbone,
                    image_size=image_size,
                    fine_tune=arguments.fine_tune,
                    memory=CACHE,
                    random_state=seed,
                )
                started = time.perf_counter()
                found = scores(data.y, est.fit_predict(data.images))
                seconds = round(time.perf_counter() - started, 1)
                row = {"data": FEATURE_SETS[data_name], "backbone": name, "seed": seed}
                rows.append({**row, "fine_tune": arguments.fine_tune, **found, "seconds": seconds})
                print(rows[-1], flush=True)
                arguments.results.write_text(
                    json.dumps({"machine": machine(), "runs": rows}, indent=0)
                )


if __name__ == "__main__":
    main()
