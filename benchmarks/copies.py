"""How many made copies of images are found among 10,000, and how many look-alikes besides.

The images are Imagenette and every second class of Caltech-101, and copies of some: resized to 50
to 80 %, recompressed (JPEG quality 30 to 60), cropped to 90 % of both sides, mirrored; in random
order. Pairs of images of one original are right. Copies that Caltech-101 itself holds are left out;
Imagenette has none. Beside it the hashes of imagededup (``pip install imagededup``): pairs within
its default distance, and within the one that would have been best. ``python benchmarks/copies.py``
writes ``benchmarks/results/copies.json``.

``--limits`` prints the limits of ``skdeepcluster/duplicates/_comparison.py`` that have the highest
F-score (beta 0.5) on other images, the other classes of Caltech-101 and the steel defects, and such
copies of 500 of them.
"""

import json
import sys
import time
from collections import Counter
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _data import CACHE, load_images, machine
from _natural_copies import CALTECH101, STEEL
from PIL import Image, ImageOps

from skdeepcluster import ImageEmbedder, find_duplicates
from skdeepcluster.duplicates._comparison import Comparison
from skdeepcluster.duplicates._hashes import hash_images
from skdeepcluster.images import as_image_source

RESULTS = Path(__file__).parent / "results" / "copies.json"
FOLDER = CACHE / "images" / "copies"
N_IMAGES = 10_000
N_ORIGINALS_FOR_LIMITS = 500
KINDS = ("resized", "recompressed", "cropped", "mirrored")
DEFAULT_DISTANCE = 10


class Collection(NamedTuple):
    """Paths of originals and made copies, the kinds ("" of an original), the originals' numbers."""

    paths: list
    kinds: np.ndarray
    sources: np.ndarray

    def taken(self, rows):
        """Take some of the images."""
        return Collection([self.paths[row] for row in rows], self.kinds[rows], self.sources[rows])

    @property
    def pairs(self):
        """Positions of copies of one image, as a set of pairs."""
        return pairs_of(self.sources)


def originals(name, natural_copies=(), part=None):
    """Images without their natural copies; of a part, those of every second class."""
    paths = [
        path for path in load_images(name)[0] if "/".join(path.parts[-2:]) not in natural_copies
    ]
    classes = sorted({path.parent.name for path in paths})
    return [path for path in paths if part is None or path.parent.name in classes[part::2]]


def with_copies(originals, n_chosen, seed):
    """Make copies of random images, one of each kind, and mix them with all."""
    rng = np.random.default_rng(seed)
    folder = FOLDER / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths, kinds, sources = [*originals], [""] * len(originals), [*range(len(originals))]
    for source in map(int, rng.permutation(len(originals))[:n_chosen]):
        for kind in KINDS:
            share, left, top = rng.uniform(0.5, 0.8), *rng.uniform(0, 0.1, 2)
            quality = int(rng.integers(30, 61)) if kind == "recompressed" else 90
            path = folder / f"{source}-{kind}.jpg"
            if not path.is_file():
                make_copy(originals[source], kind, share, left, top).save(path, quality=quality)
            paths.append(path)
            kinds.append(kind)
            sources.append(source)
    mixed = rng.permutation(len(paths))
    return Collection(paths, np.array(kinds), np.array(sources)).taken(mixed)


def make_copy(path, kind, share, left, top):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    if kind == "resized":
        return image.resize((int(width * share), int(height * share)))
    if kind == "cropped":
        x, y = int(left * width), int(top * height)
        return image.crop((x, y, x + int(0.9 * width), y + int(0.9 * height)))
    return ImageOps.mirror(image) if kind == "mirrored" else image


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


def shares_kept(is_kept, images):
    """Share of the originals that have copies, and of the copies of each kind, that are kept."""
    has_copies = np.isin(images.sources, images.sources[images.kinds != ""])
    rows = {kind: (images.kinds == kind) & has_copies for kind in ("", *KINDS)}
    return {
        kind or "originals": round(float(is_kept[row].mean()), 4)
        for kind, row in rows.items()
        if row.any()
    }


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


def judge():
    images = [*originals("imagenette"), *originals("caltech101", CALTECH101, part=1)]
    every = with_copies(images, (N_IMAGES - len(images)) // len(KINDS), seed=1)
    unmirrored = every.taken(np.flatnonzero(every.kinds != "mirrored"))
    rows = {}
    for name, images in {"": unmirrored, ", mirrored=True": every}.items():
        began = time.perf_counter()
        found = find_duplicates(images.paths, mirrored=bool(name), memory=CACHE)
        rows[f"find_duplicates{name}"] = {
            "n_images": len(images.paths),
            "seconds": round(time.perf_counter() - began, 1),
            **judged(pairs_of(found.groups), images.pairs, images.kinds),
            "kept": shares_kept(found.is_kept, images),
        }
        print(name, rows, flush=True)
    true = unmirrored.pairs
    for name, pairs, seconds in hash_pairs(unmirrored.paths):
        at = {}
        for most in range(2 * DEFAULT_DISTANCE + 1):
            found = {(int(a), int(b)) for a, b, d in pairs if d <= most}
            at[most] = judged(found, true, unmirrored.kinds)
        best = max(at, key=lambda most: f_beta(at[most]["precision"], at[most]["recall"]))
        for most in dict.fromkeys((DEFAULT_DISTANCE, best)):
            rows[f"imagededup {name}, distance {most}"] = {
                "n_images": len(unmirrored.paths),
                "seconds": round(seconds, 1),
                **at[most],
            }
            print(name, most, at[most], flush=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=0))


def find_limits():
    """Print the limits with the highest score, mean of with and without mirror images."""
    images = [
        *originals("caltech101", CALTECH101, part=0),
        *originals("steel_defects", STEEL),
    ]
    every = with_copies(images, N_ORIGINALS_FOR_LIMITS, seed=0)
    scores = Counter()
    for mirrored in (False, True):
        kept = np.flatnonzero(mirrored | (every.kinds != "mirrored"))
        images = every.taken(kept)
        features = ImageEmbedder(image_size=128, memory=CACHE).fit_transform(images.paths)
        hashes = hash_images(as_image_source(images.paths, None), np.arange(len(kept)))
        comparison = Comparison(features, hashes, mirrored)
        pairs = comparison.candidates()
        cosines, colors = comparison.cosines(pairs), comparison.color_distances(pairs)
        bits, n_true = comparison.n_bits_apart(pairs), len(images.pairs)
        are_copies = images.sources[pairs[:, 0]] == images.sources[pairs[:, 1]]
        for least, alike, color in product((0.3, 0.4, 0.5, 0.6), (0.6, 0.7, 0.8), (20, 30, 40)):
            near = (cosines >= least) & (colors <= color)
            for most, more in combinations_with_replacement(range(16, 33, 2), 2):
                found = near & (bits <= np.where(cosines >= alike, more, most))
                n_right = np.count_nonzero(found & are_copies)
                score = f_beta(n_right / max(np.count_nonzero(found), 1), n_right / n_true)
                scores[least, most, alike, more, color] += score / 2
    print("least cosine, bits, alike, bits if alike, colour: score")
    for limits, score in scores.most_common(10):
        print(*limits, round(score, 5))


def f_beta(precision, recall, beta=0.5):
    """F-score in which precision counts more: a wrong copy may be deleted."""
    return (1 + beta**2) * precision * recall / max(beta**2 * precision + recall, 1e-9)


if __name__ == "__main__":
    find_limits() if "--limits" in sys.argv else judge()
