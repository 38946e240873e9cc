import io
import os
from collections import UserList, deque
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

from skdeepcluster import ImageEmbedder
from skdeepcluster.images import ImageReadError, Resizing, as_image_source, iter_batches


def pixels(source, index=0):
    return np.asarray(source.read(index))


def test_all_kinds_of_images_give_the_same_pixels(tmp_path, snapshots):
    images = snapshots[0][:3]
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)

    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return torch.from_numpy(images[index]).permute(2, 0, 1), index

    tensor = torch.from_numpy(images).permute(0, 3, 1, 2)
    kinds = {
        "folder": tmp_path,
        "folder string": str(tmp_path),
        "paths": paths,
        "strings": [str(path) for path in paths],
        "array of strings": np.array([str(path) for path in paths]),
        "array of paths": np.array(paths, dtype=object),
        "series": pd.Series(paths, index=[7, 8, 9]),
        "Pillow images": [Image.fromarray(image) for image in images],
        "arrays": list(images),
        "array": images,
        "float array": images / 255.0,
        "16 bits": images.astype(np.uint16) * 256,
        "tensor": tensor,
        "tensors": list(tensor),
        "dataset": Pairs(),
    }
    for name, X in kinds.items():
        source = as_image_source(X)
        assert len(source) == 3, name
        for index in range(3):
            np.testing.assert_array_equal(pixels(source, index), images[index], err_msg=name)


def test_images_of_different_sizes(photos):
    source = as_image_source(list(photos.values()))
    for index, photo in enumerate(photos.values()):
        np.testing.assert_array_equal(pixels(source, index), photo)


@pytest.fixture(scope="module")
def three(snapshots, tmp_path_factory):
    """Paths of three images, their pixels and their bytes."""
    folder = tmp_path_factory.mktemp("three")
    paths = [str(folder / f"{number}.png") for number in range(3)]
    for path, image in zip(paths, snapshots[0], strict=False):
        Image.fromarray(image).save(path)
    return paths, snapshots[0][:3], [Path(path).read_bytes() for path in paths]


def of_datasets(paths):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    columns = {"image": paths, "label": [0, 1, 0]}
    return datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())


def undecoded(paths):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    return of_datasets(paths).cast_column("image", datasets.Image(decode=False))


def polars():
    return pytest.importorskip("polars", reason="polars is not installed")


def pyarrow():
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed")


def zarr_array(images):
    return pytest.importorskip("zarr", reason="zarr is not installed").array(images)


def dask_array(images):
    return pytest.importorskip("dask.array", reason="dask is not installed").from_array(images)


def rows_of(encoded):
    return [np.frombuffer(each, np.uint8) for each in encoded]


