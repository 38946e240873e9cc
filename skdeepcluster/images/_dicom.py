"""DICOM files."""

import numpy as np

from ._errors import ImageReadError
from ._raw import ArrayImage
from ._tiff import check_size

DICOM_SUFFIXES = (".dcm", ".dicom")
# Where a file keeps its pixels; the others are those of parametric maps.
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def is_dicom(head):
    """Whether a file that begins with these 132 bytes is DICOM."""
    return head[128:132] == b"DICM"


def open_dicom(file, name, *, use_window):
    """Read a path or binary stream with pydicom.

    Stored values become those of the modality (such as Hounsfield units), and, with
    ``use_window``, 8 bits by the first window or table of values of interest if there is one.
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
    dataset = pydicom.dcmread(file)
    if not any(name in dataset for name in _PIXELS):
        raise ImageReadError(f"{name}: this DICOM file holds no image. Leave it out.")
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
        return _monochrome(values, dataset, use_window)[:, :, None]

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


def _monochrome(values, dataset, use_window):
    from pydicom.pixels import apply_modality_lut, apply_voi_lut, apply_windowing

    values = apply_modality_lut(values, dataset)
    if use_window and "VOILUTSequence" in dataset:
        n_bits = dataset.VOILUTSequence[0].LUTDescriptor[2]
        shown = apply_voi_lut(values, dataset) / (2**n_bits - 1)
    elif use_window and "WindowCenter" in dataset and "WindowWidth" in dataset:
        # The range that the window is mapped to depends on the stored bits.
        low, high = apply_windowing(np.array([-1e12, 1e12]), dataset)
        shown = (apply_windowing(values, dataset) - low) / (high - low)
    else:
        return _in_eight_bits(values, dataset)
    return np.rint(255 * shown).astype(np.uint8)


def _in_eight_bits(values, dataset):
    """Scale values of fewer bits, such as segmentations of one, to the range of 8 bits."""
    n_bits = dataset.get("BitsStored", 8)
    is_small = values.dtype == np.uint8 and n_bits < 8
    return values * np.uint8(255 // (2**n_bits - 1)) if is_small else values


def _upper_byte(values):
    return values if values.dtype == np.uint8 else (values >> 8).astype(np.uint8)
