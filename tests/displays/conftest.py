import matplotlib.pyplot
import pytest
from sklearn.datasets import load_digits

from skdeepcluster import DeepImageClusterer

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="session")
def digits():
    """Three digits as features, their classes and images."""
    bunch = load_digits(n_class=3)
    images = (16 - bunch.images).clip(0, 15).astype("uint8") * 16
    return bunch.data, bunch.target, images


@pytest.fixture(scope="session")
def clusterer(digits):
    return DeepImageClusterer(3, max_iter=4, random_state=0).fit(digits[0])