CONTAINERS = {
    "encoded images": lambda paths, images, encoded: encoded,
    "bytearrays": lambda paths, images, encoded: [*map(bytearray, encoded)],
    "memory views": lambda paths, images, encoded: [*map(memoryview, encoded)],
    "records of bytes": lambda paths, images, encoded: [{"bytes": each} for each in encoded],
    "records of paths": lambda paths, images, encoded: [
        {"bytes": None, "path": path} for path in paths
    ],
    "deque of paths": lambda paths, images, encoded: deque(paths),
    "deque of arrays": lambda paths, images, encoded: deque(images),
    "user's list": lambda paths, images, encoded: UserList(paths),
    "column vector": lambda paths, images, encoded: np.array(paths, dtype=object)[:, None],
    "bytes of NumPy": lambda paths, images, encoded: np.array(paths, dtype="S"),
    "Arrow strings of pandas": lambda paths, images, encoded: pd.array(paths, "str"),
    "values": lambda paths, images, encoded: pd.DataFrame({"p": paths}).p.values,
    "index": lambda paths, images, encoded: pd.Index(paths),
    "categories": lambda paths, images, encoded: pd.Series(paths).astype("category"),
    "frame": lambda paths, images, encoded: pd.DataFrame({"p": paths}, index=[7, 8, 9]),
    "series of polars": lambda paths, images, encoded: polars().Series(paths),
    "bytes of polars": lambda paths, images, encoded: polars().Series(encoded),
    "frame of polars": lambda paths, images, encoded: polars().DataFrame({"p": paths}),
    "array of pyarrow": lambda paths, images, encoded: pyarrow().array(paths),
    "bytes of pyarrow": lambda paths, images, encoded: pyarrow().array(encoded),
    "scalars of pyarrow": lambda paths, images, encoded: [*pyarrow().array(paths)],
    "scalars of bytes": lambda paths, images, encoded: [*pyarrow().array(encoded)],
    "lists of pyarrow": lambda paths, images, encoded: pyarrow().array(map(list, encoded)),
    "scalars of NumPy": lambda paths, images, encoded: [*map(np.array, paths)],
    "raw bytes of NumPy": lambda paths, images, encoded: [*map(np.void, encoded)],
    "array of raw bytes": lambda paths, images, encoded: np.array([*map(np.void, encoded)]),
    "rows of bytes": lambda paths, images, encoded: rows_of(encoded),
    "tensors of bytes": lambda paths, images, encoded: [*map(torch.tensor, rows_of(encoded))],
    "lists of bytes": lambda paths, images, encoded: [*map(list, encoded)],
    "paths in bytes": lambda paths, images, encoded: [*map(os.fsencode, paths)],
    "chunks of pyarrow": lambda paths, images, encoded: pyarrow().chunked_array([paths]),
    "table of pyarrow": lambda paths, images, encoded: pyarrow().table({"p": paths}),
    "zarr": lambda paths, images, encoded: zarr_array(images),
    "dask": lambda paths, images, encoded: dask_array(images),
    "column of datasets": lambda paths, images, encoded: of_datasets(paths)["image"],
    "only column": lambda paths, images, encoded: of_datasets(paths).remove_columns("label"),
    "slice of datasets": lambda paths, images, encoded: of_datasets(paths)[:]["image"],
    "undecoded": lambda paths, images, encoded: undecoded(paths)["image"],
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_of_all_libraries_give_the_same_pixels(three, kind):
    source = as_image_source(CONTAINERS[kind](*three))
    assert len(source) == 3
    cut = source.cut([2, 1])
    for index, image in enumerate(three[1]):
        np.testing.assert_array_equal(pixels(source, index), image)
    np.testing.assert_array_equal(pixels(cut, 0), three[1][2])
    assert len({source.identity(index) for index in range(3)}) == 3
    assert source.identity(2) == cut.identity(0)
    assert source.fingerprint() == as_image_source(CONTAINERS[kind](*three)).fingerprint()


def test_containers_are_embedded_and_clustered(three):
    expected = ImageEmbedder(image_size=32).fit_transform(three[0])
    for kind in ("encoded images", "frame", "dask", "values"):
        features = ImageEmbedder(image_size=32).fit_transform(CONTAINERS[kind](*three))
        np.testing.assert_allclose(features, expected, atol=1e-5)


# The first bytes of a JPEG file.
JPEG = bytes.fromhex("ffd8ffe000104a4649460001")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ((path for path in ["a.jpg"]), r"generator.*Pass list\(X\)"),
        (map(str, ["a.jpg"]), r"map.*Pass list\(X\)"),
        ({"a.jpg"}, r"set.*sorted\(X\)"),
        ({"train": ["a.jpg"]}, "dict with the keys 'train'"),
        ({1: "a.jpg"}.values(), r"dict_values.*not numbered.*list\(X\)"),
        ({"a.jpg": 1}.keys(), r"dict_keys.*sorted\(X\)"),
        (io.BytesIO(b"x"), r"one open file \(BytesIO\)"),
        ([io.BytesIO(b"x")], r"open files \(BytesIO\).*file.read\(\)"),
        ([("a.jpg", 0)], r"tuples that begin with a path.*item\[0\]"),
        ([(Image.new("RGB", (8, 8)), 0)], r"begin with a Pillow image"),
        ([["a.jpg"], ["b.jpg"]], "list of lists"),
        ([(np.frombuffer(JPEG, np.uint8), 0)], r"begin with an encoded image"),
        (np.frombuffer(2 * JPEG, np.uint8).reshape(2, -1), r"begin like encoded.*\[\*X\]"),
        (torch.tensor([[*JPEG], [*JPEG]], dtype=torch.uint8), r"begin like encoded.*\[\*X\]"),
        (np.array([JPEG, JPEG]), "lost the zeros.*dtype=object"),
        (torch.utils.data.DataLoader([1]), "loader.dataset"),
        (pd.DataFrame({"path": ["a.jpg"], "y": [1]}), r"'path', 'y'.*X\['path'\]"),
        (b"\x89PNG", r"\[image\]"),
    ],
)
def test_the_cure_is_named_for_other_containers(kind, message):
    with pytest.raises((TypeError, ValueError), match=message):
        as_image_source(kind)


