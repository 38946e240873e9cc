"""How fast, and in how much memory: embedding, ``fit``, PEDCC, MMD.

Each figure stands beside the way a user, or the published code, would do it, measured in the
same run. ``python benchmarks/speed.py`` writes ``benchmarks/results/speed.json``.
"""

import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from _data import load_images, machine

RESULTS = Path(__file__).parent / "results" / "speed.json"
SIZE = 224


class Peak:
    """Most memory that the process held since this was made, above what it held then (Linux)."""

    def __init__(self):
        Path("/proc/self/clear_refs").write_text("5")
        self.before = self._read("VmRSS")

    def _read(self, name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

    def megabytes(self):
        """Return what was needed so far."""
        return self._read("VmHWM") - self.before


def timed(function, repeats):
    """Median of the seconds, and the last result."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), result


class Photos(torch.utils.data.Dataset):
    """What a user would write: Pillow and torchvision's transforms."""

    def __init__(self, paths):
        from torchvision import transforms

        self.paths = paths
        self.transform = transforms.Compose(
            [
                transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
                transforms.CenterCrop(SIZE),
                transforms.ToTensor(),
                transforms.Normalize([127 / 255] * 3, [128 / 255] * 3),
            ]
        )

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        from PIL import Image

        return self.transform(Image.open(self.paths[index]).convert("RGB"))


def plain_loop(paths):
    from skdeepcluster.backbones import load_backbone

    network = load_backbone("efficientnet_lite0").network
    loader = torch.utils.data.DataLoader(Photos(paths), batch_size=32, num_workers=2)
    with torch.inference_mode():
        return np.concatenate([network(batch).numpy() for batch in loader])


def _median(rounds, figure):
    return statistics.median(map(figure, rounds))


def _embed_once(paths):
    from skdeepcluster import ImageEmbedder

    plain_seconds, plain = timed(lambda: plain_loop(paths), 1)
    with tempfile.TemporaryDirectory() as memory:
        embedder = ImageEmbedder(memory=memory).fit(paths)
        seconds, features = timed(lambda: embedder.transform(paths), 1)
        again = ImageEmbedder(memory=memory).fit(paths)
        again_seconds, _ = timed(lambda: again.transform(paths), 3)
    return {
        "plain": plain,
        "plain_seconds": plain_seconds,
        "features": features,
        "seconds": seconds,
        "again_seconds": again_seconds,
    }


def embedding(n_images=1500):
    from skdeepcluster import ImageEmbedder

    paths, _ = load_images("imagenette")
    paths = paths[:: max(1, len(paths) // n_images)][:n_images]
    ImageEmbedder().fit_transform(paths[:32])  # exports the network once
    rounds = [_embed_once(paths) for _ in range(3)]
    plain, features = rounds[-1]["plain"], rounds[-1]["features"]
    cosine = (plain * features).sum(1) / np.linalg.norm(plain, axis=1)
    cosine /= np.linalg.norm(features, axis=1)
    return {
        "images": len(paths),
        "plain_loop_per_second": _median(rounds, lambda r: len(paths) / r["plain_seconds"]),
        "embedder_per_second": _median(rounds, lambda r: len(paths) / r["seconds"]),
        "times_as_fast": _median(rounds, lambda r: r["plain_seconds"] / r["seconds"]),
        "cached_run_times_as_fast": _median(rounds, lambda r: r["seconds"] / r["again_seconds"]),
        "least_cosine": float(cosine.min()),
    }


def _fit(queue):
    from skdeepcluster import DeepImageClusterer

    rng = np.random.default_rng(0)
    X = rng.standard_normal((10_000, 1280), dtype=np.float32)
    X += 3 * rng.standard_normal((10, 1280), dtype=np.float32)[np.arange(10_000) % 10]
    DeepImageClusterer(2, max_iter=1, random_state=0).fit(X[:100])  # imports
    peak = Peak()
    started = time.perf_counter()
    est = DeepImageClusterer(10, random_state=0).fit(X)
    seconds = time.perf_counter() - started
    megabytes = peak.megabytes()
    queue.put({"seconds": seconds, "epochs": est.n_iter_, "MB_above_the_data": megabytes})


def fit_features():
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_fit, args=(queue,))
    process.start()
    result = queue.get()
    process.join()
    return result


def published_pedcc(k, d, steps=200):
    """Charged particles on a sphere: loops over pairs, step by step."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(k, d))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    velocity = np.zeros_like(points)
    for _ in range(steps):
        for i in range(k):
            force = np.zeros(d)
            for j in range(k):
                if i != j:
                    apart = points[i] - points[j]
                    force += apart / np.linalg.norm(apart) ** 3
            force -= (force @ points[i]) * points[i]
            velocity[i] = force * 1e-2
        points += velocity
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


def off_by(centroids):
    centroids = np.asarray(centroids, dtype=np.float64)
    cosines = (centroids @ centroids.T)[~np.eye(len(centroids), dtype=bool)]
    return float(np.abs(cosines + 1 / (len(centroids) - 1)).max())


def centroids():
    from skdeepcluster.latent import pedcc

    rows = {}
    for k, d in ((10, 100), (100, 512)):
        slow, published = timed(lambda k=k, d=d: published_pedcc(k, d), 1)
        fast, ours = timed(lambda k=k, d=d: pedcc(k, d, random_state=0), 9)
        rows[f"k={k} d={d}"] = {
            "published_seconds": slow,
            "seconds": fast,
            "times_as_fast": slow / fast,
            "published_cosines_off_by": off_by(published),
            "cosines_off_by": off_by(ours),
        }
    return rows


def published_mmd(latents, centroids):
    """Write out every difference of all pairs: (2b, 2b, d) numbers."""
    b = len(latents)
    joined = torch.cat([latents, centroids.repeat_interleave(b // len(centroids), dim=0)])
    differences = joined[None, :, :] - joined[:, None, :]
    distances = (differences**2).sum(2)
    n = len(joined)
    bandwidth = distances.detach().sum() / (n * n - n)
    kernel = sum(torch.exp(-distances / (bandwidth * 2.0**j)) for j in range(-2, 3))
    return kernel[:b, :b].mean() + kernel[b:, b:].mean() - 2 * kernel[:b, b:].mean()


def mmd_case(which, d):
    """Forward and backward pass once warm; prints seconds and MB above the start."""
    from skdeepcluster.latent import MMDLoss, pedcc

    b, k = 500, 10
    target = pedcc(k, d, random_state=0)
    loss = MMDLoss(target, torch.full((k,), 1 / k))
    torch.manual_seed(0)
    latents = torch.nn.functional.normalize(torch.randn(b, d), dim=1).requires_grad_()

    def step():
        value = published_mmd(latents, target) if which == "published" else loss(latents)
        value.backward()
        return float(value.detach())

    warm = torch.nn.Linear(d, 1)(latents).sum()  # threads and their pools
    warm.backward()
    peak = Peak()
    step()
    megabytes = peak.megabytes()
    seconds, value = timed(step, 5)
    print(json.dumps({"seconds": seconds, "MB": megabytes, "value": value}))


def mmd():
    rows = {}
    for d in (64, 128, 512):
        both = {}
        for which in ("published", "ours"):
            command = [sys.executable, __file__, "mmd", which, str(d)]
            found = subprocess.run(command, capture_output=True, text=True, check=True)
            both[which] = json.loads(found.stdout)
        both["times_as_fast"] = both["published"]["seconds"] / both["ours"]["seconds"]
        rows[f"b=500 d={d}"] = both
    return rows


def import_seconds():
    def seconds(code):
        return timed(lambda: subprocess.check_call([sys.executable, "-c", code]), 5)[0]

    empty = seconds("pass")
    return {
        "package": seconds("import skdeepcluster") - empty,
        "estimator": seconds("from skdeepcluster import DeepImageClusterer") - empty,
        "torch_and_scikit-learn_alone": seconds("import torch, sklearn.cluster") - empty,
    }


def main():
    results = {"machine": machine()}
    parts = [import_seconds, embedding, fit_features, centroids, mmd]
    for part in parts:
        results[part.__name__] = part()
        print(part.__name__, json.dumps(results[part.__name__], indent=1), flush=True)
    RESULTS.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["mmd"]:
        mmd_case(sys.argv[2], int(sys.argv[3]))
    else:
        main()
