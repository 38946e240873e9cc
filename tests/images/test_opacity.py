"""A last channel is opacity where a file or its values say so, and a channel like others if not."""

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from skdeepcluster import ImageReader, read_image
from skdeepcluster.images import as_image_source, fitted_source


def shown(X, reader=None):
    source = fitted_source(as_image_source(X, reader))
    return np.asarray(source.read(0))


RAMP = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (16, 1))
COLORS = np.dstack([RAMP, RAMP[:, ::-1], RAMP // 2])
OPAQUE = np.full_like(RAMP, 255)
# Transparent on the right.
HALF = np.where(np.arange(64) < 32, OPAQUE, 0)
# Like counts of a microscope: 12 bits, of which the last channel has few.
COUNTS = np.random.default_rng(0).integers(100, (4000, 3000, 2000, 300), size=(16, 64, 4))
NO_COLORS = r"several channels that are no colours \(1 with 4"
TYPES = ["int16", "int32", "int64", "uint16", "uint32", "uint64", "float32", "float64"]


@pytest.mark.parametrize("dtype", [*TYPES, "uint8"])
@pytest.mark.parametrize("opacity", [OPAQUE, HALF], ids=["opaque", "half"])
def test_bytes_in_a_wider_type_look_as_in_their_own(dtype, opacity):
    values = np.dstack([COLORS, opacity])
    reader = ImageReader(intensity_range=(0, 255))
    expected = np.where(opacity[:, :, None] == 255, COLORS, 255)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(shown([values.astype(dtype)], reader), expected)
        np.testing.assert_array_equal(shown(values.astype(dtype)[None], reader), expected)


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64, torch.bfloat16])
def test_bytes_in_other_types_of_torch(dtype):
    values = torch.from_numpy(np.dstack([COLORS, OPAQUE])).permute(2, 0, 1)[None].to(dtype)
    np.testing.assert_array_equal(shown(values, ImageReader(intensity_range=(0, 255))), COLORS)


@pytest.mark.parametrize("full", [1023, 4095, 16383, 65535])
def test_opacity_has_the_bits_of_the_colours(full):
    values = np.dstack([COLORS, HALF]).astype(np.float64) / 255 * full
    expected = np.where(HALF[:, :, None] == 255, COLORS, 255).astype(int)
    for dtype in (np.uint16, np.float32):
        pixels = shown([np.rint(values).astype(dtype)], ImageReader(intensity_range=(0, full)))
        np.testing.assert_allclose(pixels, expected, atol=1)


def test_soft_edges_are_mixed_with_white():
    opacity = np.full((16, 64), 4095, np.uint16)
    opacity[:, 60:] = 1024
    values = np.dstack([np.zeros((16, 64, 3), np.uint16), opacity])
    pixels = shown([values], ImageReader(intensity_range=(0, 4095)))
    assert (pixels[:, :60] == 0).all() and (pixels[:, 60:] == 191).all()


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_four_channels_of_a_microscope_are_no_colours(dtype):
    with pytest.warns(UserWarning, match=NO_COLORS):
        pixels = shown([COUNTS.astype(dtype)])
    # Each channel has a range of its own, and nothing is white.
    for channel in range(3):
        low, high = COUNTS[:, :, channel].min(), COUNTS[:, :, channel].max()
        expected = (COUNTS[:, :, channel] - low) / (high - low) * 255
        np.testing.assert_allclose(pixels[:, :, channel], expected, atol=2)
    pixels = shown([COUNTS.astype(dtype)], ImageReader(channels=(3, 0), intensity_range=(0, 4000)))
    np.testing.assert_allclose(pixels[:, :, 0], COUNTS[:, :, 3] / 4000 * 255, atol=1)


