"""Take the picture of the report page, ``report.webp``: ``python docs/figures/report.py``.

Needs selenium and Chromium (``apt-get install chromium chromium-driver``).
"""

import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from selenium import webdriver
from skimage import data
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import DeepImageClusterer
from skdeepcluster.report import write_report

WIDTH, HEIGHT = 1280, 860
N_CROPS = 24


def draw_snapshots():
    """Crops of eight photographs, and what is on each."""
    pagoda, dahlia = load_sample_images().images
    photographs = {
        "galaxies": data.hubble_deep_field(),
        "pagoda": pagoda,
        "dahlia": dahlia,
        "astronaut": data.astronaut(),
        "cat": data.chelsea(),
        "coffee": data.coffee(),
        "bricks": np.repeat(data.brick()[..., None], 3, axis=2),
        "grass": np.repeat(data.grass()[..., None], 3, axis=2),
    }
    crops = [
        extract_patches_2d(image, (200, 200), max_patches=N_CROPS, random_state=0)
        for image in photographs.values()
    ]
    return np.concatenate(crops), np.repeat(list(photographs), N_CROPS)


def photograph(page):
    """Show the page in a browser, as it is when it is opened."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox"):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as driver:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(page.as_uri())
        return Image.open(io.BytesIO(driver.get_screenshot_as_png()))


def main():
    """Cluster the crops, name the clusters by what is on most, and take the picture."""
    images, names = draw_snapshots()
    est = DeepImageClusterer(8, image_size=128, random_state=0).fit(images)
    of_clusters = [names[est.labels_ == label] for label in range(8)]
    est.set_cluster_names([max(set(of), key=list(of).count) for of in of_clusters])
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(est, images, Path(folder) / "report.html", title="Snapshots")
        picture = photograph(page)
    picture.convert("RGB").save(Path(__file__).with_suffix(".webp"), quality=85, method=6)


if __name__ == "__main__":
    main()
