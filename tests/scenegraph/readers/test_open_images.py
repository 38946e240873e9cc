import warnings

import pytest
from PIL import Image

from skdeepcluster.scenegraph import read_open_images

from ._left_out import left_out

HEADER = (
    "ImageID,LabelName1,LabelName2,XMin1,XMax1,YMin1,YMax1,XMin2,XMax2,YMin2,YMax2,"
    "RelationshipLabel\n"
)
CLASSES = "LabelName,DisplayName\n/m/04yx4,Man\n/m/01y9k5,Desk\n/m/0fldg,Mango\n"
ATTRIBUTES = "id,name\n/m/04lbp,(made of)Leather\n/m/02wzbmj,Standing\n"
MAN, DESK = "0.100000,0.500000,0.200000,0.900000", "0.300000,0.700000,0.500000,1.000000"
ROWS = (
    f"000ac95750ac7399,/m/04yx4,/m/01y9k5,{MAN},{DESK},at\n"
    f"000ac95750ac7399,/m/04yx4,/m/02wzbmj,{MAN},{MAN},is\n"
    f"0000000000000001,/m/01y9k5,/m/04lbp,{DESK},{DESK},is\n"
    f"000ac95750ac7399,/m/04yx4,/m/01y9k5,{MAN},{DESK},interacts_with\n"
)


@pytest.fixture
def files(tmp_path):
    tables = []
    for name, text in [("classes.csv", CLASSES), ("attributes.csv", ATTRIBUTES)]:
        (tmp_path / name).write_text(text)
        tables.append(tmp_path / name)

    def write(rows, header=HEADER):
        (tmp_path / "vrd.csv").write_text(header + rows)
        return tmp_path / "vrd.csv"

    return write, tables


def check(records, first_id, second_id):
    first, second = records
    assert (first.image_id, second.image_id) == (first_id, second_id)
    assert first.graph.labels == ("man", "desk", "standing")
    assert first.graph.triples == (
        ("man", "at", "desk"),
        ("man", "is", "standing"),
        ("man", "interacts with", "desk"),
    )
    assert first.graph.objects[0].box == pytest.approx((20, 20, 100, 90))
    assert first.graph.objects[1].box == pytest.approx((60, 50, 140, 100))
    assert second.graph.triples == (("desk", "is", "leather"),)


def test_with_sizes(files):
    write, tables = files
    sizes = {"000ac95750ac7399": (200, 100), "0000000000000001": (50, 50)}
    check(read_open_images(write(ROWS), class_names=tables, images=sizes), *sizes)


def test_with_a_folder(files, tmp_path):
    write, tables = files
    folder = tmp_path / "photos"
    (folder / "train").mkdir(parents=True)
    # Its pixels lie on their side, and are turned when it is shown.
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (100, 200)).save(folder / "000ac95750ac7399.jpg", exif=exif)
    Image.new("RGB", (50, 50)).save(folder / "0000000000000001.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records = read_open_images(write(ROWS), class_names=tables, images=folder)
    check(records, "000ac95750ac7399.jpg", "0000000000000001.png")
    (folder / "0000000000000001.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"0000000000000001\.png' cannot be read"):
        read_open_images(write(ROWS), class_names=tables, images=folder)


def test_what_is_missing_is_left_out(files):
    write, tables = files
    rows = ROWS.replace("0000000000000001", "ffff") + (
        f"000ac95750ac7399,/m/0fldg,/m/unknown,{MAN},{DESK},on\n"
    )
    with pytest.warns(UserWarning) as caught:
        (record,) = read_open_images(
            write(rows), class_names=tables[0], images={"000ac95750ac7399.jpg": (200, 100)}
        )
    assert record.image_id == "000ac95750ac7399.jpg"
    assert record.graph.labels == ("man", "desk", "mango")
    assert len(record.graph.relations) == 2
    assert left_out(caught) == {
        "relations in other images": 1,
        "attributes without a name": 1,
        "objects without a name": 1,
        "relations to an object that is missing": 1,
    }


def test_what_is_not_in_this_format(files):
    write, tables = files
    sizes = {"000ac95750ac7399": (200, 100)}
    with pytest.raises(ValueError, match=r"vrd\.csv' is not in Open Images' format: line 2.*XMin1"):
        path = write(ROWS, HEADER.replace("XMin1", "XMin"))
        read_open_images(path, class_names=tables, images=sizes)