MISSING = {
    "None": lambda paths, encoded: [None, *paths],
    "empty": lambda paths, encoded: ["", *paths],
    "NaN": lambda paths, encoded: pd.Series([np.nan, *paths], dtype=object),
    "NA": lambda paths, encoded: pd.Series([None, *paths], dtype="string"),
    "table": lambda paths, encoded: pd.DataFrame({"p": [None, *paths]}),
    "polars": lambda paths, encoded: polars().Series([None, *paths]),
    "pyarrow": lambda paths, encoded: pyarrow().array([None, *paths]),
    "bytes": lambda paths, encoded: [None, *encoded],
    "scalars": lambda paths, encoded: [*pyarrow().array([None, *paths])],
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_paths_are_images_that_cannot_be_read(three, kind):
    X = MISSING[kind](three[0], three[2])
    with pytest.raises(ImageReadError, match=r"image 0: .*on_error='skip'"):
        ImageEmbedder(image_size=32).fit_transform(X)
    with pytest.warns(UserWarning, match="1 of 4 images could not be read"):
        features = ImageEmbedder(image_size=32, on_error="skip").fit_transform(X)
    assert np.isnan(features[0]).all()
    expected = ImageEmbedder(image_size=32).fit_transform(three[0])
    np.testing.assert_allclose(features[1:], expected, atol=1e-5)


def test_paths_in_bytes_that_are_no_files_are_named_as_such(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("a.png")
    source = as_image_source([b"a.png", b"b.png"])
    assert source.paths == ["a.png", "b.png"] and pixels(source).shape == (8, 8, 3)
    with pytest.raises(ImageReadError, match=r"^b\.png: there is no such file"):
        source.read(1)


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "JPEG2000", "PPM", "AVIF"]
)
def test_rows_of_bytes_are_known_by_how_images_begin(kind):
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"Pillow cannot write {kind} here")
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "white").save(file, kind)
    source = as_image_source([np.frombuffer(file.getvalue(), np.uint8)] * 2)
    assert pixels(source, 1).shape == (16, 16, 3) and pixels(source).min() > 250


def test_nothing_but_missing_values():
    with pytest.raises(ValueError, match="All 2 images are missing"):
        as_image_source([None, np.nan])


def test_what_a_path_that_is_no_file_of_an_image_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder").mkdir()
    for path, message in {
        "a.png": rf"relative to the working directory '{tmp_path}'",
        str(tmp_path / "a.png"): r"no such file\. Check the path\.",
        "https://example.org/a.png": "URLs are not opened",
        "empty.png": "the file is empty",
        "folder": r"this is a folder.*list_images",
    }.items():
        with pytest.raises(ImageReadError, match=message):
            as_image_source([path]).read(0)
    with pytest.raises(ImageReadError, match=r"image 0: there is no such file as 'b\.png'"):
        as_image_source([{"path": "b.png"}]).read(0)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(48, 40, 3), r"shape \(48, 40, 3\).*permute\(2, 0, 1\)"),
        (torch.zeros(48, 40, 1), r"shape \(48, 40, 1\).*permute\(2, 0, 1\)"),
        (torch.zeros(1, 3, 8, 8), r"shape \(1, 3, 8, 8\).*\(channels, height, width\)"),
        (torch.zeros(3, 8, 8, device="meta"), "device 'meta', which holds no values"),
        (torch.zeros(3, 8, 8).to_sparse(), r"layout torch.sparse_coo.*to_dense\(\)"),
    ],
)
def test_tensors_that_are_no_images_are_not_called_damaged(tensor, message):
    for X in ([tensor], [tensor, tensor]):
        with pytest.raises(ImageReadError, match=rf"image 0: .*{message}") as caught:
            as_image_source(X).read(0)
        assert "truncated" not in str(caught.value)
    if tensor.ndim == 3 and tensor.shape[0] == 3:
        with pytest.raises(ImageReadError, match=message):
            as_image_source(tensor[None]).read(0)


