import io
import os
import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, KFold, train_test_split

from skdeepcluster import (
    DeepImageClusterer,
    ImageEmbedder,
    list_images,
    read_image,
    read_parquet_images,
    read_tar_images,
)
from skdeepcluster.images import ImageReadError, as_image_source

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet")

ARCHIVE = (
    Path(os.environ.get("SKDEEPCLUSTER_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "imagenette.zip"
)


def table(paths, kind="bytes"):
    encoded = [path.read_bytes() for path in paths]
    if kind == "struct":
        encoded = [{"bytes": each, "path": None} for each in encoded]
    return pyarrow.table({"image": encoded, "number": range(len(paths))})


@pytest.fixture
def paths(photo_folder):
    return list_images(photo_folder)


@pytest.fixture(params=["bytes", "struct", "parquet folder", "tar"])
def images(request, paths, tmp_path):
    """The same images inside of larger files."""
    if request.param == "tar":
        with tarfile.open(tmp_path / "photos.tar", "w") as tar:
            for number, path in enumerate(paths):
                tar.add(path, f"{number:04}.jpg")
                tar.addfile(tarfile.TarInfo(f"{number:04}.cls"))
        return read_tar_images(tmp_path / "photos.tar")
    if request.param == "parquet folder":
        for number in range(2):
            folder = tmp_path / "table" / f"half={number}"
            folder.mkdir(parents=True)
            half = paths[20 * number : 20 * number + 20]
            parquet.write_table(table(half), folder / "part.parquet", row_group_size=8)
        return read_parquet_images(tmp_path / "table")
    parquet.write_table(table(paths, request.param), tmp_path / "p.parquet", row_group_size=16)
    return read_parquet_images(tmp_path / "p.parquet")


def test_the_same_images_in_the_same_order(images, paths):
    assert len(images) == images.shape[0] == len(paths) == 40
    for index in (0, 17, 39, -1, 3):
        np.testing.assert_array_equal(images[index], read_image(paths[index]))
    selected = images[np.array([30, 2, 2])]
    np.testing.assert_array_equal(selected[0], images[30])
    np.testing.assert_array_equal(images[np.arange(40) == 5][0], images[5])
    assert len(images[3:9:2]) == 3
    with pytest.raises(IndexError):
        images[40]


def test_estimators_take_them(images, paths, snapshots):
    embedder = ImageEmbedder(image_size=32, n_jobs=2)
    expected = embedder.fit_transform(paths)
    np.testing.assert_allclose(embedder.fit_transform(images), expected, atol=1e-5)
    train, test = train_test_split(images, random_state=0)
    assert (len(train), len(test)) == (30, 10)
    search = GridSearchCV(
        # Twenty images to learn from: of as many neighbours, all would be one another's.
        DeepImageClusterer(image_size=64, n_views=0, max_iter=1, n_neighbors=3, random_state=0),
        {"n_clusters": [2, 4]},
        # The images come in the order of their scenes: every fold should have all of them.
        cv=KFold(2, shuffle=True, random_state=0),
    )
    assert search.fit(images, snapshots[1]).best_params_ == {"n_clusters": 4}


def test_sequences_are_small_and_whole_after_pickling(images):
    np.asarray(images[0])
    sent = pickle.dumps(images[10:12])
    assert len(sent) < 2000
    np.testing.assert_array_equal(pickle.loads(sent)[1], images[11])


def test_features_are_found_again_in_the_cache(images, tmp_path, monkeypatch):
    embedder = ImageEmbedder(image_size=32, memory=tmp_path / "cache")
    first = embedder.fit_transform(images)
    monkeypatch.setattr(type(images), "encoded", None)
    np.testing.assert_array_equal(embedder.transform(images[::-1]), first[::-1])


def test_paths_in_a_table(paths, tmp_path):
    names = [str(path) for path in paths]
    parquet.write_table(pyarrow.table({"path": names}), tmp_path / "t.parquet")
    assert read_parquet_images(tmp_path / "t.parquet", "path") == names


@pytest.mark.parametrize("kind", ["string", "struct"])
def test_missing_paths_in_a_table_are_images_that_cannot_be_read(kind, paths, tmp_path):
    names = [str(paths[0]), None, str(paths[2])]
    column = pyarrow.array(names)
    if kind == "struct":
        nothing = pyarrow.array([None] * 3, pyarrow.binary())
        column = pyarrow.StructArray.from_arrays([nothing, column], ["bytes", "path"])
    parquet.write_table(pyarrow.table({"image": column}), tmp_path / "t.parquet")
    X = read_parquet_images(tmp_path / "t.parquet")
    assert names == X
    with pytest.raises(ImageReadError, match=r"image 1: its path is missing.*on_error='skip'"):
        ImageEmbedder(image_size=32).fit_transform(X)
    with pytest.warns(UserWarning, match="1 of 3 images could not be read"):
        features = ImageEmbedder(image_size=32, on_error="skip").fit_transform(X)
    assert np.isnan(features[:, 0]).tolist() == [False, True, False]


@pytest.mark.parametrize("content", ["images", "paths"])
@pytest.mark.parametrize("damage", ["empty", "text", "cut", "footer"])
def test_a_damaged_file_among_several_is_named(content, damage, paths, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    good, bad = folder / "a.parquet", folder / "b.parquet"
    names = [str(path) for path in paths]
    parquet.write_table(
        table(paths[:3]) if content == "images" else pyarrow.table({"image": names}), good
    )
    intact = good.read_bytes()
    bad.write_bytes(
        {
            "empty": b"",
            "text": b"no Parquet at all",
            "cut": intact[:100],
            "footer": intact[:-60] + b"\xff" * 40 + intact[-20:],
        }[damage]
    )
    for given in (folder, [good, bad], [bad, good], bad):
        with pytest.raises(ValueError, match=r"b\.parquet.*damaged.*replace it, or leave it out"):
            read_parquet_images(given)


def test_damaged_pages_of_paths_name_the_file(paths, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    good, bad = folder / "a.parquet", folder / "b.parquet"
    names = [str(path) for path in paths]
    parquet.write_table(pyarrow.table({"image": names}), good, compression="none")
    intact = good.read_bytes()
    bad.write_bytes(intact[:20] + b"\xff" * 100 + intact[120:])
    with pytest.raises(ValueError, match=r"b\.parquet.*damaged.*replace it, or leave it out"):
        read_parquet_images(folder)


def test_a_file_system_of_fsspec(paths):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    with fsspec.open("memory://bucket/photos.parquet", "wb") as file:
        parquet.write_table(table(paths), file)
    images = read_parquet_images("memory://bucket/photos.parquet")
    np.testing.assert_array_equal(images[7], read_image(paths[7]))
    assert len(set(images.identity(index) for index in range(40))) == 40


def test_one_row_group_at_a_time(images, monkeypatch):
    if not hasattr(images, "groups"):
        pytest.skip("tar files have no row groups")
    read = []
    read_row_group = parquet.ParquetFile.read_row_group

    def counting(self, group, **options):
        read.append(group)
        return read_row_group(self, group, **options)

    monkeypatch.setattr(parquet.ParquetFile, "read_row_group", counting)
    embedder = ImageEmbedder(image_size=32, n_jobs=1)
    features = embedder.fit_transform(images)
    # Two are looked at before, for the range of their values.
    assert len(read) <= len(images.groups) + 2
    assert len(images._held) == 2
    # Also if they are shuffled, as by train_test_split.
    order = np.random.RandomState(0).permutation(len(images))
    read.clear()
    shuffled = images[order]
    np.testing.assert_allclose(embedder.transform(shuffled), features[order], atol=1e-5)
    assert len(read) == len(images.groups)


def test_a_sample_of_a_selection_is_of_few_row_groups(paths, tmp_path):
    parquet.write_table(table(paths), tmp_path / "p.parquet", row_group_size=2)
    images = read_parquet_images(tmp_path / "p.parquet")
    chosen = np.arange(39, 0, -1)
    sample = chosen[images.subset(chosen).spread(40)]
    assert len(set(sample // 2)) == len(set(images.spread(40) // 2)) == 2


def test_damaged_images_are_named(paths, tmp_path):
    broken = table(paths[:5]).set_column(0, "image", [[b"no image", None, b"", b"x", b"y"]])
    parquet.write_table(broken, tmp_path / "b.parquet")
    images = read_parquet_images(tmp_path / "b.parquet")
    for index in range(5):
        with pytest.raises(ImageReadError, match=rf"b\.parquet\[{index}\]"):
            images[index]
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        member = tarfile.TarInfo("broken.png")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"nope"))
    with pytest.raises(ImageReadError, match=r"b\.tar/broken\.png"):
        read_tar_images(tmp_path / "b.tar")[0]


def test_files_that_will_not_do(paths, tmp_path):
    (tmp_path / "text.parquet").write_text("no table")
    (tmp_path / "text.tar").write_text("no archive")
    parquet.write_table(table(paths[:2]), tmp_path / "t.parquet")
    parquet.write_table(table([]), tmp_path / "empty.parquet")
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
        tar.add(paths[0], "a.jpg")
    with tarfile.open(tmp_path / "none.tar", "w"):
        pass
    with pytest.raises(ValueError, match=r"text\.parquet.*Parquet"):
        read_parquet_images(tmp_path / "text.parquet")
    with pytest.raises(FileNotFoundError):
        read_parquet_images(tmp_path / "missing.parquet")
    with pytest.raises(ValueError, match=r"'photo'.*there are image, number"):
        read_parquet_images(tmp_path / "t.parquet", "photo")
    with pytest.raises(ValueError, match=r"'number'.*int64"):
        read_parquet_images(tmp_path / "t.parquet", "number")
    with pytest.raises(ValueError, match=r"empty\.parquet.*(no rows|null)"):
        read_parquet_images(tmp_path / "empty.parquet")
    with pytest.raises(ValueError, match=r"text\.tar"):
        read_tar_images(tmp_path / "text.tar")
    with pytest.raises(ValueError, match=r"t\.tar\.gz.*compress"):
        read_tar_images(tmp_path / "t.tar.gz")
    with pytest.raises(ValueError, match="No images"):
        read_tar_images(tmp_path / "none.tar")


@pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"no {ARCHIVE}: set SKDEEPCLUSTER_DATA")
def test_shared_images_in_a_table(tmp_path):
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")][:50]
        encoded = [archive.read(name) for name in names]
    parquet.write_table(pyarrow.table({"image": encoded}), tmp_path / "s.parquet")
    images = read_parquet_images(tmp_path / "s.parquet")
    assert images[49].shape == np.asarray(Image.open(io.BytesIO(encoded[49]))).shape


@pytest.mark.parametrize(
    "kind", ["dictionary", "string_view", "large_string", "binary_view", "large_binary", "binaries"]
)
def test_columns_of_all_types_are_read(paths, tmp_path, kind):
    texts = pyarrow.array([str(path) for path in paths])
    encoded = pyarrow.array([path.read_bytes() for path in paths])
    column = {
        "dictionary": texts.dictionary_encode,
        "string_view": lambda: texts.cast(pyarrow.string_view()),
        "large_string": lambda: texts.cast(pyarrow.large_string()),
        "binary_view": lambda: encoded.cast(pyarrow.binary_view()),
        "large_binary": lambda: encoded.cast(pyarrow.large_binary()),
        "binaries": encoded.dictionary_encode,
    }[kind]()
    parquet.write_table(pyarrow.table({"image": column}), tmp_path / "t.parquet")
    source = as_image_source(read_parquet_images(tmp_path / "t.parquet"))
    for index in (0, 4):
        np.testing.assert_array_equal(source.read(index), read_image(paths[index]))


def test_paths_in_the_place_of_bytes_are_read(paths, tmp_path):
    """As datasets writes images that are files."""
    records = [{"bytes": None, "path": str(path)} for path in paths]
    parquet.write_table(pyarrow.table({"image": records}), tmp_path / "t.parquet")
    assert read_parquet_images(tmp_path / "t.parquet") == [str(path) for path in paths]
    mixed = [{"bytes": paths[0].read_bytes(), "path": "x.jpg"}, *records[1:]]
    parquet.write_table(pyarrow.table({"image": mixed}), tmp_path / "mixed.parquet")
    images = read_parquet_images(tmp_path / "mixed.parquet")
    assert len(images) == len(paths)
    for index in (0, 1):
        np.testing.assert_array_equal(images[index], read_image(paths[index]))
    before = images.identity(1)
    paths[1].write_bytes(paths[2].read_bytes())
    assert images.identity(1) != before
    paths[1].unlink()
    with pytest.raises(ImageReadError, match=r"mixed\.parquet\[1\]: there is no such file"):
        images.read(1)


def test_a_parquet_file_that_datasets_has_written_is_read(paths, tmp_path):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    table = datasets.Dataset.from_dict({"image": [str(path) for path in paths]})
    table.cast_column("image", datasets.Image()).to_parquet(tmp_path / "t.parquet")
    source = as_image_source(read_parquet_images(tmp_path / "t.parquet"))
    np.testing.assert_array_equal(source.read(2), read_image(paths[2]))


def test_hidden_members_of_a_tar_are_left_out(paths, tmp_path):
    with tarfile.open(tmp_path / "mac.tar", "w") as tar:
        for name in ("./a.jpg", "./._a.jpg", "x/.b/c.jpg", "../d.jpg"):
            tar.add(paths[0], name)
    images = read_tar_images(tmp_path / "mac.tar")
    assert [Path(images.name(i)).name for i in range(len(images))] == ["a.jpg", "d.jpg"]


@pytest.fixture
def tar_path(paths, tmp_path):
    with tarfile.open(tmp_path / "five.tar", "w") as tar:
        for number in range(5):
            tar.add(paths[number], f"{number}.jpg")
    return tmp_path / "five.tar"


@pytest.mark.parametrize("damage", ["one bit", "zeroed", "joined", "cut off"])
def test_a_damaged_tar_is_refused(damage, tar_path):
    with tarfile.open(tar_path) as tar:
        second = tar.getmembers()[1].offset
    content = bytearray(tar_path.read_bytes())
    if damage == "one bit":
        content[second] ^= 1
    elif damage == "zeroed":
        content[second : second + 512] = bytes(512)
    elif damage == "joined":
        content = content * 2
    else:
        del content[second + 600 :]
    tar_path.write_bytes(content)
    with pytest.raises(ValueError, match=r"five\.tar"):
        read_tar_images(tar_path)


@pytest.mark.parametrize("n_left", [5, 3])
def test_a_tar_that_is_cut_between_members_or_was_not_closed_is_warned_of(tar_path, n_left):
    with tarfile.open(tar_path) as tar:
        offsets = [member.offset for member in tar.getmembers()]
        end = [*offsets, tar.offset][n_left]
    os.truncate(tar_path, end)
    with pytest.warns(UserWarning, match=rf"five\.tar' has no mark of its end after .* {n_left}:"):
        assert len(read_tar_images(tar_path)) == n_left


def test_a_tar_that_is_whole_is_not_warned_of(tar_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_tar_images(tar_path)) == 5


def test_members_are_what_they_are_after_unpacking(paths, tmp_path):
    def link(name, target):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = tarfile.LNKTYPE, target
        return member

    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        tar.add(paths[0], "a.jpg")
        tar.addfile(link("b.jpg", "a.jpg"))
        tar.add(paths[30], "./a.jpg")
        tar.addfile(link("c.jpg", "./b.jpg"))
    images = read_tar_images(tmp_path / "t.tar")
    assert [Path(images.name(i)).name for i in range(len(images))] == ["a.jpg", "b.jpg", "c.jpg"]
    for index, path in enumerate((paths[30], paths[0], paths[0])):
        np.testing.assert_array_equal(images[index], read_image(path))
    with tarfile.open(tmp_path / "l.tar", "w") as tar:
        tar.addfile(link("b.jpg", "a.jpg"))
    with pytest.raises(ValueError, match=r"l\.tar/b\.jpg is a link to 'a\.jpg'"):
        read_tar_images(tmp_path / "l.tar")


def test_sparse_members_are_refused(tmp_path):
    member = tarfile.TarInfo("a.bmp")
    member.pax_headers = {"GNU.sparse.map": "0,4", "GNU.sparse.size": "4000"}
    member.size = 4
    with tarfile.open(tmp_path / "s.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(b"data"))
    with pytest.raises(ValueError, match=r"s\.tar/a\.bmp.*--sparse"):
        read_tar_images(tmp_path / "s.tar")


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_file_that_was_changed_after_listing_is_named(kind, paths, tmp_path):
    def write(chosen):
        if kind == "parquet":
            parquet.write_table(table(chosen), tmp_path / "f.parquet")
            return
        with tarfile.open(tmp_path / "f.tar", "w") as tar:
            for number, path in enumerate(chosen):
                tar.add(path, f"{number}.jpg")

    write(paths[:9])
    listed = (read_tar_images if kind == "tar" else read_parquet_images)(tmp_path / f"f.{kind}")
    write(paths[20:23])
    for index in range(9):
        with pytest.raises(ImageReadError, match=rf"f\.{kind}.*changed"):
            listed[index]


def test_a_file_without_the_column_is_named(paths, tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    parquet.write_table(table(paths[:2]), folder / "a.parquet")
    parquet.write_table(table(paths[:2]).rename_columns(["img", "number"]), folder / "b.parquet")
    with pytest.raises(ValueError, match=r"no column 'image' in '.*b\.parquet'; there are img"):
        read_parquet_images(folder)
    parquet.write_table(pyarrow.table({"image": ["a.jpg"]}), folder / "b.parquet")
    with pytest.raises(ValueError, match="images in some files and paths in others"):
        read_parquet_images(folder)


def test_names_of_folders_that_look_like_columns(paths, tmp_path):
    folder = tmp_path / "image=raw" / "number=x"
    folder.mkdir(parents=True)
    parquet.write_table(table(paths[:2]), folder / "a.parquet")
    for path in (folder / "a.parquet", [folder / "a.parquet"], tmp_path / "image=raw"):
        np.testing.assert_array_equal(read_parquet_images(path)[1], read_image(paths[1]))
