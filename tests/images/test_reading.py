import errno
import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ImageReader, list_images, read_image
from skdeepcluster.images import ImageReadError, Resizing, as_image_source, iter_batches
from skdeepcluster.images._decoding import open_raw


def test_list_images_is_sorted_and_leaves_out_what_is_no_image(tmp_path, photos):
    for name in ("b.JPG", "sub/a.png", ".hidden.png", ".git/c.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(photos["cat"]).save(path)
    (tmp_path / "notes.txt").write_text("no image")
    assert list_images(tmp_path) == [tmp_path / "b.JPG", tmp_path / "sub/a.png"]
    assert list_images(tmp_path, recursive=False) == [tmp_path / "b.JPG"]


def test_list_images_of_a_folder_that_is_not_there_or_empty(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        list_images(tmp_path / "missing")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ValueError, match="1 other files"):
        list_images(tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file"):
        list_images(tmp_path / "a.txt")


def test_png_is_read_exactly(tmp_path, photos):
    Image.fromarray(photos["cat"]).save(tmp_path / "cat.png")
    np.testing.assert_array_equal(read_image(tmp_path / "cat.png"), photos["cat"])


def test_grey_and_16_bit_become_equal_channels(tmp_path):
    values = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "8.png")
    Image.fromarray(values * 256 + 200).save(tmp_path / "16.png")
    for name in ("8.png", "16.png"):
        np.testing.assert_array_equal(
            read_image(tmp_path / name), np.repeat(values[:, :, None], 3, axis=2)
        )


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_show_white(tmp_path, mode):
    image = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    if mode == "P":
        image = Image.new("P", (8, 8), 0)
        image.putpalette([10, 20, 30] * 256)
        image.info["transparency"] = 0
    image.convert(mode).save(tmp_path / "a.png", **image.info)
    assert (read_image(tmp_path / "a.png") == 255).all()


def test_palette_cmyk_and_one_bit_look_the_same(tmp_path, photos):
    photo = Image.fromarray(photos["coffee"])
    photo.convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(tmp_path / "p.png")
    photo.convert("CMYK").save(tmp_path / "cmyk.tif")
    photo.convert("1").save(tmp_path / "1.png")
    for name, tolerance in (("p.png", 8), ("cmyk.tif", 2)):
        difference = read_image(tmp_path / name).astype(int) - photos["coffee"]
        assert np.abs(difference).mean() < tolerance
    assert set(np.unique(read_image(tmp_path / "1.png"))) == {0, 255}


def test_float_pixels_in_the_unit_interval_and_beyond(tmp_path):
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save(tmp_path / "unit.tif")
    Image.fromarray(np.linspace(-9, 2.5, 16, dtype=np.float32).reshape(4, 4)).save(
        tmp_path / "beyond.tif"
    )
    assert (read_image(tmp_path / "unit.tif") == 128).all()
    assert read_image(tmp_path / "beyond.tif").min() == 0
    assert read_image(tmp_path / "beyond.tif").max() == 255
    with pytest.raises(ImageReadError, match=r"beyond\.tif.*\[0, 1\].*intensity_range"):
        read_image(tmp_path / "beyond.tif", ImageReader(intensity_range="dtype"))


@pytest.mark.parametrize(
    ("orientation", "operation"),
    [(3, lambda a: a[::-1, ::-1]), (6, lambda a: np.rot90(a, -1)), (8, np.rot90)],
)
def test_exif_rotation_is_applied(tmp_path, photos, orientation, operation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(photos["cat"]).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), operation(photos["cat"]))