def test_arrays_that_numpy_cannot_convert_are_not_called_damaged():
    class OnDevice:
        ndim, shape = 3, (8, 8, 3)

        def __array__(self, *_, **__):
            raise TypeError("Implicit conversion to a NumPy array is not allowed")

    with pytest.raises(ImageReadError, match=r"image 0: a OnDevice that NumPy cannot convert"):
        as_image_source([OnDevice()]).read(0)


def test_the_cure_is_named_for_tables_of_other_libraries(three):
    for table in (
        of_datasets(three[0]),
        polars().DataFrame({"image": three[0], "y": [1, 2, 3]}),
        pyarrow().table({"image": three[0], "y": [1, 2, 3]}),
        pd.DataFrame({"y": [np.nan, 2, 3], "image": [None, *three[0][1:]]}),
    ):
        with pytest.raises(ValueError, match=r"'image'.*X\['image'\]"):
            as_image_source(table)
    with pytest.raises(TypeError, match=r"not computed yet.*X\.collect\(\)"):
        as_image_source(polars().DataFrame({"image": three[0]}).lazy())


def test_tables_of_numbers_are_features(three):
    for table in (
        pd.DataFrame({"a": [1.0]}),
        polars().DataFrame({"a": [1.0], "b": [2]}),
        pyarrow().table({"a": [1.0]}),
        dask_array(np.zeros((3, 4))),
        zarr_array(np.zeros((3, 4))),
    ):
        assert as_image_source(table) is None


def test_damaged_and_missing_encoded_images_are_named(three):
    source = as_image_source([three[2][0], three[2][1][:100], b"text", b""])
    for index in (1, 2, 3):
        with pytest.raises(ImageReadError, match=f"image {index}: "):
            source.read(index)
    source = as_image_source([{"bytes": None, "path": None}, {"path": "nowhere.jpg"}])
    for index in (0, 1):
        with pytest.raises(ImageReadError, match=f"image {index}: there is n"):
            source.read(index)


def test_a_path_may_begin_with_the_home_folder(three, monkeypatch):
    folder = Path(three[0][0]).parent
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    source = as_image_source(["~/0.png", Path("~/1.png")])
    assert source.paths == three[0][:2]
    np.testing.assert_array_equal(pixels(source, 1), three[1][1])
    with pytest.raises(ValueError, match="is one file"):
        as_image_source("~/0.png")


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((5, 4)),
        torch.zeros(5, 4),
        [[1.0, 2.0], [3.0, 4.0]],
        [np.zeros(3), np.zeros(3)],
        [np.arange(9, dtype=np.uint8)] * 2,
        np.arange(300, dtype=np.uint8).reshape(2, 150),
        np.frombuffer(2 * JPEG[:8], np.float64).reshape(2, 1),
        np.zeros(5),
        [1, 2, 3],
        pd.DataFrame({"a": [1.0], "b": [2.0]}),
    ],
    ids=[
        "array",
        "tensor",
        "lists",
        "rows",
        "bytes",
        "8 bits",
        "floats",
        "1-D",
        "numbers",
        "frame",
    ],
)
def test_numbers_in_two_dimensions_or_less_are_no_images(X):
    assert as_image_source(X) is None


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "0 images"),
        (np.zeros((0, 8, 8, 3)), "0 images"),
        (np.zeros((2, 3, 8, 8)), r"channels first.*transpose\(0, 2, 3, 1\)"),
        (np.zeros((2, 8, 8, 5)), "1, 3 or 4 channels"),
        (np.zeros((8, 8, 3)), r"one colour image.*X\[None\]"),
        (np.zeros((1, 2, 8, 8, 3)), "dim 5"),
        (torch.zeros(2, 8, 8, 3), r"permute\(0, 3, 1, 2\)"),
        (list("photos/"), "single letters.*list_images"),
        (Image.new("RGB", (8, 8)), r"\[image\]"),
    ],
)
def test_what_is_not_quite_right_is_explained(X, message):
    with pytest.raises(ValueError, match=message):
        as_image_source(X)


