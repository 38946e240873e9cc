import functools
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

from skdeepcluster import ImageEmbedder, ImageReader, read_image
from skdeepcluster.images import (
    ImageReadError,
    as_image_source,
    fitted_source,
    plain_reader,
    reader_from_plain,
)
from skdeepcluster.images._reader import reader_key

FACTORS = [1]


class Scaled:
    """Reads files times a factor, by a method or by itself."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, path):
        return np.loadtxt(path) * self.factor

    def read(self, path):
        return self(path)


def in_keyword(factor):
    def read(path, *, factor=factor):
        return np.loadtxt(path) * factor

    return read


def wrapped(factor):
    @functools.wraps(read_numbers)
    def read(path):
        return read_numbers(path) * factor

    return read


def not_yet_set(factor):
    def read(path):
        return read_numbers(path) * factor * later

    key = reader_key(ImageReader(read))
    later = 1
    return read if key else later


def by_helper(path):
    return scaled(path) if path[-4:] in {".num", ".txt", ".csv"} else None


def scaled(path):
    return read_numbers(path) * FACTORS[0]


def read_numbers(path):
    """Reads a text file of numbers: a format of the user's own."""
    return np.loadtxt(path)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{n}.num" for n in range(3)]
    for n, path in enumerate(paths):
        np.savetxt(path, np.linspace(0, 1000 * (n + 1), 400).reshape(20, 20))
    return paths


def test_files_of_other_formats(files):
    embedder = ImageEmbedder(image_size=32, reader=read_numbers).fit(files)
    shown = read_image(files[2], embedder.reader_)
    assert (shown.min(), shown.max()) == (0, 255)
    assert read_image(files[0], embedder.reader_).max() < 100
    with pytest.raises(ImageReadError, match=r"0\.num.*reader="):
        read_image(files[0])


def test_a_function_for_some_files_of_a_folder(files, photos, tmp_path):
    Image.fromarray(photos["cat"]).save(tmp_path / "cat.png")
    reader = ImageReader(read_numbers, suffixes="NUM")
    source = as_image_source(tmp_path, reader)
    assert [name.rpartition(".")[2] for name in source.paths] == ["num", "num", "num", "png"]
    np.testing.assert_array_equal(np.asarray(source.read(3)), photos["cat"])


def test_a_function_that_fails_is_named_with_the_file(files):
    def fail(path):
        raise RuntimeError("no such series")

    with pytest.raises(ImageReadError, match=r"0\.num: .*no such series"):
        read_image(files[0], fail)

    with pytest.raises(ImageReadError, match=r"0\.num: the reader function raised RuntimeError"):
        read_image(files[0], fail)
    with pytest.raises(ImageReadError, match=r"0\.num: the reader function returned None"):
        read_image(files[0], lambda path: None)


@pytest.mark.parametrize("kind", [AttributeError, ImportError, NameError, TypeError])
def test_an_error_of_the_code_of_a_function_is_raised_as_it_is(kind, files):
    def fail_once_in_three(path):
        if path.endswith("1.num"):
            raise kind("a slip")
        return read_numbers(path)

    embedder = ImageEmbedder(
        image_size=32, engine="torch", on_error="skip", reader=fail_once_in_three
    )
    with pytest.raises(kind, match="a slip") as caught:
        embedder.fit_transform(files)
    assert "1.num" in caught.value.__notes__[0]


def test_a_function_may_return_a_pillow_image_or_any_channels(files):
    shown = read_image(files[0], lambda path: Image.new("RGB", (4, 4), (1, 2, 3)))
    assert shown[0, 0].tolist() == [1, 2, 3]
    eight = ImageReader(lambda path: np.full((6, 6, 8), range(8), np.uint8), channels=(7, 5, 3))
    assert read_image(files[0], eight)[0, 0].tolist() == [7, 5, 3]


