"""DICOM files."""

import re
from collections.abc import Sequence

import numpy as np

from ._errors import ImageReadError
from ._raw import ArrayImage
from ._tiff import check_size

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
# Where a file keeps its pixels; the others are those of parametric maps.
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

# Files without the mark of DICOM begin with an element that comes early in group 2 or 8: its tag,
# and then the type of its value, or the length of it where types are left out.
_FIRST_ELEMENT = re.compile(
    rb"(?:\x02\0[\0-\x03\x10]|\x08\0[\0\x01\x05-\x08\x12-\x1a])\0(?:[A-Z]{2}|[^\0]\0\0\0)"
    rb"|\0(?:\x02\0[\0-\x03\x10]|\x08\0[\0\x01\x05-\x08\x12-\x1a])[A-Z]{2}"
)
# What says how the values of a frame are rescaled and shown.
_SHOWN_BY = (
    *("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept"),
    *("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction"),
)


def is_dicom(head):
    """Whether a file that begins with these 132 bytes is DICOM."""
    return head[128:132] == b"DICM" or _FIRST_ELEMENT.match(head) is not None


def open_dicom(file, name, *, use_window):
    """Read a path or binary stream with pydicom.

    Stored values become those of the modality (such as Hounsfield units), and, with
    ``use_window``, 8 bits by the first window or table of values of interest if there is one: that
    of the frame, if frames have their own. Padding becomes the darkest value beside it.
    MONOCHROME1, where the lowest value is white, is inverted.

    Returns
    -------
    image : ArrayImage

    Raises
    ------
    ImageReadError
        If pydicom, or what decompresses the file, is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise ImageReadError(
            f"{name}: this is a DICOM file, which is read by pydicom: "
            'pip install "skdeepcluster[dicom]".'
        ) from None
    # By force: some have neither the mark of DICOM nor a header.
    dataset = pydicom.dcmread(file, force=True)
    if not any(name in dataset for name in _PIXELS):
        raise ImageReadError(f"{name}: this DICOM file holds no image. Leave it out.")
    _complete(dataset)
    check_size(dataset.Columns, dataset.Rows, name)
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    photometric = dataset.PhotometricInterpretation
    is_color = dataset.SamplesPerPixel == 3 or photometric == "PALETTE COLOR"

    def read(frame):
        values = _stored(dataset, frame, name)
        if photometric == "PALETTE COLOR":
            return _upper_byte(pydicom.pixels.apply_color_lut(values, dataset))[:, :, :3]
        if is_color:
            return values
        return _monochrome(values, dataset, frame, use_window)[:, :, None]

    first = read(0)
    return ArrayImage(
        lambda frame: first if frame == 0 else read(frame),
        first.dtype,
        first.shape[2],
        n_frames=n_frames,
        is_color=is_color,
        is_inverted=photometric == "MONOCHROME1",
    )


def _stored(dataset, frame, name):
    from pydicom.pixels import pixel_array

    try:
        # Also converts YBR to RGB.
        return pixel_array(dataset, index=frame)
    except RuntimeError as error:
        # pydicom's words say what its decoders, those that are installed and others, can do.
        reason = " ".join(str(error).split())
        raise ImageReadError(
            f"{name}: it cannot be decoded ({reason}). If a decoder is missing, pip install "
            "python-gdcm, or pylibjpeg with pylibjpeg-libjpeg and pylibjpeg-openjpeg; otherwise "
            "convert the file."
        ) from error


def _complete(dataset):
    """Add what files without a header lack: how their pixels are stored."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if "TransferSyntaxUID" in dataset.file_meta:
        return
    is_implicit, is_little_endian = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if is_little_endian else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit


def _monochrome(stored, dataset, frame, use_window):
    from pydicom.pixels import apply_modality_lut, apply_voi_lut, apply_windowing

    shown_by = _shown_by(dataset, frame)
    values = apply_modality_lut(stored, shown_by)
    is_padding = _is_padding(stored, dataset)
    if is_padding.any() and not is_padding.all():
        image = values[~is_padding]
        is_inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
        values = np.where(is_padding, image.max() if is_inverted else image.min(), values)
    if use_window and "VOILUTSequence" in shown_by:
        n_bits = shown_by.VOILUTSequence[0].LUTDescriptor[2]
        shown = apply_voi_lut(values, shown_by) / (2**n_bits - 1)
    elif use_window and "WindowWidth" in shown_by:
        # The range that the window is mapped to depends on the stored bits.
        with np.errstate(over="ignore"):
            low, high = apply_windowing(np.array([-1e12, 1e12]), shown_by)
        shown = (apply_windowing(values, shown_by) - low) / (high - low)
    else:
        return _in_eight_bits(values, dataset)
    return np.rint(255 * shown).astype(np.uint8)


def _shown_by(dataset, frame):
    """Collect how a frame is rescaled and shown, without what is empty or invalid.

    It may stand in the file itself, in the groups that frames share, or in those of the frame.
    """
    from pydicom.dataset import Dataset

    found = Dataset()
    found.file_meta = dataset.file_meta
    for part in (dataset, *_groups_of_frame(dataset, frame)):
        for name in _SHOWN_BY:
            if name in part and not part[name].is_empty:
                setattr(found, name, part[name].value)
    for name in ("ModalityLUTSequence", "VOILUTSequence"):
        if name in found and not _is_table(found[name].value[0]):
            delattr(found, name)
    if "RescaleSlope" in found or "RescaleIntercept" in found:
        found.RescaleSlope = found.get("RescaleSlope") or 1
        found.RescaleIntercept = found.get("RescaleIntercept", 0)
    _choose_window(found)
    for name in ("PhotometricInterpretation", "BitsStored", "PixelRepresentation"):
        if name in dataset:
            setattr(found, name, dataset[name].value)
    return found


def _groups_of_frame(dataset, frame):
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for group in (*shared[:1], *groups[frame : frame + 1]):
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            yield from (group.get(name) or [])[:1]


def _is_table(item):
    return all(name in item and not item[name].is_empty for name in ("LUTDescriptor", "LUTData"))


def _choose_window(shown_by):
    """Leave the first of the windows that is valid, if there is one."""
    centers, widths = (_several(shown_by.get(name)) for name in ("WindowCenter", "WindowWidth"))
    is_linear = shown_by.get("VOILUTFunction", "LINEAR").upper() == "LINEAR"
    for center, width in zip(centers, widths, strict=False):
        is_empty = center in ("", None) or width in ("", None)
        if not is_empty and (width >= 1 or (width > 0 and not is_linear)):
            shown_by.WindowCenter, shown_by.WindowWidth = center, width
            return
    for name in ("WindowCenter", "WindowWidth"):
        shown_by.pop(name, None)


def _several(value):
    return value if isinstance(value, Sequence) else [value]


def _is_padding(stored, dataset):
    """Find pixels that fill what lies beyond the image: one value, or a range of them."""
    pixels = next(name for name in _PIXELS if name in dataset)
    padding = pixels.removesuffix("Data") + "Padding"
    first = dataset.get(f"{padding}Value")
    if first is None:
        return np.zeros(stored.shape, bool)
    last = dataset.get(f"{padding}RangeLimit")
    # Of signed values it is often written as an unsigned one.
    limits = np.array([first, first if last is None else last]).astype(stored.dtype)
    return (stored >= limits.min()) & (stored <= limits.max())


def _in_eight_bits(values, dataset):
    """Scale values of fewer bits, such as segmentations of one, to the range of 8 bits."""
    n_bits = dataset.get("BitsStored", 8)
    is_small = values.dtype == np.uint8 and n_bits < 8
    return values * np.uint8(255 // (2**n_bits - 1)) if is_small else values


def _upper_byte(values):
    return values if values.dtype == np.uint8 else (values >> 8).astype(np.uint8)
