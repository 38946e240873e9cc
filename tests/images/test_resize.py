import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from skdeepcluster.images import Resizing


@pytest.mark.parametrize("size", [32, 96, 224])
@pytest.mark.parametrize("crop_fraction", [0.875, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(300, 451), (451, 300), (64, 64), (37, 211)])
def test_equals_resize_then_crop(photos, size, crop_fraction, shape):
    """The usual two steps, as torchvision does them on Pillow images."""
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    image = Image.fromarray(photos["cat"]).resize(shape)
    steps = Compose(
        [
            Resize(int(np.floor(size / crop_fraction)), InterpolationMode.BICUBIC),
            CenterCrop(size),
        ]
    )
    expected = np.asarray(steps(image)).astype(int)
    found = Resizing(size, crop_fraction)(image).astype(int)
    assert np.abs(found - expected).max() <= 2


@given(width=st.integers(1, 300), height=st.integers(1, 300), size=st.integers(16, 64))
@settings(max_examples=60)
def test_any_image_becomes_a_square(width, height, size):
    pixels = Resizing(size, 0.875)(Image.new("RGB", (width, height), (1, 2, 3)))
    assert pixels.shape == (size, size, 3)
    assert (pixels == [1, 2, 3]).all()
