"""JPEG and JPEG 2000 of kinds that Pillow does not decode, or only in part."""

import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ImageReader, read_image
from skdeepcluster.images import ImageReadError, as_image_source

imagecodecs = pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")

# Of a 12-bit camera.
RAMP = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (48, 1))
COLORS = np.dstack([RAMP, RAMP[:, ::-1], RAMP // 2])
IN_12_BITS = ImageReader(intensity_range=(0, 4095))


def in_bytes(values):
    """What is shown of 12-bit values: grey in all three channels."""
    return np.broadcast_to(values.reshape(48, 64, -1) / 4095 * 255, (48, 64, 3))


UNDECODED = {
    "12-bit JPEG": [
        imagecodecs.jpeg8_encode(RAMP, level=100, bitspersample=12),
        imagecodecs.jpeg8_encode(COLORS, level=100, bitspersample=12),
    ],
    "lossless JPEG": [imagecodecs.ljpeg_encode(RAMP, bitspersample=12)],
    "JPEG-LS": [imagecodecs.jpegls_encode(RAMP), imagecodecs.jpegls_encode(COLORS)],
}


@pytest.mark.parametrize("kind", UNDECODED)
def test_kinds_of_jpeg(kind, tmp_path):
    for content, values in zip(UNDECODED[kind], (RAMP, COLORS), strict=False):
        (tmp_path / "a.jpg").write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pixels = read_image(tmp_path / "a.jpg", IN_12_BITS)
            from_bytes = np.asarray(as_image_source([content], IN_12_BITS).read(0))
        # 12-bit JPEG is lossy.
        np.testing.assert_allclose(pixels, in_bytes(values), atol=4)
        np.testing.assert_array_equal(from_bytes, pixels)


@pytest.mark.parametrize("kind", UNDECODED)
def test_the_extra_is_named_where_it_is_missing(kind, tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(UNDECODED[kind][0])
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImageReadError, match=rf"a\.jpg: this is a {kind} file.*cluster\[tiff\]"):
        read_image(tmp_path / "a.jpg")


def test_a_damaged_jpeg_is_of_no_other_kind(photos, tmp_path):
    Image.fromarray(photos["cat"]).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[:3] + bytes(100))
    with pytest.raises(ImageReadError, match="that Pillow can read"):
        read_image(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(UNDECODED["JPEG-LS"][0][:60])
    with pytest.raises(ImageReadError, match=r"b\.jpg: it cannot be decoded.*truncated"):
        read_image(tmp_path / "b.jpg")


def test_large_images_are_refused(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(UNDECODED["JPEG-LS"][0])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 48 * 64 // 2 - 1)
    with pytest.raises(ImageReadError, match="MAX_IMAGE_PIXELS"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize(("dtype", "offset"), [("uint16", 0), ("int16", -2000)])
@pytest.mark.parametrize("n_bits", [12, 16])
@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
def test_grey_of_jpeg_2000_is_in_its_own_units(dtype, offset, n_bits, suffix, tmp_path):
    values = (RAMP.astype(int) + offset).astype(dtype)
    options = {"level": 0, "bitspersample": n_bits, "codecformat": suffix}
    (tmp_path / f"a.{suffix}").write_bytes(imagecodecs.jpeg2k_encode(values, **options))
    reader = ImageReader(intensity_range=(offset, offset + 4095))
    if offset and n_bits == 12:
        # From -2048 to 2047.
        reader = ImageReader(intensity_range=(-2048, 2047))
        values = np.clip(values, -2048, 2047) + 2048
    else:
        values = values.astype(int) - offset
    np.testing.assert_allclose(
        read_image(tmp_path / f"a.{suffix}", reader), in_bytes(values), atol=1
    )


def test_grey_of_jpeg_2000_without_the_decoder(tmp_path, monkeypatch):
    (tmp_path / "a.jp2").write_bytes(imagecodecs.jpeg2k_encode(RAMP, level=0, bitspersample=12))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read_image(tmp_path / "a.jp2")
    assert pixels.min() == 0 and pixels.max() > 240


def test_jpeg_2000_of_many_channels(tmp_path, monkeypatch):
    values = np.dstack([np.full((48, 64), 40 * n, np.uint8) for n in range(5)])
    (tmp_path / "a.jp2").write_bytes(imagecodecs.jpeg2k_encode(values, level=0))
    pixels = read_image(tmp_path / "a.jp2", ImageReader(channels=(4, 0, 3)))
    assert pixels[0, 0].tolist() == [160, 0, 120]
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImageReadError, match=r"JPEG 2000 \(of 5 channels\) file.*cluster\[tiff\]"):
        read_image(tmp_path / "a.jp2")
