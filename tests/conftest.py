"""Real images for all tests: photographs that come with scikit-learn and scikit-image."""

import os

# Small tensors in many tests: threads only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images

# On a busy machine any example may take longer than the usual 200 ms.
hypothesis.settings.register_profile("skdeepcluster", deadline=None)
hypothesis.settings.load_profile("skdeepcluster")


@pytest.fixture(scope="session", autouse=True)
def own_cache_folder(tmp_path_factory):
    """Keep exported networks out of the user's cache."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def photos():
    """Photographs as (H, W, 3) uint8 arrays of different sizes, by name."""
    pagoda, dahlia = load_sample_images().images
    return {
        "astronaut": data.astronaut(),
        "cat": data.chelsea(),
        "coffee": data.coffee(),
        "dahlia": dahlia,
        "pagoda": pagoda,
    }


@pytest.fixture(scope="session")
def snapshots(photos):
    """Cut-outs of four photographs, ten each: (40, 64, 64, 3) uint8, and which photograph."""
    rng = np.random.default_rng(0)
    images, scenes = [], []
    for scene in ("astronaut", "cat", "coffee", "dahlia"):
        photo = Image.fromarray(photos[scene])
        for _ in range(10):
            side = int(min(photo.size) * rng.uniform(0.5, 0.8))
            left = int(rng.integers(photo.width - side))
            top = int(rng.integers(photo.height - side))
            cut = photo.crop((left, top, left + side, top + side)).resize((64, 64))
            images.append(np.asarray(cut))
            scenes.append(scene)
    return np.stack(images), np.array(scenes)


@pytest.fixture
def photo_folder(snapshots, tmp_path):
    """The snapshots as JPEG files in a folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, (image, scene) in enumerate(zip(*snapshots, strict=True)):
        Image.fromarray(image).save(folder / f"{scene}-{number:02}.jpg", quality=95)
    return folder


@pytest.fixture
def two_threads():
    """Let torch compute in two threads; tests have one otherwise."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
