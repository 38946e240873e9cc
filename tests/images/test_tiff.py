"""TIFF files as tifffile writes them, which scikit-image, imageio and ImageJ users have."""

import itertools

import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ImageReader, read_image
from skdeepcluster.images import ImageReadError, as_image_source, fitted_source

tifffile = pytest.importorskip("tifffile", reason="tifffile is not installed")

BY_TYPE = ImageReader(intensity_range="dtype")


@pytest.fixture
def colors():
    """Of 16 bits, all of which are used."""
    return np.random.default_rng(0).integers(2**16, size=(32, 48, 3), dtype=np.uint16)


@pytest.fixture
def grey():
    """A 12-bit camera's image."""
    return np.linspace(100, 4000, 32 * 48).reshape(32, 48).astype(np.uint16)


def write(path, values, **options):
    try:
        tifffile.imwrite(path, values, **options)
    except (ValueError, RuntimeError) as error:
        pytest.skip(f"cannot be written here: {error}")
    return path


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_16_bit_colours(colors, planar, compression, tile, byteorder, tmp_path):
    path = write(
        tmp_path / "a.tif",
        colors.transpose(2, 0, 1) if planar else colors,
        photometric="rgb",
        compression=compression,
        tile=tile,
        byteorder=byteorder,
    )
    np.testing.assert_array_equal(read_image(path), colors >> 8)


@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_of_cmyk(compression, dtype, tmp_path):
    values = np.random.default_rng(0).integers(256, size=(32, 48, 4), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(values, "CMYK").convert("RGB"))
    planes = values.transpose(2, 0, 1).astype(dtype) << (8 * (dtype == np.uint16))
    path = write(
        tmp_path / "a.tif",
        planes,
        photometric="separated",
        planarconfig="separate",
        compression=compression,
    )
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_with_opacity(photometric, dtype, tmp_path):
    largest = np.iinfo(dtype).max
    values = np.zeros((16, 16, 2), dtype)
    values[:, :, 0] = largest // 5 * 2
    values[:8, :, 1] = largest
    values[0, 0, 0], values[0, 1, 0] = 0, largest
    options = {"planarconfig": "contig", "extrasamples": ["unassalpha"]}
    path = write(tmp_path / "a.tif", values, photometric=photometric, **options)
    pixels = read_image(path, BY_TYPE)
    assert (pixels[1:8] == (102 if photometric == "minisblack" else 153)).all()
    assert (pixels[8:] == 255).all()


def test_what_other_libraries_write_of_channels_first(colors, tmp_path):
    skimage_io = pytest.importorskip("skimage.io")
    imageio = pytest.importorskip("imageio.v3")
    skimage_io.imsave(tmp_path / "s.tif", colors.transpose(2, 0, 1), check_contrast=False)
    imageio.imwrite(tmp_path / "i.tif", colors.transpose(2, 0, 1))
    for name in ("s.tif", "i.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name), colors >> 8)


def test_all_bits_of_dim_colours_are_kept(colors, tmp_path):
    path = write(tmp_path / "a.tif", colors // 50, photometric="rgb")
    pixels = read_image(path)
    assert len(np.unique(pixels)) > 200
    # One range for all three: white stays white.
    grey = np.repeat(np.arange(3000, dtype=np.uint16).reshape(50, 60, 1), 3, axis=2)
    pixels = read_image(write(tmp_path / "g.tif", grey, photometric="rgb"))
    assert (pixels[:, :, 0] == pixels[:, :, 2]).all()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(np.uint8(10), 245), (np.uint16(2570), 245), (np.float32(0.25), 191)],
)
@pytest.mark.parametrize("compression", [None, "lzw"])
def test_white_is_zero_at_any_depth(value, expected, compression, tmp_path):
    values = np.full((16, 16), value)
    path = write(tmp_path / "a.tif", values, photometric="miniswhite", compression=compression)
    assert (read_image(path) == expected).all()


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_a_range_is_in_the_units_of_the_file_where_low_values_are_white(
    dtype, compression, tmp_path
):
    values = np.tile(np.arange(100, dtype=dtype), (8, 1))
    options = {"photometric": "miniswhite", "compression": compression}
    path = write(tmp_path / "a.tif", values, **options)
    shown = read_image(path, ImageReader(intensity_range=(20, 70)))[0, :, 0]
    expected = 255 - np.clip((np.arange(100) - 20) / 50, 0, 1) * 255
    np.testing.assert_allclose(shown.astype(int), expected, atol=1)


