"""Reading files as RGB images."""

import errno
import os
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pbm"),
    *(".pgm", ".png", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)

# How many times the wanted side a JPEG is at least decoded at. With a factor of two, features of
# detailed photographs had a cosine of 0.998 with those of the full image; with three, 0.9994.
_DRAFT_FACTOR = 3

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Errors of the machine, disk or network: the next image would fail, too.
_MACHINE_ERRORS = (MemoryError, TimeoutError, ConnectionError)
_MACHINE_ERRNOS = {
    *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ENOMEM),
    *(errno.ESTALE, errno.ENOTCONN, errno.ENETDOWN, errno.EHOSTUNREACH),
}


class ImageReadError(ValueError):
    """An image cannot be read. The message names the image, the problem and a remedy."""


def list_images(folder: str | os.PathLike[str], *, recursive: bool = True) -> list[Path]:
    """List the images in a folder.

    Parameters
    ----------
    folder : path
    recursive : bool, default=True
        Whether subfolders are searched, too.

    Returns
    -------
    paths : list of Path
        Sorted. Images are recognised by their suffix. Hidden files and folders are left out, and
        so are folders that symbolic links lead to a second time.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder.
    OSError
        If the folder cannot be read, such as PermissionError.
    ValueError
        If there is no image in it.

    Warns
    -----
    UserWarning
        If a subfolder cannot be read: its images are left out.

    Examples
    --------
    >>> from skdeepcluster import list_images
    >>> paths = list_images("photos/")  # doctest: +SKIP
    """
    folder = Path(folder).expanduser()
    if not folder.exists():
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r} (working directory: {os.getcwd()!r}). Check the "
            "spelling, or pass the full path."
        )
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file, not a folder. Pass a list: [path].")
    unreadable: list[OSError] = []
    paths, others, seen = [], 0, set()
    for parent, folders, files in os.walk(folder, onerror=unreadable.append, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(".")) * recursive
        # Symbolic links may lead to a folder that was seen already, or form a cycle.
        place = os.path.realpath(parent)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        for name in files:
            if name.startswith("."):
                continue
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not _is_special(path):
                paths.append(path)
            else:
                others += 1
    for error in unreadable:
        if error.filename == str(folder):
            raise error
        warnings.warn(
            f"Images in {error.filename!r} are left out: the folder cannot be read "
            f"({error.strerror}).",
            stacklevel=2,
        )
    if not paths:
        raise ValueError(
            f"No images in {str(folder)!r}: {others} other files were found. Images are files "
            f"ending in {', '.join(SUFFIXES)}."
        )
    return sorted(paths)


def _is_special(path):
    """Whether it is a pipe or the like, reading from which would block; not a broken link."""
    return not path.is_file() and path.exists()


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an image as the estimators do.

    Every image becomes 8-bit RGB: greyscale is repeated in three channels; palettes are looked
    up; transparent parts become white; CMYK is converted; 16-bit values keep their upper 8 bits;
    floating-point values must be in [0, 1]. The EXIF orientation is applied, and only the first
    of several frames is read. Pillow's limit against decompression bombs applies; above half of
    it, Pillow warns.

    Parameters
    ----------
    path : path

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), uint8

    Raises
    ------
    ImageReadError
        If the file is missing, damaged, not an image or too large.
    """
    return np.asarray(open_image(os.path.expanduser(path)))


def open_image(path, size_hint=None, name=None):
    """Read a file, or a binary stream with a ``name``, as an RGB Pillow image.

    With a ``size_hint``, a large JPEG is decoded at the smallest of a half, a quarter or an
    eighth of its size at which the shortest side still has three times that many pixels. This is
    several times as fast, and the resized image differs by less than one grey level on average.
    """
    name = path if name is None else name
    with reading(name), Image.open(path) as image:
        if size_hint is not None:
            image.draft(None, _draft_size(image.size, _DRAFT_FACTOR * size_hint))
        return to_rgb(image, str(name))


@contextmanager
def reading(name):
    """Turn every error of an image into an ImageReadError that names it.

    Errors of the machine are raised as they are.
    """
    try:
        yield
    except ImageReadError:
        raise
    except FileNotFoundError:
        raise ImageReadError(f"{name}: there is no such file. Check the path.") from None
    except UnidentifiedImageError:
        raise ImageReadError(
            f"{name}: this is not an image that Pillow can read. Remove it, convert it, or set "
            "on_error='skip'."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # The warning is an error if the user's filters make it one.
        raise ImageReadError(
            f"{name}: {error} If you trust the file, shrink it or increase "
            "PIL.Image.MAX_IMAGE_PIXELS."
        ) from None
    except Exception as error:
        if _is_of_machine(error):
            error.add_note(f"This happened while {name} was read.")
            raise
        # On damaged files decoders raise all kinds of errors: OSError, SyntaxError, ...
        raise ImageReadError(
            f"{name}: it cannot be decoded ({type(error).__name__}: {error}). It may be "
            "truncated or damaged; replace it, or set on_error='skip'."
        ) from error


def _is_of_machine(error):
    return isinstance(error, _MACHINE_ERRORS) or getattr(error, "errno", None) in _MACHINE_ERRNOS


def _draft_size(size, shortest):
    """Size of the same aspect ratio whose shortest side is ``shortest``."""
    width, height = size
    scale = shortest / min(width, height)
    return round(width * scale), round(height * scale)


def to_rgb(image, name):
    """Apply the EXIF orientation and convert to RGB, as :func:`read_image` does."""
    image.load()
    turn = _TURNS.get(_orientation(image))
    if turn is not None:
        image = image.transpose(turn)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return Image.fromarray(_upper_bits(np.asarray(image), name)).convert("RGB")
    if image.mode == "F":
        return Image.fromarray(unit_to_bytes(np.asarray(image), name)).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _orientation(image):
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception as error:
        if _is_of_machine(error):
            raise
        # The pixels are usable without the tags.
        return None


def _upper_bits(values, name):
    if values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise ImageReadError(
            f"{name}: integer pixels outside [0, 65535]. Scale them to 8 or 16 bits first."
        )
    return (values >> 8).astype(np.uint8)


def unit_to_bytes(values, name):
    """Map floating-point pixels in [0, 1] to [0, 255]."""
    low, high = values.min(initial=0), values.max(initial=0)
    # Written so that NaN fails, too.
    if not (low >= 0 and high <= 1):
        raise ImageReadError(
            f"{name}: floating-point pixels must be in [0, 1], but these range from {low:g} to "
            f"{high:g}. Divide by the largest possible value, or pass uint8."
        )
    return np.rint(values * 255).astype(np.uint8)
