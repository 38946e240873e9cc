"""DICOM files as pydicom writes them."""

import numpy as np
import pytest

from skdeepcluster import ImageReader, list_images, read_image
from skdeepcluster.images import ImageReadError, as_image_source

pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed")


def write(path, values, photometric="MONOCHROME2", **tags):
    """Write (rows, columns), (frames, rows, columns) or colours (rows, columns, 3)."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    dataset = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.PhotometricInterpretation = photometric
    is_color = values.ndim == 3 and values.shape[-1] == 3
    if values.ndim == 3 and not is_color:
        dataset.NumberOfFrames = len(values)
    dataset.Rows, dataset.Columns = values.shape[:2] if is_color else values.shape[-2:]
    dataset.SamplesPerPixel = 3 if is_color else 1
    if is_color:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8 * values.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def hounsfield():
    """A ramp from -1000 to 1000 HU, as it is stored with an intercept of -1024."""
    return np.linspace(-1000, 1000, 1024).reshape(32, 32).round()


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_window_in_units_of_the_modality(hounsfield, photometric, tmp_path):
    path = write(
        tmp_path / "a.dcm",
        (hounsfield + 1024).astype(np.uint16),
        photometric,
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=40,
        WindowWidth=400,
    )
    shown = read_image(path).astype(int)[:, :, 1]
    expected = np.clip((hounsfield - 40 + 0.5) / 399 + 0.5, 0, 1) * 255
    if photometric == "MONOCHROME1":
        expected = 255 - expected
    np.testing.assert_allclose(shown, expected, atol=1)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_a_range_in_units_of_the_modality_goes_before_the_window(hounsfield, photometric, tmp_path):
    path = write(
        tmp_path / "a.dcm",
        hounsfield.astype(np.int16),
        photometric,
        RescaleSlope=2,
        RescaleIntercept=100,
        WindowCenter=40,
        WindowWidth=400,
    )
    expected = np.clip((2 * hounsfield + 600) / 1000, 0, 1) * 255
    if photometric == "MONOCHROME1":
        expected = 255 - expected
    shown = read_image(path, ImageReader(intensity_range=(-500, 500))).astype(int)[:, :, 0]
    np.testing.assert_allclose(shown, expected, atol=1)


def group(**tags):
    """One item of a sequence."""
    from pydicom.dataset import Dataset

    item = Dataset()
    for name, value in tags.items():
        setattr(item, name, value)
    return [item]


def frame_group(intercept, center, width):
    return group(
        PixelValueTransformationSequence=group(RescaleSlope=1, RescaleIntercept=intercept),
        FrameVOILUTSequence=group(WindowCenter=center, WindowWidth=width),
    )


def test_rescaling_and_windows_of_frames(hounsfield, tmp_path):
    stored = (hounsfield + 1024).astype(np.uint16)
    plain = {"RescaleSlope": 1, "RescaleIntercept": -1024}
    shown, by_range = [], []
    reader = ImageReader(intensity_range=(-500, 500))
    for center, width in ((40, 400), (-600, 1500)):
        tags = {**plain, "WindowCenter": center, "WindowWidth": width}
        path = write(tmp_path / "plain.dcm", stored, **tags)
        shown.append(read_image(path))
        by_range.append(read_image(path, reader))
    shared = frame_group(-1024, 40, 400)
    path = write(tmp_path / "a.dcm", stored[None], SharedFunctionalGroupsSequence=shared)
    np.testing.assert_array_equal(read_image(path), shown[0])
    np.testing.assert_array_equal(read_image(path, reader), by_range[0])
    # Frames may have their own, in place of those that they share and of the file.
    frames = np.stack([stored, stored + 100])
    each = [*frame_group(-1024, 40, 400), *frame_group(-1124, -600, 1500)]
    path = write(
        tmp_path / "b.dcm",
        frames,
        WindowCenter=1,
        WindowWidth=2,
        SharedFunctionalGroupsSequence=frame_group(0, 7, 8),
        PerFrameFunctionalGroupsSequence=each,
    )
    for frame in (0, 1):
        of_frame = ImageReader(frame=frame)
        np.testing.assert_array_equal(read_image(path, of_frame), shown[frame])
        of_frame = ImageReader(frame=frame, intensity_range=(-500, 500))
        np.testing.assert_array_equal(read_image(path, of_frame), by_range[frame])


def test_a_table_of_values_of_interest_of_a_frame(tmp_path):
    table = group(LUTDescriptor=[4, 0, 8], LUTData=[0, 10, 200, 255])
    table[0]["LUTData"].VR = "US"
    stored = np.arange(4, dtype=np.uint8).reshape(2, 2)
    shared = group(FrameVOILUTSequence=group(VOILUTSequence=table))
    path = write(tmp_path / "a.dcm", stored, SharedFunctionalGroupsSequence=shared)
    np.testing.assert_array_equal(read_image(path)[:, :, 0], [[0, 10], [200, 255]])


@pytest.mark.parametrize(
    "tags",
    [
        {"WindowCenter": None, "WindowWidth": None},
        {"WindowCenter": 40},
        {"WindowCenter": 40, "WindowWidth": 0},
        {"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": None, "without": "Window"},
        {"VOILUTSequence": []},
        {"VOILUTSequence": group(LUTExplanation="gone")},
        {"ModalityLUTSequence": []},
        {"RescaleSlope": None, "RescaleIntercept": None},
        {"RescaleIntercept": 0},
    ],
    ids=" ".join,
)
def test_what_is_empty_is_as_if_it_were_not_there(tags, hounsfield, tmp_path):
    tags = dict(tags)
    plain = {}
    if tags.pop("without", None):
        plain = {"WindowCenter": 40, "WindowWidth": 400}
    stored = (hounsfield + 1024).astype(np.uint16)
    expected = read_image(write(tmp_path / "plain.dcm", stored, **plain))
    shown = read_image(write(tmp_path / "a.dcm", stored, **tags))
    np.testing.assert_array_equal(shown, expected)


def test_the_first_valid_of_several_windows_counts(hounsfield, tmp_path):
    stored = (hounsfield + 1024).astype(np.uint16)
    of_one = {"WindowCenter": 1000, "WindowWidth": 300}
    of_several = {"WindowCenter": [5, 1000, 9], "WindowWidth": [0, 300, 10]}
    expected = read_image(write(tmp_path / "a.dcm", stored, **of_one))
    np.testing.assert_array_equal(
        read_image(write(tmp_path / "b.dcm", stored, **of_several)), expected
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize(
    ("padding", "tags"),
    [
        (-2000, {"PixelPaddingValue": -2000}),
        (30000, {"PixelPaddingValue": 30000}),
        (-1950, {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1900}),
    ],
)
def test_padding_is_black_and_has_no_part_in_the_range(
    photometric, padding, tags, hounsfield, tmp_path
):
    stored = hounsfield.astype(np.int16)
    stored[:16] = padding
    shown = read_image(write(tmp_path / "a.dcm", stored, photometric, **tags))[:, :, 0].astype(int)
    assert (shown[:16] == 0).all()
    expected = np.linspace(0, 255, 512)
    if photometric == "MONOCHROME1":
        expected = 255 - expected
    np.testing.assert_allclose(shown[16:].ravel(), expected, atol=2)
    all_padding = write(tmp_path / "b.dcm", np.full((8, 8), padding, np.int16), **tags)
    assert read_image(all_padding).shape == (8, 8, 3)


def test_padding_of_signed_values_that_is_written_as_unsigned(hounsfield, tmp_path):
    stored = hounsfield.astype(np.int16)
    stored[:16] = -2000
    path = write(tmp_path / "a.dcm", stored, PixelPaddingValue=-2000)
    expected = read_image(path)
    dataset = pydicom.dcmread(path)
    dataset.add_new("PixelPaddingValue", "US", 2**16 - 2000)
    dataset.save_as(path)
    assert pydicom.dcmread(path).PixelPaddingValue == 63536
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize("encoding", ["little", "big", "implicit"])
@pytest.mark.parametrize("name", ["a.dcm", "a", "1.2.840.113"])
def test_files_without_the_mark_of_dicom(encoding, name, hounsfield, tmp_path):
    stored = (hounsfield + 1024).astype(np.uint16)
    path = write(tmp_path / "with.dcm", stored)
    dataset = pydicom.dcmread(path)
    expected = read_image(path)
    # Only the elements, without preamble and header.
    plain = pydicom.Dataset(dataset)
    if encoding == "big":
        plain.PixelData = stored.astype(">u2").tobytes()
    pydicom.dcmwrite(
        tmp_path / name,
        plain,
        implicit_vr=encoding == "implicit",
        little_endian=encoding != "big",
        enforce_file_format=False,
    )
    assert b"DICM" not in (tmp_path / name).read_bytes()[:200]
    np.testing.assert_array_equal(read_image(tmp_path / name), expected)
    source = as_image_source([(tmp_path / name).read_bytes()])
    np.testing.assert_array_equal(np.asarray(source.read(0)), expected)


@pytest.mark.parametrize("name", ["ExplVR_LitEndNoMeta", "ExplVR_BigEndNoMeta", "rtstruct"])
def test_files_without_the_mark_and_without_an_image(name):
    from pydicom.data import get_testdata_file

    path = get_testdata_file(f"{name}.dcm", download=False)
    with pytest.raises(ImageReadError, match=r"\.dcm: this DICOM file holds no image"):
        read_image(path)


def test_without_a_window_the_range_of_the_images_counts(hounsfield, tmp_path):
    path = write(tmp_path / "a.dcm", (hounsfield + 1024).astype(np.uint16))
    shown = read_image(path).astype(int)[:, :, 0].ravel()
    np.testing.assert_allclose(shown, np.linspace(0, 255, 1024), atol=2)


def test_colours_and_frames(photos, tmp_path):
    photo = np.ascontiguousarray(photos["cat"][:64, :64])
    np.testing.assert_array_equal(read_image(write(tmp_path / "c.dcm", photo, "RGB")), photo)
    frames = np.stack([photo[:, :, 0], photo[:, :, 1]])
    path = write(tmp_path / "f.dcm", frames)
    with pytest.warns(UserWarning, match="several frames"):
        np.testing.assert_array_equal(read_image(path)[:, :, 2], frames[0])
    last = read_image(path, ImageReader(frame=1))
    np.testing.assert_array_equal(last[:, :, 0], frames[1])
    highest = read_image(path, ImageReader(frame="max"))
    np.testing.assert_array_equal(highest[:, :, 0], frames.max(axis=0))


def test_files_are_known_by_what_is_in_them(photos, tmp_path):
    write(tmp_path / "slice", photos["cat"][:32, :32, 0].copy())
    write(tmp_path / "b.dcm", photos["cat"][:32, :32, 0].copy())
    assert read_image(tmp_path / "slice").shape == (32, 32, 3)
    with pytest.warns(UserWarning, match="1 without a suffix"):
        assert list_images(tmp_path) == [tmp_path / "b.dcm"]


def test_the_extra_is_named_where_it_is_missing(photos, tmp_path, monkeypatch):
    path = write(tmp_path / "a.dcm", photos["cat"][:32, :32, 0].copy())
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(ImageReadError, match=r"a\.dcm.*skdeepcluster\[dicom\]"):
        read_image(path)


def test_a_file_without_an_image_is_named(tmp_path):
    path = write(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8))
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(ImageReadError, match=r"a\.dcm.*no image"):
        read_image(path)


def test_files_of_all_encodings_show_the_same(tmp_path):
    from pydicom.data import get_testdata_file

    # One image: compressed in two ways, with other orders of bytes, and beginning like TIFF.
    names = ["", "_RLE", "_bigendian", "_expb", "_implicit", "_jp2klossless", "_padded"]
    paths = [get_testdata_file(f"MR_small{name}.dcm", download=False) for name in names]
    shown = [read_image(path) for path in paths]
    expected = pydicom.dcmread(paths[0]).pixel_array
    order = np.argsort(expected.ravel(), kind="stable")
    assert (np.diff(shown[0][:, :, 0].ravel()[order].astype(int)) >= 0).all()
    assert len(np.unique(shown[0])) > 50
    for other in shown[1:]:
        np.testing.assert_array_equal(other, shown[0])
    # Neither do names and streams change what a file is.
    with open(paths[1], "rb") as file:
        content = file.read()
    (tmp_path / "scan").write_bytes(content)
    np.testing.assert_array_equal(read_image(tmp_path / "scan"), shown[0])
    source = as_image_source([content])
    np.testing.assert_array_equal(np.asarray(source.read(0)), shown[0])


def test_a_segmentation_of_one_bit_is_black_and_white():
    from pydicom.data import get_testdata_file

    path = get_testdata_file("liver_1frame.dcm", download=False)
    expected = pydicom.dcmread(path).pixel_array
    assert set(np.unique(expected)) == {0, 1}
    np.testing.assert_array_equal(read_image(path)[:, :, 0], 255 * expected)


def test_pixels_of_a_parametric_map(tmp_path):
    values = np.linspace(-3, 5, 64, dtype=np.float32).reshape(8, 8)
    path = write(tmp_path / "a.dcm", np.zeros((8, 8), np.uint8))
    dataset = pydicom.dcmread(path)
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    dataset.BitsAllocated, dataset.FloatPixelData = 32, values.tobytes()
    dataset.save_as(path)
    shown = read_image(path, ImageReader(intensity_range=(-3, 5)))[:, :, 0]
    np.testing.assert_allclose(shown, (values + 3) / 8 * 255, atol=0.51)


def test_what_no_decoder_here_reads_says_which_one_does():
    from pydicom.data import get_testdata_file

    path = get_testdata_file("JPEGLSNearLossless_08.dcm", download=False)
    try:
        readable = pydicom.dcmread(path).pixel_array
    except RuntimeError:
        with pytest.raises(ImageReadError, match=r"JPEG-LS.*pip install python-gdcm"):
            read_image(path)
    else:
        assert readable.any() and read_image(path).any()