def test_features_are_cached_by_file_and_function(files, tmp_path):
    # Not a list: what a function uses is part of its identity.
    calls = tmp_path / "calls"

    def first(path):
        with calls.open("a") as log:
            print(path, file=log)
        return np.loadtxt(path)

    def second(path):
        return -np.loadtxt(path)

    options = {"image_size": 32, "memory": tmp_path / "cache"}
    features = ImageEmbedder(reader=first, **options).fit_transform(files)
    embedder = ImageEmbedder(reader=first, **options).fit(files)
    calls.unlink()
    np.testing.assert_array_equal(embedder.transform(files), features)
    assert not calls.exists()
    other = ImageEmbedder(reader=second, **options).fit_transform(files)
    assert not np.allclose(other, features)


@pytest.mark.parametrize(
    "change",
    [
        *({"frame": 1}, {"channels": 0}, {"intensity_range": (0, 9)}, {"aspect": "pad"}),
        *({"function": read_numbers}, {"function": functools.partial(read_numbers, 1)}),
    ],
    # Not the value of a function, which has another address in each worker.
    ids=["frame", "channels", "intensity_range", "aspect", "function", "partial"],
)
def test_every_parameter_is_part_of_the_key(change):
    assert reader_key(ImageReader(**change)) != reader_key(ImageReader())
    assert reader_key(ImageReader(**change)) == reader_key(ImageReader(**change))


def test_keys_tell_functions_of_the_same_name_apart():
    one, two = ImageReader(lambda path: path + "1"), ImageReader(lambda path: path + "2")
    assert reader_key(one) != reader_key(two)


@pytest.mark.parametrize(
    "make",
    [
        Scaled,
        lambda factor: Scaled(factor).read,
        lambda factor: functools.partial(np.loadtxt, comments=Path(str(factor))),
        lambda factor: {"a.num": np.full((8, 8), factor)}.get,
        *(in_keyword, wrapped, not_yet_set),
    ],
    ids=["object", "method", "partial", "method of C", "keyword", "wrapped", "not set"],
)
def test_keys_tell_values_that_functions_hold_apart(make):
    key = reader_key(ImageReader(make(1)))
    assert reader_key(ImageReader(make(1))) == key
    assert reader_key(ImageReader(make(2))) != key


def test_keys_follow_what_functions_use(monkeypatch):
    key = reader_key(ImageReader(by_helper))
    monkeypatch.setattr(sys.modules[__name__], "FACTORS", [2])
    assert reader_key(ImageReader(by_helper)) != key
    monkeypatch.undo()
    monkeypatch.setattr(sys.modules[__name__], "scaled", lambda path: -read_numbers(path))
    assert reader_key(ImageReader(by_helper)) != key


def test_keys_are_the_same_in_another_process():
    functions = "[by_helper, wrapped(2), Scaled(3).read]"
    code = (
        f"from {__name__} import *\n"
        f"print(*[reader_key(ImageReader(each)) for each in {functions}], sep='\\n')"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    expected = [reader_key(ImageReader(each)) for each in eval(functions)]
    assert found.stdout.splitlines() == expected


def test_readers_are_cloned_pickled_and_set():
    reader = ImageReader(read_numbers, frame="max", intensity_range=(0, 9))
    assert clone(reader).get_params() == reader.get_params()
    assert reader_key(pickle.loads(pickle.dumps(reader))) == reader_key(reader)
    embedder = ImageEmbedder(reader=reader).set_params(reader__frame=2)
    assert embedder.reader.frame == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"channels": (0, 1, 2, 3)}, "one to three"),
        ({"channels": ()}, "one to three"),
        ({"channels": (-1,)}, "from 0"),
        ({"channels": "rgb"}, "channels"),
        ({"frame": "median"}, "frame"),
        ({"aspect": "stretch"}, "aspect"),
        ({"intensity_range": "auto-ish"}, "intensity_range"),
        ({"intensity_range": (5, 5)}, "low must be below high"),
        ({"intensity_range": {"integer": [[400, 100]]}}, "low must be below high"),
        ({"intensity_range": {"int": [[0, 100]]}}, "no kind of images"),
        ({"intensity_range": [(0, 1)] * 2, "channels": (0, 1, 2)}, "2 pairs"),
    ],
    ids=str,
)
def test_parameters_are_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        ImageEmbedder(reader=ImageReader(**wrong)).fit([np.zeros((32, 32), np.uint8)])