def test_damaged_files_are_named(tmp_path, photos):
    complete = tmp_path / "complete.jpg"
    Image.fromarray(photos["cat"]).save(complete)
    (tmp_path / "cut.jpg").write_bytes(complete.read_bytes()[: complete.stat().st_size // 2])
    (tmp_path / "text.png").write_text("I am not an image")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("cut.jpg", "text.png", "empty.png", "missing.jpg"):
        with pytest.raises(ImageReadError, match=name):
            read_image(tmp_path / name)


def test_an_image_of_30000_by_30000_pixels_is_refused(tmp_path):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x"))
    with pytest.raises(ImageReadError, match=r"bomb\.png.*MAX_IMAGE_PIXELS"):
        read_image(path)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_draft_decoding_changes_next_to_nothing(tmp_path, photos, mode):
    big = Image.fromarray(photos["pagoda"]).resize((2560, 1708)).convert(mode)
    big.save(tmp_path / "big.jpg", quality=95)
    resizing = Resizing(96)
    source = as_image_source([tmp_path / "big.jpg"])
    full = resizing(source.read(0))
    draft_image = source.read(0, size_hint=96)
    assert draft_image.width == 640
    assert np.abs(resizing(draft_image).astype(int) - full).mean() < 1


def test_folders_that_links_lead_to_again_are_listed_once(tmp_path, photos):
    photo = Image.fromarray(photos["cat"])
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        photo.save(tmp_path / "photos" / name)
    try:
        (tmp_path / "photos" / "all").symlink_to(tmp_path / "photos")
        (tmp_path / "photos" / "twice").symlink_to(tmp_path / "photos" / "sub")
        (tmp_path / "link").symlink_to(tmp_path / "photos")
    except OSError:
        pytest.skip("the file system has no links")
    assert [path.name for path in list_images(tmp_path / "photos")] == ["a.png", "b.png"]
    assert [path.name for path in list_images(tmp_path / "link")] == ["a.png", "b.png"]


def forbid(monkeypatch, forbidden):
    """The superuser, who may run tests, may read everything."""
    scandir = os.scandir

    def guarded(folder):
        if os.fspath(folder) == os.fspath(forbidden):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)


def test_folders_that_cannot_be_read_are_named(tmp_path, photos, monkeypatch):
    (tmp_path / "locked").mkdir()
    for name in ("a.png", "locked/b.png"):
        Image.fromarray(photos["cat"]).save(tmp_path / name)
    forbid(monkeypatch, tmp_path / "locked")
    with pytest.warns(UserWarning, match="locked' are left out.*Permission denied"):
        assert list_images(tmp_path) == [tmp_path / "a.png"]
    with pytest.raises(PermissionError, match="locked"):
        list_images(tmp_path / "locked")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_pipes_are_left_out_and_links_to_nothing_are_not(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ValueError, match="1 other files"):
        list_images(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    assert list_images(tmp_path) == [tmp_path / "gone.jpg"]


@pytest.mark.parametrize(
    "fault",
    [MemoryError(), TimeoutError(), OSError(errno.EMFILE, "many"), OSError(errno.EIO, "disk")],
    ids=repr,
)
def test_faults_of_the_machine_are_no_damaged_images(fault, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(Image, "open", fail)
    source = as_image_source([tmp_path / "a.png"])
    with pytest.raises(type(fault)) as caught:
        list(iter_batches(source, Resizing(32), on_error="skip"))
    assert caught.value is fault
    assert "a.png" in fault.__notes__[0]


def test_a_damaged_file_that_leads_nowhere_is_a_damaged_image(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ImageReadError, match=r"a\.png: it cannot be decoded"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("bit", [8, 16])
def test_damaged_exif_does_not_matter(bit, photos):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "Maker", 72.0
    file = io.BytesIO()
    Image.fromarray(photos["cat"][:60, :40]).save(file, "JPEG", exif=exif)
    content = file.getvalue()
    for place in range(content.index(b"Exif\0\0") + 6, content.index(b"Maker")):
        damaged = bytearray(content)
        damaged[place] ^= bit
        with warnings.catch_warnings():
            # Pillow's remarks on damaged tags.
            warnings.simplefilter("ignore")
            with open_raw(io.BytesIO(damaged), "damaged") as raw:
                image = raw.rgb(0)
        assert sorted(image.size) == [40, 60]


def test_filters_of_warnings_are_left_alone(tmp_path, photos, monkeypatch):
    Image.fromarray(photos["cat"]).save(tmp_path / "cat.png")
    before = list(warnings.filters)
    during = []
    open_with_pillow = Image.open

    def watched(path):
        during.append(list(warnings.filters))
        return open_with_pillow(path)

    monkeypatch.setattr(Image, "open", watched)
    read_image(tmp_path / "cat.png")
    assert during and all(filters == before for filters in during)


def test_a_warning_that_is_made_an_error_names_the_image_and_the_cure(
    tmp_path, photos, monkeypatch
):
    Image.fromarray(photos["cat"]).save(tmp_path / "large.png")
    n_pixels = photos["cat"][:, :, 0].size
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", n_pixels - 1)
    with pytest.warns(Image.DecompressionBombWarning):
        read_image(tmp_path / "large.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageReadError, match=r"large\.png.*MAX_IMAGE_PIXELS"):
            read_image(tmp_path / "large.png")
