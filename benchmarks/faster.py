"""The time and memory of the present code beside those of an earlier build, in one run.

``git worktree add --detach /tmp/before 283db4b && python benchmarks/faster.py --before
/tmp/before`` writes ``benchmarks/results/faster.json``. Each case runs in a process of its own
that imports the package from one of the two, in turn, several times; the median counts. CPU
seconds are those of one thread; "fresh process" includes the imports. The cases of photographs are
commands, timed as whole processes on the wall with as many threads as they take by themselves.
Features and photographs that both need are made once.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "faster.json"
HERE = Path(__file__).parent


def _blobs(n_samples, n_features, n_classes, seed=0):
    rng = np.random.RandomState(seed)
    centers = rng.normal(size=(n_classes, n_features))
    y = np.arange(n_samples) % n_classes
    noise = 1.5 * rng.normal(size=(n_samples, n_features))
    return (centers[y] + noise).astype(np.float32), y


def _fitted(X, y, n_clusters, **params):
    from sklearn.metrics import normalized_mutual_info_score

    from skdeepcluster import DeepImageClusterer

    started = time.process_time()
    labels = DeepImageClusterer(n_clusters, random_state=0, **params).fit_predict(X)
    seconds = time.process_time() - started
    return seconds, round(float(normalized_mutual_info_score(y, labels)), 4)


def fit_of_10000(folder):
    """Fit on features of 10,000 CIFAR-10 images."""
    return _fitted(np.load(folder / "X.npy"), np.load(folder / "y.npy"), 10)


def fit_of_300(folder):
    """Fit on 300 made features of 64 columns, in a fresh process."""
    _, nmi = _fitted(*_blobs(300, 64, 5), 5)
    return time.process_time(), nmi


def start_of_100(folder):
    """Consensus of 100 clusters among 20,000, with what else an untrained fit needs."""
    return _fitted(*_blobs(20_000, 128, 100), 100, max_iter=0)


def start_of_200(folder):
    """Consensus of 200 clusters among 20,000, with what else an untrained fit needs."""
    return _fitted(*_blobs(20_000, 128, 200), 200, max_iter=0)


def auto_of_5000(folder):
    """Fit with the number of clusters chosen, on features of 5,000 CIFAR-10 images."""
    return _fitted(np.load(folder / "X.npy")[:5000], np.load(folder / "y.npy")[:5000], "auto")


def _growth(folder):
    """Folder of made features: the one that growth.py is given, or a temporary one."""
    return os.environ.get("SKDEEPCLUSTER_GROWTH", folder)


def fit_of_100000(folder):
    """Fit on 100,000 x 1280 made features in half precision: for its memory."""
    from growth import OVERLAPPING, feature_file

    features, classes = feature_file(_growth(folder), 100_000, OVERLAPPING)
    return _fitted(np.array(features), classes, 10)


def neighbors_of_100000(folder):
    """Find 20 neighbours of 100,000 x 1280 mapped features; the recall stands for the NMI."""
    return _neighbors(folder, 100_000)


def neighbors_of_1000000(folder):
    """Find 20 neighbours of 1,000,000 x 1280 mapped features; the recall stands for the NMI."""
    return _neighbors(folder, 1_000_000)


def _neighbors(folder, n_samples):
    # Torch is loaded by every fit, and is no part of the search.
    import torch  # noqa: F401
    from growth import OVERLAPPING, feature_file

    from skdeepcluster.neighbors import nearest_neighbors, neighbor_recall

    features, _ = feature_file(_growth(folder), n_samples, OVERLAPPING)
    started = time.process_time()
    neighbors = nearest_neighbors(features, 20)
    seconds = time.process_time() - started
    return seconds, round(neighbor_recall(features, neighbors), 4)


def fine_tuning_of_steel(folder):
    """Fit with two stages fine-tuned, on the 1,770 images of steel defects, nothing cached."""
    from _data import IMAGE_SIZE, load_images

    images, y = load_images("steel_defects")
    return _fitted(images, y, 6, image_size=IMAGE_SIZE, fine_tune=2, n_jobs=1)


def embed_500(folder):
    """Embed photographs of 500 px with the command, at 128 px."""
    return _embedded(folder, "500", 128)


def embed_500_at_224(folder):
    """Embed photographs of 500 px with the command, at 224 px."""
    return _embedded(folder, "500", 224)


def embed_2048(folder):
    """Embed photographs of 2,048 px with the command, at 128 px."""
    return _embedded(folder, "2048", 128)


def cluster_of_photographs(folder):
    """Cluster 500 of the photographs of 500 px with the command, number chosen, with a report."""
    import pandas as pd
    from sklearn.metrics import normalized_mutual_info_score

    with tempfile.TemporaryDirectory() as made:
        chosen = Path(made, "photographs")
        chosen.mkdir()
        photographs = sorted((folder / "500").iterdir())
        for path in photographs[:: -(-len(photographs) // 500)]:
            shutil.copyfile(path, chosen / path.name)
        result = Path(made, "result")
        options = ["--n-clusters", "auto", "--image-size", "128", "--report"]
        seconds = _command("cluster", chosen, *options, "--output", result)
        table = pd.read_csv(result / "labels.csv")
    classes = [Path(path).name.split("_")[0] for path in table["path"]]
    return seconds, round(float(normalized_mutual_info_score(classes, table["label"])), 4)


def _embedded(folder, name, image_size):
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.preprocessing import normalize

    with tempfile.TemporaryDirectory() as made:
        result = Path(made, "features.npz")
        options = ["--image-size", str(image_size), "--output", result]
        seconds = _command("embed", folder / name, *options)
        with np.load(result) as stored:
            features, paths = stored["features"], stored["paths"]
    labels = KMeans(10, n_init=3, random_state=0).fit_predict(normalize(features))
    classes = [Path(path).name.split("_")[0] for path in paths]
    return seconds, round(float(normalized_mutual_info_score(classes, labels)), 4)


def _command(*arguments):
    """Run the command of the package that is measured; seconds on the wall."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "skdeepcluster", *map(str, arguments)],
        env=_environment(),
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - started