@pytest.mark.parametrize(
    "last",
    [
        np.zeros_like(RAMP),
        np.where(RAMP > 100, 1, 0),
        # Overexposed here and there.
        np.minimum(RAMP.astype(int) * 20, 4095),
        # Beyond which the colours go: another thing.
        np.full_like(RAMP, 255),
    ],
    ids=["empty", "mask", "overexposed", "dim"],
)
def test_what_opacity_does_not_look_like(last):
    values = np.dstack([COLORS.astype(np.uint16) * 15, last.astype(np.uint16)])
    with pytest.warns(UserWarning, match=NO_COLORS):
        pixels = shown([values], ImageReader(intensity_range=(0, 3825)))
    np.testing.assert_allclose(pixels, COLORS, atol=1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_bands_that_a_function_returns(dtype):
    bands = (COUNTS // 20).astype(dtype)
    with pytest.warns(UserWarning, match=NO_COLORS):
        pixels = shown(["a.x"], ImageReader(lambda path: bands, intensity_range=(0, 255)))
    np.testing.assert_array_equal(pixels, bands[:, :, :3])
    picture = np.dstack([COLORS, HALF]).astype(dtype)
    pixels = shown(["a.x"], ImageReader(lambda path: picture, intensity_range=(0, 255)))
    np.testing.assert_array_equal(pixels, np.where(HALF[:, :, None] == 255, COLORS, 255))


class TestFiles:
    """As tifffile and imagecodecs write them."""

    @pytest.fixture
    def write(self, tmp_path):
        tifffile = pytest.importorskip("tifffile", reason="tifffile is not installed")

        def write(values, **options):
            tifffile.imwrite(tmp_path / "a.tif", values, **options)
            return tmp_path / "a.tif"

        return write

    @pytest.mark.parametrize("planar", [False, True])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_infrared_beside_colours(self, dtype, planar, write):
        values = np.dstack([COLORS, RAMP // 8]).astype(dtype)
        path = write(
            values.transpose(2, 0, 1) if planar else values,
            photometric="rgb",
            planarconfig="separate" if planar else "contig",
            extrasamples=["unspecified"],
        )
        with pytest.warns(UserWarning, match=NO_COLORS):
            pixels = read_image(path, ImageReader(intensity_range=(0, 255)))
        np.testing.assert_array_equal(pixels, COLORS)
        if dtype == "uint8":
            with pytest.warns(UserWarning, match=NO_COLORS):
                np.testing.assert_array_equal(read_image(path), COLORS)

    @pytest.mark.parametrize("planar", [False, True])
    def test_four_channels_that_are_written_without_a_word(self, planar, write):
        values = COUNTS.astype(np.uint16)
        path = write(values.transpose(2, 0, 1) if planar else values)
        with pytest.warns(UserWarning, match=NO_COLORS):
            pixels = read_image(path, ImageReader(intensity_range=(0, 4000)))
        np.testing.assert_allclose(pixels, COUNTS[:, :, :3] / 4000 * 255, atol=1)

    @pytest.mark.parametrize("kind", ["assocalpha", "unassalpha"])
    @pytest.mark.parametrize(("dtype", "full"), [("uint16", 4095), ("uint16", 65535), ("f", 255)])
    def test_opacity_that_the_file_names(self, kind, dtype, full, write):
        values = np.dstack([COLORS * (HALF[:, :, None] > 0), HALF]) / 255 * full
        path = write(values.astype(dtype), photometric="rgb", extrasamples=[kind])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pixels = read_image(path, ImageReader(intensity_range=(0, full)))
        expected = np.where(HALF[:, :, None] == 255, COLORS, 255).astype(int)
        np.testing.assert_allclose(pixels, expected, atol=1)

    def test_colours_that_are_multiplied_by_their_opacity(self, write):
        values = np.zeros((16, 64, 4), np.uint16)
        values[:, :, 3] = np.linspace(0, 65535, 64)
        path = write(values, photometric="rgb", extrasamples=["assocalpha"])
        expected = 255 - np.linspace(0, 255, 64)
        np.testing.assert_allclose(read_image(path)[0, :, 1], expected, atol=1)

    @pytest.mark.parametrize("n_bits", [8, 12, 16])
    def test_cmyk_of_8_to_16_bits_in_16(self, n_bits, write):
        inks = np.dstack([COLORS, RAMP // 4])
        path = write(inks.astype(np.uint16) << (n_bits - 8), photometric="separated")
        expected = np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))
        np.testing.assert_array_equal(read_image(path), expected)

    @pytest.mark.parametrize("full", [4095, 65535])
    @pytest.mark.parametrize("n_colors", [1, 3])
    def test_png(self, full, n_colors, tmp_path):
        imagecodecs = pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
        values = np.dstack([COLORS[:, :, :n_colors], HALF]) / 255 * full
        encoded = imagecodecs.png_encode(np.rint(values).astype(np.uint16))
        (tmp_path / "a.png").write_bytes(encoded)
        pixels = read_image(tmp_path / "a.png", ImageReader(intensity_range=(0, full)))
        expected = np.where(HALF[:, :, None] == 255, COLORS[:, :, :n_colors], 255).astype(int)
        np.testing.assert_allclose(pixels, np.broadcast_to(expected, pixels.shape), atol=1)
