"""The report page of many images: time to write it, its size, and how quick it is to use.

The features are synthetic blobs and the images a few photographs under many names, linked
rather than copied. Each size is measured in a process of its own. The page is opened in
Chromium without a window.
``python benchmarks/report.py`` writes ``benchmarks/results/report.json``.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from _data import machine
from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait
from skimage import data
from sklearn.datasets import make_blobs

from skdeepcluster import DeepImageClusterer
from skdeepcluster.report import write_report

RESULTS = Path(__file__).parent / "results" / "report.json"
N_CLUSTERS = 20
# From an input to the frame after the one that shows what it did.
TIME_INPUT = """
const [id, value, done] = arguments;
const started = performance.now();
byId(id).value = value;
byId(id).dispatchEvent(new Event("input", { bubbles: true }));
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
"""


def link_images(folder, n_images):
    """Write the photographs of scikit-image, 256 pixels a side, under many names."""
    scenes = [data.astronaut(), data.brick(), data.chelsea(), data.coffee(), data.grass()]
    for number, scene in enumerate(scenes):
        Image.fromarray(scene).convert("RGB").resize((256, 256)).save(folder / f"{number}.jpg")
    paths = []
    for number in range(n_images):
        path = folder / f"day-{number // 500:03}" / f"IMG_{number:06}.jpg"
        path.parent.mkdir(exist_ok=True)
        os.link(folder / f"{number % len(scenes)}.jpg", path)
        paths.append(path)
    return paths


def fit_blobs(n_images):
    """Cluster blobs of 64 dimensions, from their true labels: the fit is not what is measured."""
    X, y = make_blobs(
        n_images, 64, centers=N_CLUSTERS, cluster_std=2.5, center_box=(-3, 3), random_state=0
    )
    est = DeepImageClusterer(N_CLUSTERS, init=y, max_iter=2, random_state=0)
    return est.fit(X.astype(np.float32))


def time_ready(driver):
    """Milliseconds from navigation to a page that is filled, or None before it is."""
    return driver.execute_script("return performance.getEntriesByName('ready')[0]?.startTime")


def use_page(page):
    """Open the page and use it; milliseconds."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1400,900"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))

    def milliseconds(name, values):
        return [driver.execute_async_script(TIME_INPUT, name, value) for value in values]

    try:
        ready = []
        for _ in range(3):
            driver.get(page.as_uri())
            ready.append(WebDriverWait(driver, 60).until(time_ready))
        typed = "IMG_0123"
        keys = milliseconds("query", [typed[:end] for end in range(1, len(typed) + 1)])
        milliseconds("query", [""])
        moves = milliseconds("least", [part / 20 for part in range(1, 20)])
        milliseconds("least", [0])
        levels = milliseconds("n-groups", range(N_CLUSTERS, 1, -1))
        return {
            "ready_ms": round(statistics.median(ready)),
            "keystroke_ms": round(statistics.median(keys)),
            "slowest_keystroke_ms": round(max(keys)),
            "filter_ms": round(statistics.median(moves)),
            "slowest_filter_ms": round(max(moves)),
            "level_ms": round(statistics.median(levels)),
            "slowest_level_ms": round(max(levels)),
            "n_elements": driver.execute_script("return document.querySelectorAll('*').length"),
        }
    finally:
        driver.quit()


def measure(n_images):
    with tempfile.TemporaryDirectory() as folder:
        paths = link_images(Path(folder), n_images)
        est = fit_blobs(n_images)
        started, worked = time.perf_counter(), time.process_time()
        page = write_report(est, paths, Path(folder) / "report.html")
        return {
            # Others may have been at work on the machine: then the second figure counts.
            "load": round(os.getloadavg()[0], 1),
            "write_seconds": round(time.perf_counter() - started, 1),
            "write_cpu_seconds": round(time.process_time() - worked, 1),
            "megabytes": round(page.stat().st_size / 1e6, 2),
            "thumbnails": page.read_bytes().count(b'":"UklGR'),
            **use_page(page),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-images", type=int, nargs="+", default=[5_000, 50_000])
    options = parser.parse_args()
    results = {"machine": machine(), "n_clusters": N_CLUSTERS}
    for n_images in options.n_images:
        with multiprocessing.get_context("spawn").Pool(1) as process:
            results[str(n_images)] = process.apply(measure, [n_images])
            process.close()
            process.join()
        print(n_images, results[str(n_images)], flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