def test_what_is_saved_of_a_reader():
    reader = ImageReader(read_numbers, suffixes=(".num",), channels=(1, 0), frame="mean")
    again = reader_from_plain(plain_reader(reader), read_numbers)
    assert plain_reader(again) == plain_reader(reader)
    missing = reader_from_plain(plain_reader(reader))
    with pytest.raises(ValueError, match=r"test_reader\.read_numbers.*load\(folder, reader="):
        read_image("a.num", missing)
    for damaged in ({"evil": 1}, [], {"intensity_range": [3, 1]}, {"aspect": 7}):
        with pytest.raises((ValueError, TypeError)):
            reader_from_plain(damaged)


def test_the_name_of_a_missing_function_is_kept():
    plain = plain_reader(ImageReader(read_numbers))
    assert plain_reader(reader_from_plain(plain)) == plain


def test_a_fitted_reader_is_not_that_of_the_user(photos):
    reader = ImageReader(channels=[0, 1, 2], intensity_range=np.array([0.0, 255.0]))
    embedder = ImageEmbedder(image_size=32, engine="torch", reader=reader).fit([photos["cat"]])
    before = plain_reader(embedder.reader_)
    embedder.set_params(reader__aspect="squash")
    reader.channels[0] = 2
    reader.intensity_range[1] = 9
    assert plain_reader(embedder.reader_) == before


def test_channels_of_arrays():
    images = np.random.default_rng(0).integers(256, size=(3, 16, 16, 7), dtype=np.uint8)
    source = as_image_source(images, ImageReader(channels=(6, 0, 3)))
    np.testing.assert_array_equal(np.asarray(source.read(1)), images[1][:, :, [6, 0, 3]])
    with pytest.raises(ValueError, match=r"ImageReader\(channels="):
        as_image_source(images)
    with pytest.raises(ImageReadError, match=r"image 0: there is no channel 7: it has 7"):
        as_image_source(images, ImageReader(channels=7)).read(0)


def test_frames_of_animations(tmp_path):
    frames = [Image.new("L", (8, 8), value) for value in (255, 10, 90)]
    for name in ("a.gif", "a.webp", "a.png"):
        path = tmp_path / name
        frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
        with pytest.warns(UserWarning, match=r"several frames \(1 with 3, such as "):
            assert (read_image(path) == 255).all()
        assert (read_image(path, ImageReader(frame=1)) == 10).all()
        assert (read_image(path, ImageReader(frame="max")) == 255).all()


