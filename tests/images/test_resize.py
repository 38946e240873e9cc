import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from skdeepcluster.images import Resizing, _resize


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


@pytest.fixture
def panorama():
    """A 4:1 image whose ends are red and blue, and whose middle is grey."""
    pixels = np.full((40, 160, 3), 128, dtype=np.uint8)
    pixels[:, :40] = 255, 0, 0
    pixels[:, 120:] = 0, 0, 255
    return Image.fromarray(pixels)


def test_ends_of_elongated_images(panorama):
    resizing = Resizing(32, crop_fraction=0.875)
    cropped = resizing(panorama)
    assert (cropped == 128).all()
    squashed = resizing(panorama, "squash")
    assert squashed[16, 0].tolist() == [255, 0, 0] and squashed[16, -1].tolist() == [0, 0, 255]
    padded = resizing(panorama, "pad")
    assert padded[16, 0].tolist() == [255, 0, 0] and padded[16, -1].tolist() == [0, 0, 255]
    assert padded[0].std(axis=0).max() == 0 and (padded[0] == padded[-1]).all()
    upright = resizing(panorama.transpose(Image.Transpose.TRANSPOSE), "pad")
    np.testing.assert_array_equal(upright, padded.swapaxes(0, 1))


@pytest.mark.parametrize("aspect", ["pad", "squash"])
def test_square_images_are_kept_whole(photos, aspect):
    photo = Image.fromarray(photos["astronaut"])
    whole = np.asarray(photo.resize((64, 64), Image.Resampling.BICUBIC))
    found = Resizing(64, crop_fraction=0.875)(photo, aspect)
    assert np.abs(found.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("aspect", ["pad", "squash"])
def test_images_of_one_pixel_in_height(aspect):
    assert Resizing(32)(Image.new("RGB", (500, 1)), aspect).shape == (32, 32, 3)


@pytest.mark.parametrize("aspect", ["crop", "pad", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("shape", [(640, 427), (427, 640), (512, 512), (1900, 150)])
def test_processors_with_and_without_vectors_see_the_same(
    photos, monkeypatch, aspect, interpolation, shape
):
    image = Image.fromarray(photos["pagoda"]).resize(shape)
    resizing = Resizing(96, 0.875, interpolation)
    found = {}
    for has_vectors in (False, True):
        monkeypatch.setattr(_resize, "_HAS_VECTORS", has_vectors)
        found[has_vectors] = resizing(image, aspect).astype(int)
    differences = np.abs(found[True] - found[False])
    assert differences.max() <= 2 and (differences > 0).mean() < 0.02


def test_images_that_become_larger_are_as_pillow_makes_them(photos):
    photo = Image.fromarray(photos["cat"]).resize((96, 96))
    larger = np.asarray(photo.resize((128, 128), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(Resizing(128)(photo), larger)
