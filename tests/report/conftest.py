"""Coloured shapes in files, clustered by their colours, and what the report makes of them."""

import copy
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from skdeepcluster import DeepImageClusterer

COLORS = ["crimson", "darkorange", "gold", "seagreen", "teal", "royalblue", "purple", "sienna"]
SIZES = [95, 85, 75, 65, 60, 50, 40, 30]


def draw_shape(color, rng):
    """A disc of about the colour, somewhere on grey; 96 x 72 pixels."""
    image = Image.new("RGB", (96, 72), tuple(rng.integers(170, 230, 3).tolist()))
    center, radius = rng.integers(25, 48, 2), rng.integers(14, 24)
    box = [*(center - radius).tolist(), *(center + radius).tolist()]
    ImageDraw.Draw(image).ellipse(box, fill=color)
    return image


def colors_of(paths):
    """Features: the images at 4 x 4 pixels."""
    return np.stack([np.asarray(Image.open(path).resize((4, 4))) for path in paths]).reshape(
        len(paths), -1
    ) / np.float32(255)


def cluster(paths, labels):
    """Fit on colours, starting from the labels."""
    n_clusters = int(labels.max()) + 1
    est = DeepImageClusterer(
        n_clusters, init=labels, max_iter=6, n_neighbors=5, batch_size=64, random_state=0
    )
    return est.fit(colors_of(paths))


def write_shapes(folder, sizes):
    """Files of coloured shapes, and the number of each one's colour."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    paths = [
        folder / f"{COLORS[label]}-{number:03}.jpg" for number, label in enumerate(labels.tolist())
    ]
    for path, label in zip(paths, labels, strict=True):
        draw_shape(COLORS[label], rng).save(path)
    return paths, labels


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """500 files of eight colours, and their clustering."""
    paths, labels = write_shapes(tmp_path_factory.mktemp("shapes"), SIZES)
    est = cluster(paths, labels)
    return paths, est.set_cluster_names({0: "red & <b>round</b>"})


@pytest.fixture(scope="session")
def dozen(tmp_path_factory):
    paths, labels = write_shapes(tmp_path_factory.mktemp("dozen"), [6, 4, 2])
    return paths, cluster(paths, labels)


@pytest.fixture
def clustering(dozen, tmp_path):
    """A dozen files of three colours, and their clustering; both may be changed."""
    paths, est = dozen
    folder = shutil.copytree(paths[0].parent, tmp_path / "dozen")
    return [folder / path.name for path in paths], copy.deepcopy(est)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium, if there is one; pages are opened with nothing stored."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    from ._browser import Browser

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("there is no Chromium with a driver: apt-get install chromium chromium-driver")
    browser = Browser(chromium, driver, tmp_path_factory.mktemp("downloads"))
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="session")
def page(shapes, tmp_path_factory):
    pytest.importorskip("jinja2", reason="reports need jinja2")
    from skdeepcluster.report import write_report

    paths, est = shapes
    folder = tmp_path_factory.mktemp("report")
    return write_report(est, paths, folder / "report.html", title="Shapes & colours")


@pytest.fixture
def screenshots(tmp_path):
    folder = Path(os.environ.get("SKDEEPCLUSTER_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    return browser
