"""Images that Pillow does not decode, or not in full, and imagecodecs does."""

import os
import struct

from ._errors import ImageReadError
from ._opacity import full_opacity
from ._raw import ArrayImage, orientation_of
from ._tiff import check_size

# Besides TIFF, the formats whose colours may have more than 8 bits.
DEEP_FORMATS = {"JPEG2000", "PNG", "PPM"}
# Where the size of a JPEG 2000 image is found.
_JP2_HEAD = 4096
_JP2 = (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
# Markers of JPEG: ends of the header, frames of lossless kinds, and all that describe frames.
_SCAN, _END = 0xDA, 0xD9
_LS = 0xF7
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_FRAMES = {*range(0xC0, 0xD0), _LS} - {0xC4, 0xC8, 0xCC}


def head_of(file, n_bytes):
    """Read the first bytes of a path or stream, or all with -1."""
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as stream:
            return stream.read(n_bytes)
    place = file.tell()
    file.seek(0)
    head = file.read(n_bytes)
    file.seek(place)
    return head


def has_lost_bits(image):
    """Whether Pillow, which has opened an image, decodes other numbers than the file holds.

    So it is with colours of more than 8 bits, of which it keeps the upper 8, and with grey of
    JPEG 2000, which it makes 16 bits of.
    """
    if image.format not in DEEP_FORMATS or not image.tile:
        return False
    if image.format == "JPEG2000":
        if image.mode not in ("RGB", "RGBA", "LA") and not is_deep_grey(image):
            return False
        head = head_of(image.filename or image.fp, _JP2_HEAD)
        # The depth of the first channel stands 38 bytes behind the markers of the size.
        start = head.find(_JP2[1])
        return start >= 0 and len(head) > start + 42 and head[start + 42] & 0x7F >= 8
    if image.mode not in ("RGB", "RGBA", "LA"):
        return False
    # What Pillow is going to decode: "RGB;16B", or ("RGB", 65535).
    options = image.tile[0][3]
    if image.format == "PNG":
        return ";16" in str(options)
    return isinstance(options, tuple) and max(options[1:]) > 255


def is_deep_grey(image):
    """Whether Pillow decodes an image to grey of more than 8 bits."""
    return image.mode.startswith("I")


def decode_deep(file, image):
    """Decode all bits of an image that Pillow has opened; None if the decoder is not installed."""
    try:
        import imagecodecs
    except ImportError:
        return None
    decode = {"PNG": imagecodecs.png_decode, "JPEG2000": imagecodecs.jpeg2k_decode}
    if image.format not in decode:
        return None
    return _as_raw(decode[image.format](head_of(file, -1)), orientation_of(image) or 1)


def open_undecoded(file, name):
    """Open JPEG and JPEG 2000 of kinds that Pillow does not open.

    Returns
    -------
    image : ArrayImage or None
        None if the file is no such image.

    Raises
    ------
    ImageReadError
        If it is, and imagecodecs is not installed.
    """
    content = head_of(file, -1)
    kind, width, height = _kind_of(content)
    if kind is None:
        return None
    try:
        import imagecodecs
    except ImportError:
        raise ImageReadError(
            f"{name}: this is a {kind} file, which Pillow does not decode. Install imagecodecs, "
            'which does: pip install "skdeepcluster[tiff]".'
        ) from None
    check_size(width, height, name)
    if kind.startswith("JPEG 2000"):
        return _as_raw(imagecodecs.jpeg2k_decode(content))
    decode = imagecodecs.jpegls_decode if kind == "JPEG-LS" else imagecodecs.jpeg_decode
    return _as_raw(decode(content))


def _kind_of(content):
    """Name the kind of JPEG or JPEG 2000 that Pillow does not open, if it is one; and its size."""
    if content.startswith(_JP2):
        start = content.find(_JP2[1], 0, _JP2_HEAD)
        if 0 <= start <= len(content) - 42:
            width, height = struct.unpack_from(">II", content, start + 8)
            (n_channels,) = struct.unpack_from(">H", content, start + 40)
            return f"JPEG 2000 (of {n_channels} channels)", width, height
    place = 2
    while content.startswith(b"\xff\xd8") and place + 9 <= len(content):
        sign, marker, length, depth, height, width = struct.unpack_from(">BBHBHH", content, place)
        if sign != 0xFF or marker in (_SCAN, _END):
            break
        if marker in _FRAMES:
            return _kind_of_frame(marker, depth), width, height
        place += 2 + length
    return None, 0, 0


def _kind_of_frame(marker, depth):
    if marker == _LS:
        return "JPEG-LS"
    if marker in _LOSSLESS:
        return "lossless JPEG"
    return f"{depth}-bit JPEG" if depth > 8 else None


def _as_raw(values, orientation=1):
    values = values.reshape(*values.shape[:2], -1)
    n_channels = values.shape[2]
    opaque = full_opacity(values) if n_channels in (2, 4) else None
    return ArrayImage(
        lambda frame: values,
        values.dtype,
        n_channels,
        is_color=n_channels - (opaque is not None) == 3,
        full_opacity=opaque,
        orientation=orientation,
    )
