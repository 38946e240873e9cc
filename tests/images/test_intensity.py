import threading
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from skdeepcluster import ImageEmbedder, ImageReader, read_image
from skdeepcluster.images import ImageReadError, as_image_source, fitted_source, plain_reader


def fitted(X, reader=None):
    """The source of images with a reader that has seen them."""
    return fitted_source(as_image_source(X, reader))


def pixels(source, index=0):
    return np.asarray(source.read(index))


@pytest.fixture
def dim():
    """Three images of a 16-bit camera: one is dim, one brighter, one empty."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 150, 64 * 64).reshape(64, 64)
    return [rng.poisson(100 + level * ramp).astype(np.uint16) for level in (1, 4, 0)]


def test_8_bits_are_left_as_they_are(photos):
    dark = photos["cat"] // 9
    for X in ([dark], [Image.fromarray(dark)], [torch.from_numpy(dark).permute(2, 0, 1)]):
        source = fitted(X)
        np.testing.assert_array_equal(pixels(source), dark)
        assert source.reader.intensity_range == {}


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64, np.int64, np.int16])
def test_photographs_in_other_types_look_as_they_do_in_8_bits(photos, dtype):
    photo = photos["coffee"]
    values = {
        np.uint16: photo.astype(np.uint16) * 256,
        np.float32: (photo / 255).astype(np.float32),
        np.float64: photo.astype(np.float64),
        np.int64: photo.astype(np.int64),
        np.int16: photo.astype(np.int16) * 128,
    }[dtype]
    tolerance = 1 if dtype == np.int16 else 0
    np.testing.assert_allclose(pixels(fitted([values])).astype(int), photo, atol=tolerance)


def test_the_range_of_the_images_of_the_fit_is_used_for_all(dim):
    source = fitted(dim)
    ((low, high),) = source.reader.intensity_range["integer"]
    assert 60 < low < 80 and 650 < high < 760
    # Noise of the empty image stays noise.
    assert pixels(source, 2).std() < 6 < pixels(source, 0).std() < pixels(source, 1).std()
    other = as_image_source([dim[0] * 9], source.reader)
    assert (pixels(other)[32:] == 255).all()


def test_the_range_of_each_image(dim):
    source = fitted(dim, ImageReader(intensity_range="image"))
    for index in range(3):
        shown = pixels(source, index)
        assert (shown.min(), shown.max()) == (0, 255)


def test_a_range_that_is_given():
    values = np.array([[50, 100, 200, 300, 999]], dtype=np.uint16)
    source = fitted([values], ImageReader(intensity_range=(100, 300)))
    assert pixels(source)[0, :, 0].tolist() == [0, 0, 128, 255, 255]
    source = fitted([values.astype(np.uint8)], ImageReader(intensity_range=(0, 100)))
    assert pixels(source)[0, :3, 0].tolist() == [128, 255, 255]
    colors = np.dstack([values, values, values])
    given = ((0, 200), (0, 400), (0, 1000))
    source = fitted([colors], ImageReader(intensity_range=given))
    assert pixels(source)[0, 1].tolist() == [128, 64, 26]
    with pytest.raises(ImageReadError, match="image 0: intensity_range has 2 pairs for 3"):
        fitted([colors], ImageReader(intensity_range=given[:2])).read(0)


@pytest.mark.parametrize(
    "wrong", [(1, 1), (3, 2), (1,), (1, 2, 3), ("a", "b"), (0, np.nan), [[0, 1], [2, 2]]], ids=repr
)
def test_ranges_that_are_none(wrong):
    with pytest.raises(ValueError, match="intensity_range"):
        as_image_source([np.zeros((8, 8))], ImageReader(intensity_range=wrong))


def test_the_type_decides_on_request_and_warns_of_few_grey_levels(dim):
    with pytest.warns(UserWarning, match=r"integer: \d+ to \d+\) use less than a sixteenth"):
        source = fitted(dim, ImageReader(intensity_range="dtype"))
    np.testing.assert_array_equal(pixels(source, 1)[:, :, 0], dim[1] >> 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        full = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
        fitted([full], ImageReader(intensity_range="dtype"))


def test_kinds_of_values_have_a_range_each(dim):
    mixed = [*dim, dim[0].astype(np.float32) / 1e4, dim[1].astype(np.uint8)]
    source = fitted(mixed)
    assert set(source.reader.intensity_range) == {"integer", "float"}
    assert len(np.unique(pixels(source, 3))) > 150
    np.testing.assert_array_equal(pixels(source, 4)[:, :, 0], mixed[4])


def test_values_of_a_kind_that_was_not_fitted_have_their_own_range(dim):
    source = fitted(dim)
    shown = pixels(as_image_source([np.linspace(5, 9, 64).reshape(8, 8)], source.reader))
    assert (shown.min(), shown.max()) == (0, 255)


def test_bytes_in_the_other_order(dim):
    for dtype in (">u2", ">f4", ">i2"):
        np.testing.assert_array_equal(
            pixels(fitted([dim[0].astype(dtype)])), pixels(fitted([dim[0].astype(dtype[1:])]))
        )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.where(np.eye(8), np.nan, 0.5), "8 of its 64 pixels are NaN"),
        (np.random.default_rng(0).normal(size=(8, 8, 3)), "Leave that out"),
    ],
)
def test_values_that_no_range_helps(values, message):
    with pytest.raises(ImageReadError, match=f"image 0: .*{message}"):
        fitted([values]).read(0)


def test_negative_values_are_scaled_where_they_are_no_colours():
    hounsfield = np.linspace(-1000, 3000, 4096).reshape(64, 64)
    for values in (hounsfield, hounsfield.astype(np.int16), hounsfield.astype(np.float32)):
        shown = pixels(fitted([values])).astype(int)[:, :, 0].ravel()
        np.testing.assert_allclose(shown, np.linspace(0, 255, 4096), atol=1.5)


def test_one_value_everywhere_is_not_black():
    assert (pixels(fitted([np.full((8, 8), 0.5)])) == 128).all()
    assert (pixels(fitted([np.full((8, 8), 0x8000, np.uint16)])) == 128).all()


def test_opacity_of_16_bits_shows_white(dim):
    opacity = np.zeros_like(dim[1])
    opacity[:32] = 65535
    reader = ImageReader(intensity_range=(0, 900))
    shown = pixels(fitted([np.dstack([dim[1]] * 3 + [opacity])], reader))
    np.testing.assert_array_equal(shown[:32], pixels(fitted([dim[1]], reader))[:32])
    assert (shown[32:] == 255).all()


def test_a_file_alone_has_its_own_range(dim, tmp_path):
    Image.fromarray(dim[0]).save(tmp_path / "a.png")
    shown = read_image(tmp_path / "a.png")
    assert (shown.min(), shown.max()) == (0, 255)
    reader = ImageReader(intensity_range={"integer": [[0, 25500]]})
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png", reader)[:, :, 0], np.rint(dim[0] / 100)
    )


def test_a_sample_of_many_images_is_looked_at(dim, monkeypatch):
    read = []

    source = as_image_source(np.stack([dim[0]] * 600))
    opened = type(source).opened
    monkeypatch.setattr(
        type(source), "opened", lambda self, i, *args: read.append(i) or opened(self, i, *args)
    )
    fitted_source(source)
    assert len(read) == 256 and {0, 599} <= set(read)


def test_images_of_one_value_are_not_black_whatever_is_asked_for():
    for reader in (None, ImageReader(intensity_range="dataset")):
        assert (pixels(fitted([np.ones((8, 8), bool)], reader)) == 255).all()
        assert (pixels(fitted([np.full((8, 8), 77, np.uint8)], reader)) == 77).all()
        assert (pixels(fitted([np.full((8, 8), 0x8000, np.uint16)], reader)) == 128).all()


def test_a_few_overexposed_images_do_not_set_the_range(dim):
    images = [dim[0]] * 40
    images[3] = images[20] = np.full_like(dim[0], 65535)
    ((_, high),) = fitted(images).reader.intensity_range["integer"]
    assert high < 300


def test_hot_pixels_do_not_set_the_range(dim):
    images = [image.copy() for image in dim]
    for image in images:
        image[0, :2] = 60_000
    ((_, high),) = fitted(images).reader.intensity_range["integer"]
    assert high < 1000


def test_a_few_bright_images_that_leave_little_to_the_others_are_warned_of():
    ramp = np.tile(np.arange(64), (64, 1))
    dim = [(100 + n + 4 * ramp).astype(np.uint16) for n in range(18)]
    bright = [(1000 * ramp + 100).astype(np.uint16)] * 2
    with pytest.warns(UserWarning, match=r"18 of 20 .* few grey levels .*image 0"):
        fitted(dim + bright)
    for X in (dim, dim[:4] + bright * 3):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(dim + bright, ImageReader(intensity_range="image"))


@pytest.mark.filterwarnings("ignore:Values of the images .* use less")
@pytest.mark.parametrize("intensity_range", ["auto", "image", "dtype", (0, 900)])
def test_images_are_looked_at_once(dim, intensity_range):
    looked_at = []

    def read(name):
        looked_at.append(name)
        return dim[int(name[0])]

    given = ImageReader(read, intensity_range=intensity_range)
    source = fitted_source(as_image_source(["0.x", "1.x", "2.x"], given), n_jobs=1)
    assert looked_at == ["0.x", "1.x", "2.x"]
    for part in (source, source.subset([1]), source.subset([2, 1]).cut([0])):
        for reader in (None, source.reader):
            assert plain_reader(fitted_source(as_image_source(part, reader)).reader) == (
                plain_reader(source.reader)
            )
    as_image_source(["0.x"], source.reader)
    assert len(looked_at) == 3
    # The reader that the user has is not a fitted one.
    fitted_source(as_image_source(["0.x", "1.x"], given))
    assert len(looked_at) == 5


def test_frames_that_are_not_used_are_warned_of_once(dim, tmp_path):
    pages = [Image.fromarray(image) for image in dim]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    X, reader = [tmp_path / "a.tif"], ImageReader(intensity_range="image")
    with pytest.warns(UserWarning, match="several frames") as caught:
        embedder = ImageEmbedder(image_size=32, engine="torch", reader=reader).fit(X)
        ImageEmbedder(image_size=32, engine="torch", reader=embedder.reader_).fit(X)
    assert len(caught) == 1


def test_one_job_looks_in_the_thread_of_the_caller(dim):
    threads = set()

    def read(name):
        threads.add(threading.current_thread())
        return dim[int(name[0])]

    fitted_source(as_image_source(["0.x", "1.x", "2.x"], read), n_jobs=1)
    assert threads == {threading.current_thread()}