def test_both_polarities_share_a_range(tmp_path):
    values = np.tile(np.arange(100, 4100, 40, dtype=np.uint16), (100, 1))
    paths = [
        write(tmp_path / f"{n}.tif", values, photometric=("minisblack", "miniswhite")[n % 2])
        for n in range(6)
    ]
    reader = fitted_source(as_image_source(paths)).reader
    usual, inverted = (read_image(path, reader).astype(int) for path in paths[:2])
    assert usual.min() == 0 and usual.max() == 255
    np.testing.assert_array_equal(inverted, 255 - usual)


def test_the_maximum_of_frames_is_the_brightest(tmp_path):
    frames = np.full((2, 8, 8), 1000, np.uint16)
    frames[1, 2, 2], frames[1, 5, 5] = 0, 3000
    for photometric, values in (("minisblack", frames), ("miniswhite", 3000 - frames)):
        path = write(tmp_path / "a.tif", values, photometric=photometric)
        shown = read_image(path, ImageReader(frame="max", intensity_range=(0, 3000)))
        assert shown[5, 5, 0] == 255 and shown[2, 2, 0] == shown[0, 0, 0] == 85


@pytest.mark.parametrize(
    "dtype",
    [*("int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"), *("e", "f", "d")],
)
def test_values_of_any_type(grey, dtype, tmp_path):
    dtype = np.dtype(dtype)
    values = (grey / 40 if dtype.itemsize == 1 else grey).astype(dtype)
    if dtype.kind == "i":
        values -= 50
    pixels = read_image(write(tmp_path / "a.tif", values)).astype(int)[:, :, 0].ravel()
    assert (np.diff(pixels) >= 0).all()
    assert (pixels[0], pixels[-1]) == (0, 255)
    np.testing.assert_allclose(pixels, np.linspace(0, 255, len(pixels)), atol=4)


def test_complex_values_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", np.ones((8, 8), np.complex64))
    with pytest.raises(ImageReadError, match="complex64"):
        read_image(path)


FRAMES = np.stack([np.zeros((16, 16)), np.full((16, 16), 90), np.full((16, 16), 240)])


@pytest.mark.parametrize("metadata", [{}, {"axes": "ZYX"}, {"axes": "TYX"}])
@pytest.mark.parametrize("kind", ["tif", "ome.tif", "imagej"])
def test_frames(metadata, kind, tmp_path):
    path = tmp_path / ("a.tif" if kind == "imagej" else f"a.{kind}")
    frames = FRAMES.astype(np.uint8)
    if kind != "tif" and not metadata:
        pytest.skip("three frames are channels by default")
    write(path, frames, metadata=metadata, imagej=kind == "imagej", photometric="minisblack")
    with pytest.warns(UserWarning, match=r"1 of 1 images have several frames \(1 with 3, such as "):
        assert (read_image(path) == 0).all()
    for frame, value in ((0, 0), (1, 90), (-1, 240), ("max", 240), ("mean", 110)):
        assert (read_image(path, ImageReader(frame=frame)) == value).all()
    with pytest.raises(ImageReadError, match=r"no frame 3: it has 3, counted from 0"):
        read_image(path, ImageReader(frame=3))


@pytest.mark.parametrize("kind", ["ome.tif", "imagej"])
def test_channels(kind, tmp_path):
    path = tmp_path / ("a.tif" if kind == "imagej" else f"a.{kind}")
    options = {"metadata": {"axes": "CYX"}, "photometric": "minisblack"}
    write(path, FRAMES.astype(np.uint8), imagej=kind == "imagej", **options)
    with pytest.warns(UserWarning, match=r"channels that are no colours \(1 with 3, such as "):
        assert read_image(path)[0, 0].tolist() == [0, 90, 240]
    assert read_image(path, ImageReader(channels=(2, 0, 1)))[0, 0].tolist() == [240, 0, 90]
    assert read_image(path, ImageReader(channels=(1, 2)))[0, 0].tolist() == [90, 240, 0]
    assert read_image(path, ImageReader(channels=1))[0, 0].tolist() == [90, 90, 90]
    with pytest.raises(ImageReadError, match=r"no channel 3: it has 3"):
        read_image(path, ImageReader(channels=3))


@pytest.mark.parametrize("axes", ["ZCYX", "CZYX", "TZCYX"])
def test_frames_of_channels(axes, tmp_path):
    # Frame f of channel c holds 40 c + 20 f.
    n_frames, n_channels = 4, 3
    values = 40 * np.arange(n_channels)[None, :] + 20 * np.arange(n_frames)[:, None]
    values = np.tile(values[:, :, None, None], (1, 1, 16, 16)).astype(np.uint8)
    if axes == "CZYX":
        values = values.swapaxes(0, 1)
    if axes == "TZCYX":
        values = values.reshape(2, 2, n_channels, 16, 16)
    path = write(tmp_path / "a.ome.tif", values, metadata={"axes": axes}, photometric="minisblack")
    for frame in range(n_frames):
        pixels = read_image(path, ImageReader(frame=frame, channels=(2, 1, 0)))
        assert pixels[5, 5].tolist() == [80 + 20 * frame, 40 + 20 * frame, 20 * frame]
    assert read_image(path, ImageReader(frame="max", channels=1)).max() == 100


