"""Opening files: which decoder reads what."""

import logging
import os
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from ._dicom import DICOM_SUFFIXES, is_dicom, open_dicom
from ._errors import ImageReadError
from ._opacity import full_opacity
from ._raw import ArrayImage, PillowImage, orientation_of
from ._tiff import has_deep_colors, is_beyond_pillow, is_inverted, is_tiff, missing_value, open_tiff

# Of Pillow's formats those that are images as such: it also opens FITS, whose values it changes,
# icons and stubs. Formats that another package has registered with Pillow are read, too.
PILLOW_FORMATS = {
    *("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP"),
}

# An error that Pillow logs of files that are read by tifffile then.
logging.getLogger("PIL.TiffImagePlugin").addFilter(
    lambda record: not record.getMessage().startswith("More samples per pixel")
)

# How many times the wanted side a JPEG is at least decoded at. With a factor of two, features of
# detailed photographs had a cosine of 0.998 with those of the full image; with three, 0.9994.
_DRAFT_FACTOR = 3

# Besides TIFF, the formats whose colours may have more than 8 bits.
_DEEP_FORMATS = {"JPEG2000", "PNG", "PPM"}
# Where the size of a JPEG 2000 image is found.
_JP2_HEAD = 4096
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@contextmanager
def open_raw(file, name, size_hint=None, *, use_window=True):
    """Open a path, or a binary stream, as an image that is decoded on demand.

    With a ``size_hint``, a large JPEG is decoded at the smallest of a half, a quarter or an
    eighth of its size at which the shortest side still has three times that many pixels. This is
    several times as fast, and the resized image differs by less than one grey level on average.

    Parameters
    ----------
    file : path or binary file
    name : str
        For errors.
    size_hint : int, default=None
        Shortest side in pixels that the caller will resize to.
    use_window : bool, default=True
        Whether the window of a DICOM file, if it has one, says what is black and white.

    Yields
    ------
    image : RawImage
    """
    try:
        pillow_image = None if _is_dicom(file) else Image.open(file)
    except UnidentifiedImageError:
        pillow_image = None
    if pillow_image is None:
        with _open_otherwise(file, name, use_window) as image:
            yield image
        return
    with pillow_image:
        _check_format(pillow_image, name)
        if pillow_image.format == "TIFF" and is_beyond_pillow(pillow_image):
            with open_tiff(_rewound(file), name) as image:
                yield image
        elif _has_deep_colors(pillow_image):
            deep = _decode_deep(file, pillow_image)
            yield PillowImage(pillow_image, is_truncated=True) if deep is None else deep
        else:
            if size_hint is not None:
                draft = _draft_size(pillow_image.size, _DRAFT_FACTOR * size_hint)
                pillow_image.draft(None, draft)
            yield PillowImage(pillow_image, **_facts_of_tiff(pillow_image))


def as_decoded(image, name):
    """Take a Pillow image as it is, in the frame that it is at.

    Of one that is decoded already, it is found out what the file held besides, where it tells.
    """
    _check_format(image, name)
    is_truncated = has_deep_colors(image) if hasattr(image, "tag_v2") else _was_deep(image)
    return PillowImage(image, n_frames=1, is_truncated=is_truncated, **_facts_of_tiff(image))


def _facts_of_tiff(image):
    """Take from a TIFF file what Pillow knows of it, but does not apply."""
    if not hasattr(image, "tag_v2"):
        return {}
    return {"is_inverted": is_inverted(image), "missing": missing_value(image)}


def _was_deep(image):
    """Whether colours of a decoded image have more than 8 bits in its file, if that is there."""
    path = getattr(image, "filename", None)
    if not path or image.format not in _DEEP_FORMATS or not os.path.isfile(path):
        return False
    try:
        with Image.open(path) as again:
            return again.size == image.size and _has_deep_colors(again)
    except (OSError, SyntaxError, ValueError):
        # Another file is there by now.
        return False


