"""Values that are missing leave the contrast to the others, and are black."""

import warnings

import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ImageReader
from skdeepcluster.images import ImageReadError, as_image_source, fitted_source

RAMP = np.tile(np.linspace(0.25, 0.5, 60, dtype=np.float32), (60, 1))
# What RAMP becomes between its ends.
SHOWN = np.tile(np.linspace(0, 255, 60), (60, 1))
MARK = r"looks like a mark for missing values: {} in '{}', where all others are from {} to {}"


def with_border(values, missing):
    """Put a value for missing ones in two columns of each side."""
    values = values.copy()
    values[:, :2] = values[:, -2:] = missing
    return values


def shown(X, reader=None, index=0):
    """An image, in grey, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.asarray(fitted_source(as_image_source(X, reader)).read(index))[:, :, 0]


def assert_as_without_border(pixels):
    assert (pixels[:, :2] == 0).all() and (pixels[:, -2:] == 0).all()
    # The range begins at the third column, and percentiles leave out a little.
    expected = (SHOWN[:, 2:-2] - SHOWN[0, 2]) / (SHOWN[0, -3] - SHOWN[0, 2]) * 255
    np.testing.assert_allclose(pixels[:, 2:-2], expected, atol=1.5)


@pytest.fixture
def geotiff(tmp_path):
    """A function that writes files with the tag of GDAL for what is missing."""
    tifffile = pytest.importorskip("tifffile", reason="tifffile is not installed")

    def write(values, declared, **options):
        paths = [tmp_path / f"{number}.tif" for number in range(3)]
        for path in paths:
            tag = [(42113, "s", 0, declared, True)]
            tifffile.imwrite(path, values, extratags=tag, **options)
        return paths

    return write


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("intensity_range", ["auto", "dataset", "image"])
@pytest.mark.parametrize(
    ("dtype", "missing", "declared"),
    [
        ("float32", -9999, "-9999"),
        ("float64", -9999, "-9999 "),
        ("float32", np.nan, "nan"),
        ("float32", np.finfo("float32").min, "-3.40282346638529e+38"),
        ("uint16", 65535, "65535"),
        ("int16", -32768, "-32768"),
        ("int32", 0, "0"),
    ],
)
def test_what_a_geotiff_declares(dtype, missing, declared, intensity_range, compression, geotiff):
    values = RAMP if dtype.startswith("f") else RAMP * 20_000
    paths = geotiff(with_border(values.astype(dtype), missing), declared, compression=compression)
    assert_as_without_border(shown(paths, ImageReader(intensity_range=intensity_range)))


def test_what_a_geotiff_of_several_bands_declares(geotiff):
    bands = np.stack([RAMP, RAMP[::-1], RAMP * 3, RAMP], axis=2)
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    paths = geotiff(with_border(bands, -9999), "-9999", **options)
    pixels = shown(paths, ImageReader(channels=2, frame="mean"))
    assert_as_without_border(pixels)


def test_what_is_declared_in_vain(geotiff):
    reader = ImageReader(intensity_range=(5000, 10_000))
    whole = np.rint(RAMP * 20_000).astype(np.uint16)
    for declared in ("-9999", "none", "1e40", "nan"):
        np.testing.assert_allclose(shown(geotiff(whole, declared), reader), SHOWN, atol=1)
    # Images of 8 bits stay as they are.
    flat = np.full((8, 8), 200, np.uint8)
    assert (shown(geotiff(flat, "200")) == 200).all()


def test_a_range_that_is_given_is_kept(geotiff):
    paths = geotiff(with_border(RAMP, -9999), "-9999")
    pixels = shown(paths, ImageReader(intensity_range=(0, 1)))
    np.testing.assert_allclose(pixels[:, 2:-2], RAMP[:, 2:-2] * 255, atol=1)
    assert (pixels[:, :2] == 0).all()
    np.testing.assert_array_equal(shown(paths, ImageReader(intensity_range="dtype")), pixels)


@pytest.mark.parametrize("intensity_range", ["auto", "image", "dtype", (0, 1)])
def test_all_is_missing(intensity_range, geotiff):
    paths = geotiff(np.full((8, 8), -9999, np.float32), "-9999")
    assert (shown(paths, ImageReader(intensity_range=intensity_range)) == 0).all()


def test_other_numbers_that_are_none_are_still_refused(geotiff):
    values = with_border(RAMP, -9999)
    values[5, 5] = np.nan
    with pytest.raises(ImageReadError, match=r"1 of its .* pixels are NaN"):
        shown(geotiff(values, "-9999"))


@pytest.mark.parametrize("fill", [-9999.0, np.nan, 1e20])
def test_masked_arrays(fill):
    values = with_border(RAMP, fill)
    masked = (
        np.ma.masked_invalid(values)
        if np.isnan(fill)
        else np.ma.masked_equal(values, np.float32(fill))
    )
    for X in ([masked], np.ma.stack([masked, masked])):
        assert_as_without_border(shown(X))
    assert_as_without_border(shown(["a.x"], ImageReader(lambda path: masked)))
    assert_as_without_border(shown([masked], ImageReader(intensity_range="image")))


def test_masked_bytes():
    values = np.ma.array(np.full((8, 8, 4), 90, np.uint8))
    values[:, :, 3] = 255
    values[2, 3, :3] = np.ma.masked
    for X in ([values], values[None]):
        pixels = shown(X)
        assert pixels[2, 3] == 0 and np.count_nonzero(pixels == 90) == 63
    source = as_image_source([values, values.filled(90)])
    assert source.identity(0) != source.identity(1)
    # A part that is sent to another process.
    assert np.asarray(source.cut([0]).read(0))[2, 3, 0] == 0


@pytest.mark.parametrize("intensity_range", ["auto", "dataset", "image"])
@pytest.mark.parametrize("missing", [-9999, 1e20])
def test_a_mark_is_warned_of(missing, intensity_range):
    images = [with_border(RAMP, missing), RAMP]
    match = MARK.format(f"{missing:g}".replace("+", r"\+"), "image 0", "0.258475", "0.491525")
    with pytest.warns(UserWarning, match=match) as caught:
        reader = ImageReader(intensity_range=intensity_range)
        fitted_source(as_image_source(images, reader))
    (warning,) = caught
    assert "1 of 2 images" in str(warning.message) and "6.7%" in str(warning.message)


def test_padding_of_integers_is_warned_of(tmp_path):
    values = with_border((RAMP * 4000).astype(np.int16), -32768)
    with pytest.warns(UserWarning, match=r"-32768 in 'image 0'"):
        fitted_source(as_image_source([values] * 3))
    # With the cures of the warning nothing is left to warn of.
    reader = ImageReader(lambda path: np.ma.masked_equal(values, -32768))
    assert_as_without_border(shown(["a.x"], reader))
    shown([values], ImageReader(intensity_range=(1000, 2000)))


@pytest.mark.parametrize(
    "values",
    [
        np.where(RAMP > 0.4, 60_000, 0).astype(np.uint16),
        # Three hot pixels.
        np.where(np.arange(3600).reshape(60, 60) < 3, 60_000, RAMP * 1000).astype(np.uint16),
        # Air around a patient.
        np.where(RAMP < 0.3, -2000, RAMP * 8000 - 3000).astype(np.int16),
        np.full((60, 60), 7, np.uint16),
        np.random.default_rng(0).poisson(0.2, (60, 60)).astype(np.uint16),
    ],
    ids=["two values", "hot", "air", "constant", "counts"],
)
def test_what_is_no_mark(values):
    shown([values])
    shown([values], ImageReader(intensity_range="image"))


def test_a_mark_in_few_images_is_not_warned_of():
    shown([with_border(RAMP, -9999), *[RAMP] * 30])


def test_an_image_of_pillow_that_is_loaded(geotiff):
    path = geotiff(with_border(RAMP, -9999), "-9999")[0]
    with Image.open(path) as image:
        image.load()
        assert_as_without_border(shown([image]))
