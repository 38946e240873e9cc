import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ImageReader, list_images, read_image, read_tar_images
from skdeepcluster.export import export_clusters
from skdeepcluster.images import _listing


@pytest.fixture
def photo(photos):
    return Image.fromarray(photos["cat"][:32, :32])


@pytest.fixture
def bare(monkeypatch):
    """Nothing but Pillow is installed."""
    monkeypatch.setattr(_listing, "find_spec", lambda name: None)
    own = {suffix: kind for suffix, kind in Image.registered_extensions().items() if kind != "HEIF"}
    monkeypatch.setattr(Image, "EXTENSION", own)


def test_images_that_nothing_here_reads_are_counted(photo, tmp_path, bare):
    photo.save(tmp_path / "a.jpg")
    photo.save(tmp_path / "nameless", "PNG")
    (tmp_path / "LICENSE").write_text("no image")
    for name in ("1.HEIC", "2.heic", "3.dcm", "4.czi", "5.nii.gz", "6.svs", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    with pytest.warns(UserWarning, match="9 files are ignored: ") as caught:
        assert list_images(tmp_path) == [tmp_path / "a.jpg"]
    message = str(caught[0].message)
    for part in (
        *(
            '2 .heic (pip install "skdeepcluster[heif]")',
            '1 .dcm (pip install "skdeepcluster[dicom',
        ),
        *("1 .czi, 1 .nii.gz (pass reader=", "1 .svs (list_images("),
        "1 without a suffix (images: rename them",
        ", 1 .txt, 1 without a suffix.",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("suffixes", "kind"),
    [
        (["pbm", "pgm", "pnm", "ppm"], "PPM"),
        (["j2c", "j2k", "jp2", "jpc", "jpf", "jpx"], "JPEG2000"),
        (["apng", "png"], "PNG"),
        (["btf", "tf2", "tf8", "tif", "tiff"], "TIFF"),
        (["icb", "tga", "vda", "vst"], "TGA"),
        (["avif", "avifs"], "AVIF"),
    ],
)
def test_what_is_read_by_another_name_is_listed(suffixes, kind, tmp_path):
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"Pillow cannot write {kind} here")
    for suffix in suffixes:
        Image.new("RGB", (8, 8), "white").save(tmp_path / f"a.{suffix.upper()}", kind)
    paths = list_images(tmp_path)
    assert [path.suffix[1:].lower() for path in paths] == sorted(suffixes)
    assert all(read_image(path).min() > 250 for path in paths)


def test_dicom_of_siemens_is_listed(photo, tmp_path):
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    (tmp_path / "a.IMA").touch()
    assert list_images(tmp_path) == [tmp_path / "a.IMA"]


@pytest.mark.parametrize(
    ("suffix", "cure"),
    [
        *[(s, "pass reader=") for s in ("mrxs", "dm3", "dm4", "mha", "mhd", "nhdr", "srw", "pef")],
        *[(suffix, "if they are images, pass reader=") for suffix in ("npz", "h5", "hdf5", "mat")],
        ("npy", r'if they are images, pass reader=ImageReader\(numpy.load, suffixes="\.npy"\)'),
        *[(suffix, "list_images") for suffix in ("qptiff", "scn", "svs")],
    ],
)
def test_images_of_science_are_counted_with_their_cure(suffix, cure, photo, tmp_path):
    photo.save(tmp_path / "a.jpg")
    np.save(tmp_path / "b.npy", np.asarray(photo))
    (tmp_path / "b.npy").rename(tmp_path / f"b.{suffix}")
    with pytest.warns(UserWarning, match=rf"1 \.{suffix} \({cure}"):
        assert list_images(tmp_path) == [tmp_path / "a.jpg"]


def test_the_cure_for_arrays_in_files_is_one(photo, tmp_path):
    np.save(tmp_path / "b.npy", np.asarray(photo))
    (path,) = list_images(tmp_path, suffixes=".npy")
    reader = ImageReader(np.load, suffixes=".npy")
    np.testing.assert_array_equal(read_image(path, reader), np.asarray(photo))


def test_images_of_any_other_name_are_counted(photo, tmp_path):
    photo.save(tmp_path / "a.jpg")
    for number in range(60):
        (tmp_path / f"{number}.txt").write_text("a caption")
        (tmp_path / f"{number}.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    for name in ("1.2.840.113619.7", "img.1", "IMG 2", "c.jpeg@4", "d.bak", "e.jpg_large"):
        photo.save(tmp_path / name, "PNG")
    (tmp_path / "LICENSE").write_text("no image")
    with pytest.warns(UserWarning, match="127 files are ignored") as caught:
        assert list_images(tmp_path) == [tmp_path / "a.jpg"]
    assert str(caught[0].message).endswith(
        "ignored: 4 without a suffix, 1 .bak, 1 .jpg_large (images: rename them, or pass a list of "
        "paths), 60 .mp4, 60 .txt, 1 without a suffix."
    )


def test_what_belongs_to_an_image_is_not_missed(photo, tmp_path, recwarn):
    photo.save(tmp_path / "a.tif")
    np.save(tmp_path / "a_seg.npy", np.zeros((2, 2)))
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (tmp_path / name).write_bytes(b"of the system")
    assert list_images(tmp_path) == [tmp_path / "a.tif"]
    assert not recwarn.list


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["notes.txt"], "1 file is ignored: 1 .txt."),
        (["a.TXT", "b.txt", "c.mp4"], "3 files are ignored: 2 .txt, 1 .mp4."),
        (
            [*(f"{n}.{kind}" for kind in "abcdefgh" for n in range(2)), "README"],
            "17 files are ignored: 2 .a, 2 .b, 2 .c, 2 .d, 2 .e, 2 .f, 5 others.",
        ),
    ],
)
def test_files_that_are_no_images_are_counted(names, told, photo, tmp_path):
    photo.save(tmp_path / "a.jpg")
    for name in names:
        (tmp_path / name).write_text("no image")
    with pytest.warns(UserWarning) as caught:
        assert list_images(tmp_path) == [tmp_path / "a.jpg"]
    assert [str(warning.message) for warning in caught] == [f"In {str(tmp_path)!r}, {told}"]


