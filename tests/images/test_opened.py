"""Images that Pillow has opened or decoded already are read as their files are."""

import io
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from skdeepcluster import read_image
from skdeepcluster.images import as_image_source, fitted_source

tifffile = pytest.importorskip("tifffile", reason="tifffile is not installed")
imagecodecs = pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")

# Of a 12-bit camera.
RAMP = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (64, 1))
COLORS = np.dstack([RAMP, RAMP.T, RAMP // 2])
NAMES = ["colors.png", "colors.jp2", "planes.tif", "white.tif"]
TRUNCATED = "colours of more than 8 bits.*Pass paths in place of Pillow images that are loaded"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opened")
    (folder / "colors.png").write_bytes(imagecodecs.png_encode(COLORS))
    (folder / "colors.jp2").write_bytes(imagecodecs.jpeg2k_encode(COLORS, level=0))
    planes = COLORS.transpose(2, 0, 1)
    tifffile.imwrite(folder / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    tifffile.imwrite(folder / "white.tif", RAMP, photometric="miniswhite")
    Image.fromarray((RAMP >> 4).astype(np.uint8)).save(folder / "grey.png")
    return folder


def shown(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = fitted_source(as_image_source(X))
        return np.asarray(source.read(0))


class Opened(torch.utils.data.Dataset):
    def __init__(self, content):
        self.content = content

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return Image.open(io.BytesIO(self.content)), index


@pytest.mark.parametrize("name", NAMES)
def test_what_is_opened_only_is_read_as_its_file(name, folder):
    path = folder / name
    expected = shown([path])
    assert expected.min() == 0 and expected.max() == 255
    content = path.read_bytes()
    with Image.open(path) as opened, open(path, "rb") as file, Image.open(file) as of_file:
        for image in (opened, of_file, Image.open(io.BytesIO(content))):
            np.testing.assert_array_equal(shown([image]), expected)
            np.testing.assert_array_equal(shown([image]), expected)
            # It can still be decoded by its owner, who has not lost the place.
            assert image.tile and image.size == (64, 64)
            image.load()
    np.testing.assert_array_equal(shown(Opened(content)), expected)


def test_the_place_in_a_stream_is_kept(folder):
    stream = io.BytesIO((folder / "colors.png").read_bytes())
    image = Image.open(stream)
    place = stream.tell()
    shown([image])
    assert stream.tell() == place


@pytest.mark.parametrize("name", NAMES[:3])
def test_lost_bits_of_loaded_images_are_warned_of(name, folder):
    with Image.open(folder / name) as image:
        image.load()
        with pytest.warns(UserWarning, match=TRUNCATED) as caught:
            fitted_source(as_image_source([image, image]))
        assert len(caught) == 1


@pytest.mark.parametrize("opened", ["file", "stream"])
def test_loaded_images_of_which_nothing_is_lost(opened, folder):
    for name in ("white.tif", "grey.png"):
        path = folder / name
        with Image.open(path if opened == "file" else io.BytesIO(path.read_bytes())) as image:
            image.load()
            np.testing.assert_array_equal(shown([image]), shown([path]))


def test_a_file_that_was_replaced_is_not_asked(folder, tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.png")
    for content in ((folder / "colors.png").read_bytes(), b"no image"):
        with Image.open(tmp_path / "a.png") as image:
            image.load()
            (tmp_path / "b.png").write_bytes(content)
            image.filename = str(tmp_path / "b.png")
            assert (shown([image]) == 0).all()


class TestDatasets:
    @pytest.fixture
    def table(self, folder, tmp_path):
        """A function that makes a table of a file, and one that holds its bytes."""
        datasets = pytest.importorskip("datasets", reason="datasets is not installed")

        def table(name, *, embedded, **options):
            item = {"bytes": (folder / name).read_bytes(), "path": None}
            columns = {"image": [item if embedded else str(folder / name)] * 3}
            kind = datasets.Image(**options)
            return datasets.Dataset.from_dict(columns).cast_column("image", kind)

        return table

    @pytest.mark.parametrize("embedded", [True, False])
    @pytest.mark.parametrize("name", NAMES)
    def test_columns_are_read_as_their_files(self, name, embedded, table, folder):
        images, expected = table(name, embedded=embedded), shown([folder / name])
        for X in (images, images["image"], images.shuffle(seed=0).select([0, 1])["image"]):
            np.testing.assert_array_equal(shown(X), expected)

    def test_what_a_table_does_with_images_counts(self, table, folder):
        grey = table("colors.png", embedded=True, mode="L")
        assert np.ptp(shown(grey["image"]), axis=2).max() == 0
        images = table("grey.png", embedded=True)
        inverted = images.with_transform(
            lambda rows: {"image": [Image.eval(each, lambda v: 255 - v) for each in rows["image"]]}
        )
        np.testing.assert_array_equal(
            shown(inverted["image"]), 255 - read_image(folder / "grey.png")
        )

    def test_missing_images_are_named(self, table):
        images = table("grey.png", embedded=True)
        records = [*images.cast_column("image", type(images.features["image"])(decode=False))]
        missing = type(images).from_list([records[0], {"image": None}], images.features)
        source = as_image_source(missing["image"])
        with pytest.raises(ValueError, match="image 1: there is neither an image nor a path"):
            source.read(1)