def test_a_stack_that_is_cut_off_is_no_smaller_stack(tmp_path):
    values = np.full((3, 2, 32, 32), 7, np.uint16)
    path = write(
        tmp_path / "a.ome.tif", values, metadata={"axes": "ZCYX"}, photometric="minisblack"
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4])
    with pytest.raises(ImageReadError, match=r"a\.ome\.tif"):
        read_image(path, ImageReader(channels=(0, 1)))


def test_channels_have_a_range_each(tmp_path):
    bright, dim = np.meshgrid(np.linspace(0, 40_000, 64), np.linspace(0, 300, 64))
    values = np.stack([bright, dim]).astype(np.uint16)
    path = write(tmp_path / "a.ome.tif", values, metadata={"axes": "CYX"}, photometric="minisblack")
    pixels = read_image(path, ImageReader(channels=(0, 1)))
    assert pixels[:, :, :2].max(axis=(0, 1)).tolist() == [255, 255]
    assert (pixels[:, :, 2] == 0).all()


def test_samples_that_are_no_colours(tmp_path):
    values = np.random.default_rng(0).integers(256, size=(16, 16, 5), dtype=np.uint8)
    path = write(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")
    np.testing.assert_array_equal(
        read_image(path, ImageReader(channels=(4, 0, 2))), values[:, :, [4, 0, 2]]
    )


def test_near_infrared_that_is_written_as_opacity_can_be_left_out(tmp_path):
    values = np.random.default_rng(0).integers(40, size=(16, 16, 4), dtype=np.uint8)
    path = write(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(
        read_image(path, ImageReader(channels=(0, 1, 2))), values[:, :, :3]
    )


def test_a_thumbnail_that_comes_first_is_not_the_image(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(np.zeros((8, 8, 3), np.uint8), subfiletype=1, photometric="rgb")
        tif.write(np.full((32, 32, 3), 200, np.uint8), photometric="rgb")
    pixels = read_image(tmp_path / "a.tif")
    assert pixels.shape == (32, 32, 3) and (pixels == 200).all()


def test_orientation(colors, tmp_path):
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
        8: np.rot90,
    }
    for number, turn in turns.items():
        tag = [(274, "H", 1, number, True)]
        deep = write(tmp_path / "16.tif", colors, photometric="rgb", extratags=tag)
        flat = write(tmp_path / "8.tif", colors[:, :, 0], extratags=tag)
        np.testing.assert_array_equal(read_image(deep), turn(colors >> 8))
        np.testing.assert_array_equal(
            read_image(flat, BY_TYPE)[:, :, 1], turn(colors[:, :, 0] >> 8)
        )


@pytest.mark.parametrize("compression", ["webp", "jpeg2000", "jpegxl", "lerc", "zstd", "png"])
def test_compressions_that_pillow_does_not_know(compression, colors, tmp_path):
    pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
    values = np.full((32, 32, 3), 77, np.uint8)
    path = write(tmp_path / "a.tif", values, photometric="rgb", compression=compression)
    assert np.abs(read_image(path).astype(int) - 77).max() <= 2


def test_the_extra_is_named_where_it_is_missing(colors, tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", colors.transpose(2, 0, 1), photometric="rgb")
    monkeypatch.setitem(__import__("sys").modules, "tifffile", None)
    with pytest.raises(ImageReadError, match=r"a\.tif.*skdeepcluster\[tiff\]"):
        read_image(path)


def test_large_images_are_refused(colors, tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", colors, photometric="rgb")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 48 // 2 - 1)
    with pytest.raises(ImageReadError, match="MAX_IMAGE_PIXELS"):
        read_image(path)


def test_grey_of_more_than_8_bits_needs_no_extra(grey, tmp_path, monkeypatch):
    paths = [
        write(tmp_path / f"{n}.tif", grey.astype(dtype), photometric=photometric)
        for n, (dtype, photometric) in enumerate(
            itertools.product(("uint16", "float32"), ("minisblack", "miniswhite"))
        )
    ]
    monkeypatch.setitem(__import__("sys").modules, "tifffile", None)
    for path in paths:
        assert len(np.unique(read_image(path))) > 200