def _check_format(image, name):
    """Refuse formats that Pillow opens, but that are not meant, or that it reads wrongly."""
    known = image.format is None or image.format in PILLOW_FORMATS
    if not known and Image.OPEN[image.format][0].__module__.startswith("PIL."):
        raise ImageReadError(
            f"{name}: this is a {image.format} file, a format that is not read. Convert it, or "
            "pass reader=ImageReader(function), see 'Images of science' in the user guide."
        )


@contextmanager
def _open_otherwise(file, name, use_window):
    """Open what Pillow by itself does not know."""
    head = _head(file, 132)
    if is_dicom(head):
        yield open_dicom(_rewound(file), name, use_window=use_window)
    elif is_tiff(head):
        with open_tiff(_rewound(file), name) as image:
            yield image
    elif head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        if not register_heif():
            raise ImageReadError(
                f"{name}: this is a HEIC file, which is read by pillow-heif: "
                'pip install "skdeepcluster[heif]".'
            )
        with Image.open(_rewound(file)) as image:
            yield PillowImage(image)
    elif not head:
        raise ImageReadError(f"{name}: the file is empty. Replace or remove it.")
    else:
        raise UnidentifiedImageError


def _is_dicom(file):
    """Whether a file is DICOM, by its first bytes, which are read if its name does not tell.

    What comes before the mark of DICOM is free, and some begin like TIFF there.
    """
    if isinstance(file, str | os.PathLike):
        suffix = os.path.splitext(file)[1].lower()
        if suffix not in ("", *DICOM_SUFFIXES):
            return False
    return is_dicom(_head(file, 132))


def register_heif():
    """Make Pillow read HEIC files with pillow-heif; return whether it is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener()
    return True


def _head(file, n_bytes):
    """Read the first bytes of a path or stream, or all with -1."""
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as stream:
            return stream.read(n_bytes)
    place = file.tell()
    file.seek(0)
    head = file.read(n_bytes)
    file.seek(place)
    return head


def _rewound(file):
    if not isinstance(file, str | os.PathLike):
        file.seek(0)
    return file


def _has_deep_colors(image):
    """Whether colours have more than 8 bits in the file, of which Pillow keeps the upper 8."""
    if (
        image.format not in _DEEP_FORMATS
        or image.mode not in ("RGB", "RGBA", "LA")
        or not image.tile
    ):
        return False
    if image.format == "JPEG2000":
        head = _head(image.filename or image.fp, _JP2_HEAD)
        # The depth of the first channel stands 38 bytes behind the markers of the size.
        start = head.find(b"\xff\x4f\xff\x51")
        return start >= 0 and len(head) > start + 42 and head[start + 42] & 0x7F >= 8
    # What Pillow is going to decode: "RGB;16B", or ("RGB", 65535).
    options = image.tile[0][3]
    if image.format == "PNG":
        return ";16" in str(options)
    return image.format == "PPM" and isinstance(options, tuple) and max(options[1:]) > 255


def _decode_deep(file, image):
    """Decode all bits of colours; None if the decoder is not installed."""
    try:
        import imagecodecs
    except ImportError:
        return None
    decode = {"PNG": imagecodecs.png_decode, "JPEG2000": imagecodecs.jpeg2k_decode}
    if image.format not in decode:
        return None
    values = decode[image.format](_head(file, -1))
    n_channels = values.shape[2]
    opaque = full_opacity(values) if n_channels in (2, 4) else None
    return ArrayImage(
        lambda frame: values,
        values.dtype,
        n_channels,
        is_color=n_channels - (opaque is not None) == 3,
        full_opacity=opaque,
        orientation=orientation_of(image) or 1,
    )


def _draft_size(size, shortest):
    """Size of the same aspect ratio whose shortest side is ``shortest``."""
    width, height = size
    scale = shortest / min(width, height)
    return round(width * scale), round(height * scale)
