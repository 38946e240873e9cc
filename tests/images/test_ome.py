"""Sets of OME-TIFF files, each of which describes all of them."""

import logging
import tarfile
import warnings
from uuid import UUID

import numpy as np
import pytest

from skdeepcluster import ImageReader, list_images, read_image
from skdeepcluster.images import (
    ImageReadError,
    as_image_source,
    fitted_source,
    read_tar_images,
)

tifffile = pytest.importorskip("tifffile", reason="tifffile is not installed")

NAMES = [f"t{time}.ome.tif" for time in range(4)]
RANGE = (0, 255)


def description(file, planes, sizes, *, order="XYCZT", with_uuid=True):
    """OME-XML of one of several files.

    ``planes`` has a (name of a file, page, number of pages, first c, first z, first t) for each
    run of planes.
    """
    uuids = {name: f"urn:uuid:{UUID(int=n)}" for n, name in enumerate([*NAMES, "other.tif"])}
    data = "".join(
        f'<TiffData IFD="{page}" PlaneCount="{n}" FirstC="{c}" FirstZ="{z}" FirstT="{t}">'
        f'<UUID FileName="{name}">{uuids[name]}</UUID></TiffData>'
        for name, page, n, c, z, t in planes
    )
    size_c, size_z, size_t = sizes
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
        + f' UUID="{uuids[file]}"'
        * with_uuid
        + f'><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="{order}" Type="uint8" '
        f'SizeX="16" SizeY="8" SizeC="{size_c}" SizeZ="{size_z}" SizeT="{size_t}">'
        f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}</Pixels></Image></OME>'
    )


def write(path, values, xml):
    pages = np.array(values, np.uint8)[:, None, None].repeat(8, 1).repeat(16, 2)
    options = {"photometric": "minisblack", "metadata": None}
    tifffile.imwrite(path, pages, description=xml.encode(), **options)


@pytest.fixture(params=[True, False], ids=["by identifier", "by name"])
def times(request, tmp_path):
    """A file for each of four times, all of whose pixels are 50 times the time and 10 more."""
    planes = [(name, 0, 1, 0, 0, time) for time, name in enumerate(NAMES)]
    for time, name in enumerate(NAMES):
        xml = description(name, planes, (1, 1, 4), with_uuid=request.param)
        write(tmp_path / name, [50 * time + 10], xml)
    return tmp_path


def test_every_file_is_read_by_its_own_pages(times, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG):
        warnings.simplefilter("error")
        source = fitted_source(as_image_source(list_images(times)))
        assert [np.unique(source.read(n)).tolist() for n in range(4)] == [[10], [60], [110], [160]]
    assert not [record for record in caplog.records if record.name == "tifffile"]


def test_a_file_without_the_others(times, tmp_path, caplog):
    with tarfile.open(times / "times.tar", "w") as archive:
        for name in NAMES:
            archive.add(times / name, name)
    for name in (NAMES[0], NAMES[1], NAMES[3]):
        (times / name).unlink()
    path = times / NAMES[2]
    assert (read_image(path) == 110).all()
    assert (np.asarray(as_image_source([path.read_bytes()]).read(0)) == 110).all()
    shown = [np.unique(image).tolist() for image in read_tar_images(times / "times.tar")]
    assert shown == [[10], [60], [110], [160]]
    # By another name, of which the description does not tell.
    assert (read_image(path.rename(times / "moved.tif")) == 110).all()
    assert not [record for record in caplog.records if record.name == "tifffile"]


@pytest.mark.parametrize(("order", "first"), [("XYCZT", "c"), ("XYZCT", "z")])
def test_channels_and_slices_of_each_file(order, first, tmp_path):
    # Two channels and three slices of each of two times: 100 t + 50 c + 10 z.
    places = [(c, z) for z in range(3) for c in range(2)]
    if first == "z":
        places = [(c, z) for c in range(2) for z in range(3)]
    planes = [(NAMES[t], n, 1, c, z, t) for t in range(2) for n, (c, z) in enumerate(places)]
    for t in range(2):
        xml = description(NAMES[t], planes, (2, 3, 2), order=order)
        write(tmp_path / NAMES[t], [100 * t + 50 * c + 10 * z for c, z in places], xml)
    for t in range(2):
        for z in range(3):
            pixels = read_image(tmp_path / NAMES[t], ImageReader(frame=z, channels=(1, 0)))
            assert pixels[0, 0].tolist() == [100 * t + 50 + 10 * z, 100 * t + 10 * z, 0]
        with pytest.raises(ImageReadError, match="no frame 3: it has 3"):
            read_image(tmp_path / NAMES[t], ImageReader(frame=3, channels=0))


def test_a_run_of_planes_is_one_entry(tmp_path):
    planes = [(NAMES[t], 0, 3, 0, 0, t) for t in range(2)]
    for t in range(2):
        values = [100 * t + 10 * z for z in range(3)]
        write(tmp_path / NAMES[t], values, description(NAMES[t], planes, (1, 3, 2)))
    shown = read_image(tmp_path / NAMES[1], ImageReader(frame=2))
    assert (shown == 120).all()


def test_planes_that_are_no_array_are_frames(tmp_path):
    # The first file ends within the second of two times.
    planes = [(NAMES[0], 0, 3, 0, 0, 0), (NAMES[1], 0, 1, 0, 1, 1)]
    write(tmp_path / NAMES[0], [1, 2, 3], description(NAMES[0], planes, (1, 2, 2)))
    write(tmp_path / NAMES[1], [4], description(NAMES[1], planes, (1, 2, 2)))
    for frame in range(3):
        assert (read_image(tmp_path / NAMES[0], ImageReader(frame=frame)) == frame + 1).all()
    assert (read_image(tmp_path / NAMES[1]) == 4).all()


def test_a_file_of_a_set_that_is_cut_off(tmp_path):
    planes = [(NAMES[t], 0, 3, 0, 0, t) for t in range(2)]
    write(tmp_path / NAMES[1], [1, 2], description(NAMES[1], planes, (1, 3, 2)))
    assert (read_image(tmp_path / NAMES[1], ImageReader(frame=1)) == 2).all()
    with pytest.raises(ImageReadError, match=r"names an image 2 that is not there.*cut off"):
        read_image(tmp_path / NAMES[1], ImageReader(frame=2))