@pytest.mark.parametrize(
    "X",
    [
        ["a.jpg", np.zeros((8, 8, 3), np.uint8)],
        ["a.jpg", 3],
        [3, "a.jpg"],
        [np.zeros((8, 8, 3), np.uint8), Image.new("RGB", (8, 8))],
    ],
)
def test_mixtures_are_refused(X):
    with pytest.raises(TypeError, match=r"item 0 is .* item 1"):
        as_image_source(X)


def test_missing_values_among_pixels_are_named():
    with pytest.raises(TypeError, match=r"Item 1 .* missing value \(None\)"):
        as_image_source([Image.new("RGB", (8, 8)), None])


def test_a_file_for_a_folder(tmp_path, photos):
    Image.fromarray(photos["cat"]).save(tmp_path / "cat.png")
    with pytest.raises(ValueError, match=r"one file.*\[path\]"):
        as_image_source(tmp_path / "cat.png")


def test_iterable_dataset_is_refused():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([])

    with pytest.raises(TypeError, match="IterableDataset"):
        as_image_source(Stream())


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((8, 8, 3), complex), r"complex128.*floating-point"),
        (np.full((8, 8, 3), np.nan), r"192 of its 192 pixels are NaN.*nan_to_num"),
        (np.full((8, 8, 3), np.inf), r"infinite"),
        (np.full((8, 8, 3), -0.5), r"from -0.5.*Normalize"),
        (np.zeros((3, 8, 8), np.uint8), "Channels come last"),
        (np.zeros((0, 8, 3), np.uint8), "empty"),
    ],
)
def test_bad_pixels_name_the_image(image, message):
    source = as_image_source([np.zeros((8, 8, 3), np.uint8), image])
    with pytest.raises(ImageReadError, match=f"image 1: .*{message}"):
        source.read(1)


def test_memory_mapped_images_are_read_one_at_a_time(tmp_path):
    path = tmp_path / "images.dat"
    images = np.memmap(path, np.float32, "w+", shape=(4, 8, 8, 3))
    images[3] = np.nan
    source = as_image_source(images)
    assert isinstance(source.items, np.memmap)
    # The last one is not finite, which only its own reading finds out.
    assert pixels(source, 0).max() == 0
    with pytest.raises(ImageReadError, match="image 3"):
        source.read(3)


def test_identity_follows_the_image(tmp_path, photos):
    path = tmp_path / "a.png"
    Image.fromarray(photos["cat"]).save(path)
    first = as_image_source([path]).identity(0)
    assert first == as_image_source([str(path)]).identity(0)
    Image.fromarray(photos["coffee"]).save(path)
    assert first != as_image_source([path]).identity(0)
    a, b = photos["cat"], photos["cat"].copy()
    source = as_image_source([a, b, photos["coffee"]])
    assert source.identity(0) == source.identity(1) != source.identity(2)