def _environment():
    """Environment of a process with the package that is measured, and as many threads as it likes.

    Without the current folder, the package in which would come before that of PYTHONPATH.
    """
    own = {name: value for name, value in os.environ.items() if name not in _THREADS}
    return {**own, "PYTHONSAFEPATH": "1"}


_FIRST_FEATURES = """
import numpy as np
from skdeepcluster import ImageEmbedder
images = np.zeros((2, 128, 128, 3), np.uint8)
assert np.isfinite(ImageEmbedder(image_size=128).fit_transform(images)).all()
"""


def first_features(folder):
    """Embed two images in a fresh process, imports included, the network exported before; wall."""
    for _ in range(2):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", _FIRST_FEATURES], env=_environment(), check=True)
        seconds = time.perf_counter() - started
    return seconds, 1.0


def quantised_embedding(folder):
    """Embed photographs of 500 px at 128 px, wall time; with engine="int8" if there is one.

    The quality is the mean cosine with exact features.
    """
    from skdeepcluster import ImageEmbedder, backbones

    paths = sorted((folder / "500").iterdir())
    engine = "int8" if "int8" in getattr(backbones, "ENGINES", ()) else "auto"
    embedder = ImageEmbedder(image_size=128, engine=engine).fit(paths[:2])
    started = time.perf_counter()
    features = embedder.transform(paths)
    seconds = time.perf_counter() - started
    exact = ImageEmbedder(image_size=128, engine="torch").fit_transform(paths[::10])
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(features[::10], axis=1)
    return seconds, round(float(((exact * features[::10]).sum(1) / lengths).mean()), 4)


_EMBEDDING = """
import sys, time
from pathlib import Path
from skdeepcluster import ImageEmbedder
paths = sorted(Path(sys.argv[1]).glob("*.jpg"))[:200]
embedder = ImageEmbedder(image_size=128).fit(paths[:2])
embedder.transform(paths[:32])
print(flush=True)
input()
started = time.perf_counter()
embedder.transform(paths)
print(time.perf_counter() - started)
"""


def ten_embeddings(folder):
    """Embed 200 photographs in each of ten processes at once, as many threads as by default; wall.

    Until the last one is ready. The quality is the speed of all together in that of one alone.
    """
    alone, together = (max(_at_once(n, folder / "500")) for n in (1, 10))
    return together, round(10 * alone / together, 2)