def test_the_frame_that_a_pillow_image_is_at_is_used(tmp_path):
    frames = [Image.new("L", (8, 8), value) for value in (255, 10)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "a.gif") as image:
        image.seek(1)
        assert (np.asarray(as_image_source([image]).read(0)) == 10).all()


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_a_pillow_image_is_one_frame_before_and_after_it_is_decoded(mode, tmp_path):
    name = "a.gif" if mode == "L" else "a.tif"
    frames = [Image.new(mode, (8, 8), value) for value in (10, 255)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    reader = ImageReader(frame="max", intensity_range="dtype" if mode == "L" else (0, 255))
    with Image.open(tmp_path / name) as image:
        source = as_image_source([image], reader)
        before = source.read(0)
        with warnings.catch_warnings(action="error"):
            fitted_source(as_image_source([image]))
        image.load()
        assert (np.asarray(before) == 10).all() and before == source.read(0)


def test_formats_that_are_not_meant_are_refused_by_name(photos, tmp_path):
    header = "".join(
        line.ljust(80)
        for line in (
            "SIMPLE  =                    T",
            "BITPIX  =                   16",
            "NAXIS   =                    2",
            "NAXIS1  =                    8",
            "NAXIS2  =                    8",
            "BZERO   =                32768",
            "END",
        )
    ).ljust(2880)
    (tmp_path / "a.fits").write_bytes(header.encode() + bytes(2880))
    Image.fromarray(photos["cat"]).save(tmp_path / "a.ico")
    for name, kind in (("a.fits", "FITS"), ("a.ico", "ICO")):
        with pytest.raises(ImageReadError, match=rf"{name}.*this is a {kind} file.*reader="):
            read_image(tmp_path / name)
        with Image.open(tmp_path / name) as image, pytest.raises(ImageReadError, match=kind):
            as_image_source([image]).read(0)
    # The user may read them, though.
    shown = read_image(tmp_path / "a.ico", lambda path: Image.open(path).convert("RGB"))
    assert shown.shape[2] == 3


def test_what_another_package_registers_with_pillow_is_read(tmp_path, monkeypatch):
    def opened(file, name):
        image = Image.new("RGB", (4, 4), (1, 2, 3))
        image.format = "FLAT"
        return image

    opened.__module__ = "another_package"
    monkeypatch.setattr(Image, "ID", [*Image.ID])
    monkeypatch.setattr(Image, "OPEN", {**Image.OPEN})
    Image.register_open("FLAT", opened, lambda head: head.startswith(b"FLAT"))
    (tmp_path / "a.flat").write_bytes(b"FLAT")
    assert read_image(tmp_path / "a.flat")[0, 0].tolist() == [1, 2, 3]


def test_heic(photos, tmp_path, monkeypatch):
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    photo = photos["coffee"]
    written = heif.from_pillow(Image.fromarray(photo))
    written.save(tmp_path / "a.HEIC", quality=95)
    difference = read_image(tmp_path / "a.HEIC").astype(int) - photo
    assert np.abs(difference).mean() < 4


def test_the_extra_for_heic_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
    with pytest.raises(ImageReadError, match=r"a\.heic.*skdeepcluster\[heif\]"):
        read_image(tmp_path / "a.heic")


@pytest.mark.parametrize("kind", ["png", "jp2"])
def test_all_bits_of_colours_are_read(kind, tmp_path, monkeypatch):
    codecs = pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
    values = np.random.default_rng(0).integers(2000, size=(32, 32, 3), dtype=np.uint16)
    encode = {"png": codecs.png_encode, "jp2": functools.partial(codecs.jpeg2k_encode, level=0)}
    path = tmp_path / f"a.{kind}"
    path.write_bytes(encode[kind](values))
    expected = np.rint(values / 2000 * 255)
    reader = ImageReader(intensity_range=(0, 2000))
    np.testing.assert_allclose(read_image(path, reader), expected, atol=1)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.warns(UserWarning, match=r"only the upper 8 are read.*skdeepcluster\[tiff\]"):
        read_image(path)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"image": 1, "label": 2}, r"a dict \(with 'image', 'label'\)"),
        ((3, np.zeros((3, 8, 8))), r"returns int where an image should be.*\(image, label\)"),
        (np.float32(3), "float32 where an image should be"),
        ([], "list where an image should be"),
    ],
    ids=["dict", "label first", "number", "nothing"],
)
def test_items_of_datasets_that_are_no_images(item, message):
    from torch.utils.data import Dataset

    class Items(Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return item

    with pytest.raises(ImageReadError, match=f"image 0: the dataset returns .*{message}|{message}"):
        as_image_source(Items()).read(0)


def test_channels_first_are_not_taken_for_many_channels():
    chosen = ImageReader(channels=0)
    with pytest.raises(ValueError, match="channels first"):
        as_image_source(np.zeros((2, 3, 16, 16), np.uint8), chosen)
    with pytest.raises(ImageReadError, match="Channels come last"):
        as_image_source([np.zeros((3, 16, 16), np.uint8)], chosen).read(0)