@pytest.mark.parametrize("kind", ["pillow", "dataset"])
def test_images_that_are_opened_outside_are_treated_like_files(kind, tmp_path, photos):
    """They are turned, a damaged one is named, and it can be skipped."""
    photo = Image.fromarray(photos["cat"]).resize((60, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(tmp_path / "turned.png", exif=exif)
    photo.save(tmp_path / "cut.png")
    content = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    paths = [tmp_path / "turned.png", tmp_path / "cut.png"]

    class Opened(torch.utils.data.Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return Image.open(paths[index]), index

    images = [Image.open(path) for path in paths] if kind == "pillow" else Opened()
    source = as_image_source(images)
    np.testing.assert_array_equal(pixels(source), pixels(as_image_source(paths)))
    with pytest.raises(ImageReadError, match="image 1: it cannot be decoded"):
        source.read(1)
    with pytest.warns(UserWarning, match="image 1"):
        features = ImageEmbedder(image_size=32, on_error="skip").fit_transform(images)
    np.testing.assert_array_equal(np.isnan(features[:, 0]), [False, True])


def test_fingerprints_tell_images_apart(tmp_path, photos, monkeypatch):
    arrays = [*photos.values()]
    paths = []
    for name, photo in photos.items():
        paths.append(tmp_path / f"{name}.png")
        Image.fromarray(photo).save(paths[-1])
    monkeypatch.chdir(tmp_path)
    of = [
        as_image_source(X).fingerprint()
        for X in (arrays, arrays[::-1], arrays[1:], paths, paths[::-1], paths[1:])
    ]
    assert len(set(of)) == len(of)
    assert as_image_source([path.name for path in paths]).fingerprint() == of[3]
    assert as_image_source([photo.copy() for photo in arrays]).fingerprint() == of[0]
    assert as_image_source(paths).subset([1, 2]).fingerprint() == (
        as_image_source(paths[1:3]).fingerprint()
    )


@pytest.mark.parametrize("opened", ["file", "stream"])
def test_one_opened_image_in_several_places(opened, tmp_path, photos):
    """Threads must not decode the same object at a time."""
    Image.fromarray(photos["coffee"]).resize((1500, 1000)).save(tmp_path / "a.jpg")
    expected = Resizing(64)(Image.open(tmp_path / "a.jpg"))
    content = (tmp_path / "a.jpg").read_bytes()
    for _ in range(5):
        image = Image.open(tmp_path / "a.jpg" if opened == "file" else io.BytesIO(content))
        (batch,) = iter_batches(as_image_source([image] * 8), Resizing(64), n_jobs=8)
        assert (batch.pixels == expected).all()


def test_decoded_pixels_do_not_stay_in_opened_images(tmp_path, photos):
    Image.fromarray(photos["cat"]).save(tmp_path / "a.png")
    image = Image.open(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels(as_image_source([image])), photos["cat"])
    # What remains to be decoded.
    assert image.tile


def test_what_was_done_to_an_opened_image_counts(tmp_path, photos):
    Image.fromarray(photos["cat"]).save(tmp_path / "a.jpg")
    Image.fromarray(photos["cat"]).save(
        tmp_path / "b.tif", save_all=True, append_images=[Image.fromarray(photos["coffee"])]
    )
    drafted, painted, second = (Image.open(tmp_path / name) for name in ("a.jpg", "a.jpg", "b.tif"))
    drafted.draft("RGB", (100, 100))
    painted.paste("red", (0, 0, *painted.size))
    second.seek(1)
    replaced = Image.open(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").unlink()
    Image.fromarray(photos["coffee"]).save(tmp_path / "a.jpg")
    source = as_image_source([drafted, painted, second, replaced])
    assert pixels(source, 0).shape == (150, 226, 3)
    assert (pixels(source, 1) == (255, 0, 0)).all()
    np.testing.assert_array_equal(pixels(source, 2), photos["coffee"])
    assert pixels(source, 3).shape == photos["cat"].shape


def test_tensors_of_all_kinds(snapshots):
    images = snapshots[0][:2]
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2)
    unit = tensor / 255

    class Transformed(torch.utils.data.Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return tv_tensors.Image(tensor[index]), index

    for X in (
        tv_tensors.Image(tensor),
        [tv_tensors.Image(each) for each in tensor],
        Transformed(),
        unit.clone().requires_grad_(),
    ):
        np.testing.assert_array_equal(pixels(as_image_source(X)), images[0])
    halved = pixels(as_image_source(unit.bfloat16()))
    assert np.abs(halved.astype(int) - images[0]).max() <= 1
