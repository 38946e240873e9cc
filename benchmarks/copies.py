"""How many made copies of images are found among 10,000, and how many look-alikes besides.

The images are Imagenette and Caltech-101, and copies of some: resized to 50 to 80 %, recompressed
(JPEG quality 30 to 60), cropped to 90 % of both sides, mirrored. Pairs of images of one original
are right. Copies that Caltech-101 itself holds are left out; Imagenette has none. Beside it the
hashes of imagededup (``pip install imagededup``): pairs within its default distance, and within
the one that would have been best. ``python benchmarks/copies.py`` writes
``benchmarks/results/copies.json``.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
from _data import CACHE, load_images, machine
from _natural_copies import CALTECH101
from PIL import Image, ImageOps

from skdeepcluster import find_duplicates

RESULTS = Path(__file__).parent / "results" / "copies.json"
FOLDER = CACHE / "images" / "copies"
N_IMAGES = 10_000
KINDS = ("resized", "recompressed", "cropped", "mirrored")
DEFAULT_DISTANCE = 10


def make_copies(paths):
    """Write copies of random images; return their paths, kinds and originals."""
    rng = np.random.default_rng(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = rng.permutation(len(paths))
    n_copies = N_IMAGES - len(paths)
    made = []
    for number in range(n_copies):
        original, kind = int(chosen[number // len(KINDS)]), KINDS[number % len(KINDS)]
        share, left, top = rng.uniform(0.5, 0.8), *rng.uniform(0, 0.1, 2)
        quality = int(rng.integers(30, 61)) if kind == "recompressed" else 90
        path = FOLDER / f"{original}-{kind}.jpg"
        made.append((path, kind, original))
        if path.is_file():
            continue
        image = Image.open(paths[original]).convert("RGB")
        width, height = image.size
        if kind == "resized":
            image = image.resize((int(width * share), int(height * share)))
        elif kind == "cropped":
            x, y = int(left * width), int(top * height)
            image = image.crop((x, y, x + int(0.9 * width), y + int(0.9 * height)))
        elif kind == "mirrored":
            image = ImageOps.mirror(image)
        partial = path.with_suffix(f".{os.getpid()}")
        image.save(partial, "JPEG", quality=quality)
        partial.replace(path)
    return made


def pairs_of(groups):
    """Pairs of positions of the same group, as a set."""
    members = {}
    for position, group in enumerate(groups):
        members.setdefault(int(group), []).append(position)
    return {
        (one, other)
        for of in members.values()
        for place, one in enumerate(of)
        for other in of[place + 1 :]
    }


def judged(found, true, kinds):
    """Precision, recall, and the recall of pairs of an original and each kind of copy."""
    right = found & true
    row = {"precision": len(right) / max(len(found), 1), "recall": len(right) / len(true)}
    for kind in KINDS:
        of_kind = {pair for pair in true if sorted((kinds[pair[0]], kinds[pair[1]])) == ["", kind]}
        if of_kind:
            row[kind] = len(found & of_kind) / len(of_kind)
    return {name: round(value, 4) for name, value in row.items()}


def hash_pairs(paths):
    """Yield the name of a hash of imagededup, and distances of pairs, up to half of the bits."""
    from imagededup import methods

    for name in ("PHash", "DHash"):
        began = time.perf_counter()
        method = getattr(methods, name)(verbose=False)
        codes = [
            method.encode_image(image_array=np.asarray(Image.open(path).convert("RGB")))
            for path in paths
        ]
        digits = np.array([[int(digit, 16) for digit in code] for code in codes])
        bits = (digits[..., None] >> np.arange(4) & 1).reshape(len(codes), -1)
        signs = (2 * bits - 1).astype(np.float32)
        distances = (bits.shape[1] - signs @ signs.T) / 2
        one, other = np.nonzero(np.triu(distances <= 2 * DEFAULT_DISTANCE, 1))
        yield (
            name,
            np.column_stack([one, other, distances[one, other]]),
            time.perf_counter() - began,
        )


def main():
    originals = [
        path
        for name in ("imagenette", "caltech101")
        for path in load_images(name)[0]
        if "/".join(path.parts[-2:]) not in CALTECH101
    ]
    made = make_copies(originals)
    paths = [*originals, *(path for path, _, _ in made)]
    kinds = np.array([*[""] * len(originals), *(kind for _, kind, _ in made)])
    source = np.array([*range(len(originals)), *(original for _, _, original in made)])
    rows = {}
    for mirrored in (False, True):
        used = np.arange(len(paths)) if mirrored else np.flatnonzero(kinds != "mirrored")
        true = pairs_of(source[used])
        began = time.perf_counter()
        found = find_duplicates([paths[i] for i in used], mirrored=mirrored, memory=CACHE)
        seconds = time.perf_counter() - began
        name = "find_duplicates" + (", mirrored=True" if mirrored else "")
        rows[name] = {
            "n_images": len(used),
            "seconds": round(seconds, 1),
            **judged(pairs_of(found.groups), true, kinds[used]),
            "originals kept": round(float(found.is_kept[kinds[used] == ""].mean()), 4),
            "copies kept": round(float(found.is_kept[kinds[used] != ""].mean()), 4),
        }
        print(name, rows[name], flush=True)
    used = np.flatnonzero(kinds != "mirrored")
    true = pairs_of(source[used])
    for name, pairs, seconds in hash_pairs([paths[i] for i in used]):
        at = {}
        for most in range(2 * DEFAULT_DISTANCE + 1):
            found = {(int(a), int(b)) for a, b, d in pairs if d <= most}
            at[most] = judged(found, true, kinds[used])
        best = max(
            at,
            key=lambda most: (
                at[most]["precision"]
                * at[most]["recall"]
                / max(at[most]["precision"] + at[most]["recall"], 1e-9)
            ),
        )
        for most in dict.fromkeys((DEFAULT_DISTANCE, best)):
            rows[f"imagededup {name}, distance {most}"] = {
                "n_images": len(used),
                "seconds": round(seconds, 1),
                **at[most],
            }
            print(name, most, at[most], flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=0))


if __name__ == "__main__":
    main()
