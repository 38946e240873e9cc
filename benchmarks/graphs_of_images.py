"""Scene graphs of images without a download: what is found, where, and by which sentence.

Scenes are composed of photographs of Imagenette, whose places and classes are known, on a plain
or a blurred ground. ``python benchmarks/graphs_of_images.py`` writes
``benchmarks/results/graphs_of_images.json``:

- objects: of the photographs of two to four a scene, the share that a box overlaps (IoU of half at
  least), and that such a box names (by its class, or by a hypernym); the share of boxes that are
  right. The method's one threshold was chosen on scenes of the five classes "seen"; "judged" has
  the other five.
- sentences: "a church left of a golf ball" finds the scene among others, after training on scenes
  of other photographs; needs the extra ``text``.

``--downloaded`` measures parsers whose weights must be downloaded, instead: a detector of
torchvision, and the same with labels by open_clip. One whose weights are neither in the cache nor
to be had is skipped, and the reason is in the results. The detector's own labels are COCO's, which
are not those of the photographs: without open_clip, only places are to be judged.
"""

import argparse
import json
import time
import zlib
from pathlib import Path

import numpy as np
import torch
from _data import load_images, machine
from PIL import Image, ImageFilter
from sklearn.model_selection import train_test_split
from torchvision.ops import box_iou

from skdeepcluster import SceneGraphRetriever, VisualGraphParser
from skdeepcluster.backbones import BackboneLoadError
from skdeepcluster.metrics import recall_at_k
from skdeepcluster.naming import imagenet_vocabulary

RESULTS = Path(__file__).parent / "results" / "graphs_of_images.json"
WIDTH, HEIGHT = 640, 480
# Folders of Imagenette, the names that the classifier has for them.
NAMES = {
    "cassette_player": "cassette player",
    "chain_saw": "chain saw",
    "church": "church",
    "english_springer": "English springer",
    "french_horn": "French horn",
    "garbage_truck": "garbage truck",
    "gas_pump": "gas pump",
    "golf_ball": "golf ball",
    "parachute": "parachute",
    "tench": "tench",
}
DOWNLOADED = {
    "torchvision": {},
    "torchvision and open_clip": {
        "backbone": "open_clip:ViT-B-32/laion2b_s34b_b79k",
        "labels": list(NAMES.values()),
    },
}
PARTS = {"seen": list(NAMES)[::2], "judged": list(NAMES)[1::2]}
PREDICATES = ("left of", "above")


def photographs(part, classes):
    """Paths of a half of Imagenette, "train" or "test", by class."""
    paths, folders = load_images("imagenette")
    halves = train_test_split(np.arange(len(paths)), stratify=folders, random_state=0)
    chosen = halves[0] if part == "train" else halves[1]
    return {name: [paths[i] for i in chosen if folders[i] == name] for name in classes}


def ground(paths, rng):
    if rng.rand() < 0.5:
        return Image.new("RGB", (WIDTH, HEIGHT), tuple(map(int, rng.randint(60, 200, 3))))
    other = _opened(_one_of([p for of_class in paths.values() for p in of_class], rng))
    return other.resize((WIDTH, HEIGHT)).filter(ImageFilter.GaussianBlur(25))


def _one_of(entries, rng):
    return entries[rng.randint(len(entries))]


def _opened(path):
    return Image.open(path).convert("RGB")


def paste(canvas, path, box):
    left, top, right, bottom = box
    canvas.paste(_opened(path).resize((right - left, bottom - top)), (left, top))


def scattered_scene(paths, rng):
    """Compose two to four photographs that do not overlap; return their boxes and classes."""
    canvas, boxes, classes = ground(paths, rng), [], []
    wanted = rng.randint(2, 5)
    for _ in range(200):
        side = rng.randint(150, 271)
        left, top = rng.randint(0, WIDTH - side + 1), rng.randint(0, HEIGHT - side + 1)
        box = (left, top, left + side, top + side)
        if len(boxes) == wanted or (boxes and overlaps([box], boxes).any()):
            continue
        boxes.append(box)
        classes.append(_one_of(list(paths), rng))
        paste(canvas, _one_of(paths[classes[-1]], rng), box)
    return np.asarray(canvas), boxes, classes