def test_a_folder_of_nothing_else_says_what_to_do(tmp_path, bare):
    (tmp_path / "1.HEIC").write_bytes(b"")
    with pytest.raises(ValueError, match=r"1 other files.*1 \.heic \(pip install"):
        list_images(tmp_path)


def test_all_names_of_jpeg_and_what_is_installed(photo, tmp_path):
    for name in ("a.jpe", "b.MPO", "c.jfif", "d.dib"):
        photo.save(tmp_path / name, "BMP" if name.endswith("dib") else "JPEG")
    assert [path.name for path in list_images(tmp_path)] == ["a.jpe", "b.MPO", "c.jfif", "d.dib"]
    pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    (tmp_path / "e.HEIC").write_bytes(b"")
    assert list_images(tmp_path)[-1].name == "e.HEIC"


def test_suffixes_of_a_reader_are_listed(photo, tmp_path):
    photo.save(tmp_path / "a.png")
    (tmp_path / "b.CZI").write_bytes(b"")
    for suffixes in (".czi", "czi", [".czi", ".nd2"]):
        assert [path.name for path in list_images(tmp_path, suffixes=suffixes)] == [
            "a.png",
            "b.CZI",
        ]


def test_what_plugins_of_pillow_read_is_listed(photo, tmp_path, monkeypatch):
    def opened(file, name):
        raise SyntaxError

    opened.__module__ = "another_package"
    monkeypatch.setattr(Image, "ID", [*Image.ID])
    monkeypatch.setattr(Image, "OPEN", {**Image.OPEN})
    monkeypatch.setattr(Image, "EXTENSION", {**Image.EXTENSION})
    Image.register_open("FLAT", opened)
    Image.register_extension("FLAT", ".flat")
    (tmp_path / "a.flat").write_bytes(b"")
    assert list_images(tmp_path) == [tmp_path / "a.flat"]


def test_folders_of_systems_are_left_out(photo, tmp_path):
    for folder in ("@eaDir/a.jpg", "$RECYCLE.BIN", "#recycle", "__MACOSX", "sub"):
        (tmp_path / folder).mkdir(parents=True)
        photo.save(tmp_path / folder / "thumb.jpg")
    assert list_images(tmp_path) == [tmp_path / "sub" / "thumb.jpg"]


def test_exported_images_are_left_out(photo, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [folder / f"{name}.png" for name in "ab"]
    for path in paths:
        photo.save(path)
    export_clusters(folder / "clusters", paths, [0, 1], "copy")
    with pytest.warns(UserWarning, match="2 images that earlier runs exported"):
        assert list_images(folder) == paths
    assert len(list_images(folder / "clusters")) == 2
    for path in paths:
        path.unlink()
    with pytest.raises(ValueError, match=r"exported there by earlier runs.*clusters'"):
        list_images(folder)


def test_masks_beside_images_are_left_out(photo, tmp_path):
    for name in ("a.tif", "a_masks.tif", "a_cp_masks.png", "a_flows.tif", "alone_masks.png"):
        photo.save(tmp_path / name)
    with pytest.warns(UserWarning, match="3 masks beside images of the same name"):
        assert [path.name for path in list_images(tmp_path)] == ["a.tif", "alone_masks.png"]


@pytest.fixture
def samples(photo, tmp_path):
    """A tar file of WebDataset: photographs and what belongs to them."""
    import tarfile

    path = tmp_path / "samples.tar"
    with tarfile.open(path, "w") as tar:
        for key in ("0", "1"):
            for number, extension in enumerate(("jpg", "seg.png", "mask.png")):
                image = Image.fromarray(np.full((8, 8), 100 * number, np.uint8))
                image.save(tmp_path / "x.png")
                if extension == "jpg":
                    image.save(tmp_path / "x.jpg")
                suffix = extension.rpartition(".")[2]
                tar.add(tmp_path / f"x.{suffix}", f"folder/{key}.{extension}")
    return path


def test_images_that_belong_to_another_one_are_left_out(samples):
    with pytest.warns(UserWarning, match=r"2 \.mask\.png, 2 \.seg\.png"):
        images = read_tar_images(samples)
    assert [images.name(i).rpartition("/")[2] for i in range(len(images))] == ["0.jpg", "1.jpg"]


def test_a_member_can_be_chosen(samples):
    images = read_tar_images(samples, member="seg.png")
    assert len(images) == 2 and (images[0] == 100).all()
    with pytest.raises(ValueError, match=r"'left.png'.*there are jpg, mask.png, seg.png"):
        read_tar_images(samples, member="left.png")


def test_samples_of_several_images_are_read_whole(photo, tmp_path):
    import tarfile

    photo.save(tmp_path / "x.jpg")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in ("0.left.jpg", "0.right.jpg", "holiday.2020.jpg"):
            tar.add(tmp_path / "x.jpg", name)
    assert len(read_tar_images(tmp_path / "a.tar")) == 3
