"""Opening files: which decoder reads what."""

import logging
import os
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from ._dicom import DICOM_SUFFIXES, is_dicom, open_dicom
from ._errors import ImageReadError
from ._imagecodecs import (
    DEEP_FORMATS,
    decode_deep,
    has_lost_bits,
    head_of,
    is_deep_grey,
    open_undecoded,
)
from ._raw import PillowImage
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
        elif has_lost_bits(pillow_image):
            deep = decode_deep(file, pillow_image)
            is_truncated = not is_deep_grey(pillow_image)
            yield deep or PillowImage(pillow_image, is_truncated=is_truncated)
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
    if (
        not path
        or image.format not in DEEP_FORMATS
        or is_deep_grey(image)
        or not os.path.isfile(path)
    ):
        return False
    try:
        with Image.open(path) as again:
            return again.size == image.size and has_lost_bits(again)
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
    head = head_of(file, 132)
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
        decoded = open_undecoded(file, name)
        if decoded is None:
            raise UnidentifiedImageError
        yield decoded


def _is_dicom(file):
    """Whether a file is DICOM, by its first bytes, which are read if its name does not tell.

    What comes before the mark of DICOM is free, and some begin like TIFF there.
    """
    if isinstance(file, str | os.PathLike):
        suffix = os.path.splitext(file)[1].lower()
        if suffix not in ("", *DICOM_SUFFIXES):
            return False
    return is_dicom(head_of(file, 132))


def register_heif():
    """Make Pillow read HEIC files with pillow-heif; return whether it is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener()
    return True


def _rewound(file):
    if not isinstance(file, str | os.PathLike):
        file.seek(0)
    return file


def _draft_size(size, shortest):
    """Size of the same aspect ratio whose shortest side is ``shortest``."""
    width, height = size
    scale = shortest / min(width, height)
    return round(width * scale), round(height * scale)