def scene_of_two(paths, rng):
    """Compose two photographs; return a sentence, too, that says what is where."""
    canvas = ground(paths, rng)
    first, second = (list(paths)[i] for i in rng.permutation(len(paths))[:2])
    predicate = _one_of(PREDICATES, rng)
    side = rng.randint(190, 226)
    if predicate == "left of":
        shift = rng.randint(0, 60)
        corners = [(20 + shift, rng.randint(0, 240)), (330 + shift, rng.randint(0, 240))]
    else:
        corners = [(rng.randint(0, 400), 5), (rng.randint(0, 400), 245)]
    for name, (left, top) in zip((first, second), corners, strict=True):
        paste(canvas, _one_of(paths[name], rng), (left, top, left + side, top + side))
    return np.asarray(canvas), f"a {NAMES[first]} {predicate} a {NAMES[second]}"


def overlaps(boxes, others):
    """Intersection over union of all pairs of boxes."""
    sides = (torch.tensor(side, dtype=torch.float64).reshape(-1, 4) for side in (boxes, others))
    return box_iou(*sides).numpy()


def measure_objects(parser, classes, n_scenes, rng):
    vocabulary = imagenet_vocabulary()
    number = {name: vocabulary.words.index(NAMES[name]) for name in classes}
    right_words = {
        name: {
            word
            for word, members in zip(vocabulary.words, vocabulary.members, strict=True)
            if members[number[name]]
        }
        for name in classes
    }
    paths = photographs("test", classes)
    scenes = [scattered_scene(paths, rng) for _ in range(n_scenes)]
    started = time.perf_counter()
    graphs = parser.transform([image for image, _, _ in scenes])
    seconds = time.perf_counter() - started
    best, named, exact, right_boxes = [], [], [], []
    for (_, boxes, names), graph in zip(scenes, graphs, strict=True):
        labels = [o.label for o in graph.objects]
        shape = len(boxes), len(labels)
        ious = overlaps(boxes, [o.box for o in graph.objects])
        right = np.array([label in right_words[name] for name in names for label in labels], bool)
        same = np.array([label == NAMES[name] for name in names for label in labels], bool)
        right, same = right.reshape(shape), same.reshape(shape)
        best += ious.max(axis=1, initial=0).tolist()
        named += ((ious >= 0.5) & right).any(axis=1).tolist()
        exact += ((ious >= 0.5) & same).any(axis=1).tolist()
        right_boxes += ((ious >= 0.5) & right).any(axis=0).tolist()
    return {
        "photographs": len(best),
        "found": share(np.array(best) >= 0.5),
        "mean IoU": share(best),
        "named": share(named),
        "named by its class": share(exact),
        "boxes that are right": share(right_boxes),
        "boxes a scene": round(len(right_boxes) / n_scenes, 2),
        "images per second": round(n_scenes / seconds, 1),
    }


def share(values):
    return round(float(np.mean(values)), 3)


def measure_sentences(parser, n_train, n_test, seed):
    sides = []
    for part, n in (("train", n_train), ("test", n_test)):
        rng = np.random.RandomState(zlib.crc32(f"{part}{seed}".encode()))
        paths = photographs(part, list(NAMES))
        scenes = [scene_of_two(paths, rng) for _ in range(n)]
        sides.append(
            (parser.transform([image for image, _ in scenes]), [text for _, text in scenes])
        )
    (X, y), (X_test, y_test) = sides
    similarities = SceneGraphRetriever(random_state=seed).fit(X, y).similarity(X_test, y_test).T
    # Scenes of which a sentence says the same are right, too.
    relevant = np.array(y_test)[:, None] == np.array(y_test)
    return {
        "scenes": n_test,
        "R@1": share(recall_at_k(relevant, similarities, 1)),
        "R@5": share(recall_at_k(relevant, similarities, 5)),
        "R@1 by chance": share(relevant.mean()),
    }


def measure(parser, n_scenes):
    row = {"objects": {}}
    for part, classes in PARTS.items():
        rng = np.random.RandomState(0)
        row["objects"][part] = measure_objects(parser, classes, n_scenes, rng)
        print(part, row["objects"][part], flush=True)
    row["sentences"] = measure_sentences(parser, 2 * n_scenes, n_scenes, 0)
    print(row["sentences"], flush=True)
    return row


def measure_downloaded(options, n_scenes):
    try:
        parser = VisualGraphParser(**options).fit()
    except (BackboneLoadError, ImportError) as error:
        print("skipped:", error, flush=True)
        return {"skipped": str(error)}
    return measure(parser, n_scenes)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scenes", type=int, default=200)
    arguments.add_argument("--downloaded", action="store_true")
    options = arguments.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    if options.downloaded:
        results["downloaded"] = {"machine": machine()}
        for name, road in DOWNLOADED.items():
            print(name, flush=True)
            results["downloaded"][name] = measure_downloaded(road, options.scenes)
    else:
        parser = VisualGraphParser("efficientnet_lite0").fit()
        results |= {"machine": machine(), **measure(parser, options.scenes)}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
