"""Which values of 16-bit images should be black and white: made cells, clustered by each rule.

    python benchmarks/intensity_range.py

prints a row of the table in docs/guide/science.md for each set of images: the mean adjusted Rand
index of three seeds, on features of the default backbone at 128 pixels.
"""

import warnings

import numpy as np
from sklearn.metrics import adjusted_rand_score

from skdeepcluster import DeepImageClusterer, ImageEmbedder, ImageReader

SIDE = 128
OFFSET = 100
N_IMAGES = 40  # of each kind
RULES = ("dtype", "image", "auto")
SEEDS = range(3)


def nuclei(rng):
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.zeros((SIDE, SIDE))
    for _ in range(rng.integers(4, 8)):
        row, column = rng.uniform(20, SIDE - 20, 2)
        edge = (rng.uniform(8, 14) - np.hypot(y - row, x - column)) / 3
        image = np.maximum(image, np.clip(edge, 0, 1))
    return image


def filaments(rng):
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    image = np.zeros((SIDE, SIDE))
    for _ in range(rng.integers(8, 14)):
        angle, shift = rng.uniform(0, np.pi), rng.uniform(-SIDE / 2, SIDE / 2)
        distance = x * np.sin(angle) - y * np.cos(angle) - shift
        image = np.maximum(image, np.exp(-((distance / 2) ** 2)))
    return image


def spots(rng):
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.zeros((SIDE, SIDE))
    for _ in range(rng.integers(60, 100)):
        row, column = rng.uniform(0, SIDE, 2)
        image = np.maximum(image, np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8))
    return image


def empty(rng):
    return np.zeros((SIDE, SIDE))


def make_images(amplitude, n_empty=0, exposure=(1, 1), n_hot_pixels=0, n_overexposed=0):
    """Images as a camera counts photons, (n, side, side) uint16, and of which kind each is."""
    rng = np.random.default_rng(0)
    images, kinds = [], []
    for kind, draw in enumerate((nuclei, filaments, spots, empty)):
        for _ in range(n_empty if draw is empty else N_IMAGES):
            counts = rng.poisson(OFFSET + amplitude * rng.uniform(*exposure) * draw(rng))
            hot = tuple(rng.integers(SIDE, size=(2, n_hot_pixels)))
            counts[hot] = 60_000
            images.append(np.clip(counts, 0, 65535).astype(np.uint16))
            kinds.append(kind)
    for number in range(n_overexposed):
        images[7 * number][:] = 65535
    return np.stack(images), np.array(kinds)


def make_stained():
    """Nuclei of the same shape that are stained weakly, more or strongly."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), N_IMAGES)
    images = [rng.poisson(OFFSET + 50 * 3.0**kind * nuclei(rng)) for kind in kinds]
    return np.stack(images).astype(np.uint16), kinds


SETS = {
    "60,000 counts": make_images(60_000),
    "3,900 counts": make_images(3900),
    "150 counts": make_images(150),
    "40 counts": make_images(40),
    "150 counts, and 13 empty images": make_images(150, n_empty=13),
    "40 counts, and 13 empty images": make_images(40, n_empty=13),
    "150 counts, exposed 0.2 to 1.8 times": make_images(150, exposure=(0.2, 1.8)),
    "150 counts, five hot pixels in each": make_images(150, n_hot_pixels=5),
    "150 counts, three overexposed": make_images(150, n_overexposed=3),
    "nuclei of 50, 150 and 450 counts": make_stained(),
}

if __name__ == "__main__":
    print("| images |", " | ".join(f'`"{rule}"`' for rule in RULES), "|")
    print("|---" * (1 + len(RULES)) + "|")
    for name, (images, kinds) in SETS.items():
        scores = []
        for rule in RULES:
            embedder = ImageEmbedder(image_size=SIDE, reader=ImageReader(intensity_range=rule))
            with warnings.catch_warnings():
                # Of few grey levels, and of clusters that cannot be filled.
                warnings.simplefilter("ignore")
                features = embedder.fit_transform(images)
                fitted = [
                    DeepImageClusterer(len(set(kinds)), random_state=seed).fit(features)
                    for seed in SEEDS
                ]
            found = [adjusted_rand_score(kinds, each.labels_) for each in fitted]
            scores.append(f"{np.mean(found):.2f}")
        print(f"| {name} |", " | ".join(scores), "|", flush=True)