def _at_once(n_processes, photographs):
    """Seconds that each of some processes takes, which start when all are ready."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _EMBEDDING, photographs],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(n_processes)
    ]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    return [float(process.communicate()[0]) for process in processes]


_FIT = """
import sys, time
import numpy as np
from sklearn.metrics import normalized_mutual_info_score
from skdeepcluster import DeepImageClusterer
X, y = (np.load(f"{sys.argv[1]}/{name}.npy")[:3000] for name in "Xy")
started = time.perf_counter()
labels = DeepImageClusterer(10, random_state=0).fit_predict(X)
print(time.perf_counter() - started, normalized_mutual_info_score(y, labels))
"""


def fit_on_busy_processors(folder):
    """Fit on features of 3,000 CIFAR-10 images, two other processes a processor computing; wall.

    As many threads as by default.
    """
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        fit = subprocess.run(
            [sys.executable, "-c", _FIT, folder],
            env=_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        for process in others:
            process.kill()
    seconds, nmi = map(float, fit.stdout.split())
    return seconds, round(nmi, 4)


def similarity_of_5000(folder):
    """Compare 1,000 scene graphs with 5,000 captions, encoding included.

    The share of captions whose graph is among the first ten stands for the NMI.
    """
    from _data import SHARED

    from skdeepcluster import SceneGraphRetriever
    from skdeepcluster.scenegraph import read_graph_lines

    records = read_graph_lines(SHARED / "flickr30k_graphs" / "val.jsonl.gz")[:1000]
    graphs = [record.graph for record in records]
    captions = [
        [
            {"text": text, "triples": triples}
            for text, triples in zip(record.captions, record.caption_triples, strict=True)
        ]
        for record in records
    ]
    est = SceneGraphRetriever(word_vectors="pairs", max_epochs=1, random_state=0)
    est.fit(graphs, captions)
    started = time.process_time()
    similarities = est.similarity(graphs, captions)
    seconds = time.process_time() - started
    owners = np.repeat(np.arange(len(graphs)), 5)
    own = similarities[owners, np.arange(len(owners))]
    return seconds, round(float(((similarities >= own).sum(axis=0) <= 10).mean()), 4)


CASES = {
    case.__name__: case
    for case in (
        *(fit_of_10000, fit_of_300, start_of_100, start_of_200, auto_of_5000),
        *(fit_of_100000, neighbors_of_100000, neighbors_of_1000000),
        fine_tuning_of_steel,
        *(embed_500, embed_500_at_224, embed_2048, cluster_of_photographs),
        *(first_features, quantised_embedding, ten_embeddings, fit_on_busy_processors),
        similarity_of_5000,
    )
}
_OF_FEATURES = ("fit_of_10000", "auto_of_5000", "fit_on_busy_processors")
_OF_PHOTOGRAPHS = (
    *("embed_500", "embed_500_at_224", "cluster_of_photographs"),
    *("quantised_embedding", "ten_embeddings"),
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def peak():
    """Most memory that this process held, in MB (Linux); that of getrusage is its parent's, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)


def measured(case, package, folder):
    """Run a case with the package of a folder; seconds, peak in MB and quality."""
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1"), "PYTHONPATH": str(package)}
    command = [sys.executable, __file__, "--child", case, "--folder", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def prepare(folder, cases, n_photographs):
    """Compute the features, and make the photographs, that the cases share."""
    sys.path.insert(0, str(HERE))
    from _data import load_set

    if set(cases) & set(_OF_FEATURES):
        data = load_set("cifar10")
        np.save(folder / "X.npy", data.X)
        np.save(folder / "y.npy", data.y)
    if set(cases) & set(_OF_PHOTOGRAPHS):
        make_photographs(folder / "500", n_photographs, (500, 375))
    if "embed_2048" in cases:
        make_photographs(folder / "2048", n_photographs, (2048, 1536))


def make_photographs(folder, n_photographs, size):
    """Enlarge images of Imagenette, with grain, without which their files would be too small."""
    from _data import load_images
    from PIL import Image

    images, classes = load_images("imagenette")
    rng = np.random.default_rng(0)
    folder.mkdir()
    rows = np.linspace(0, len(classes) - 1, n_photographs).astype(int)
    for row in rows.tolist():
        with Image.open(images[row]) as image:
            pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
        grain = rng.normal(scale=6, size=(*pixels.shape[:2], 1)).astype(np.float32)
        grainy = (pixels + grain).clip(0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(folder / f"{classes[row]}_{row:05d}.jpg", quality=88)


def compare(case, before, repeats, folder):
    """Run a case with both packages, in turn."""
    packages = {"before": before, "after": HERE.parent}
    runs: dict = {name: [] for name in packages}
    for _ in range(repeats):
        for name, package in packages.items():
            runs[name].append(measured(case, package, folder))
            print(case, name, runs[name][-1], flush=True)
    row = {
        f"{name}_{quantity}": statistics.median(run[quantity] for run in runs[name])
        for name in packages
        for quantity in ("seconds", "megabytes", "nmi")
    }
    return {**row, "ratio": round(row["after_seconds"] / row["before_seconds"], 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a folder with the earlier build")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--photographs", type=int, default=2000, help="number of each size")
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        seconds, nmi = CASES[arguments.child](arguments.folder)
        print(json.dumps({"seconds": round(seconds, 2), "megabytes": peak(), "nmi": nmi}))
        return
    if arguments.before is None:
        parser.error("--before is required")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), arguments.cases, arguments.photographs)
        from _data import machine

        rows = json.loads(RESULTS.read_text())["cases"] if RESULTS.is_file() else {}
        for case in arguments.cases:
            rows[case] = compare(case, arguments.before, arguments.repeats, Path(folder))
            RESULTS.write_text(json.dumps({"machine": machine(), "cases": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
