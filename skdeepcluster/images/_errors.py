"""Errors of images, told from errors of the machine."""

import errno
import os
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

# Errors of the machine, disk or network: the next image would fail, too.
_MACHINE_ERRORS = (MemoryError, TimeoutError, ConnectionError)
_MACHINE_ERRNOS = {
    *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ENOMEM),
    *(errno.ESTALE, errno.ENOTCONN, errno.ENETDOWN, errno.EHOSTUNREACH),
}


class ImageReadError(ValueError):
    """An image cannot be read. The message names the image, the problem and a remedy."""


class MissingFunctionError(ValueError):
    """A reader's function, which is not saved with a model, was not passed when it was loaded."""


# Errors of a program, not of the file that it reads.
_PROGRAMMING_ERRORS = (
    *(AttributeError, ImportError, NameError, TypeError),
    MissingFunctionError,
)
_RAISED_AS_IT_IS = "_skdeepcluster_raised_as_it_is"


def read_by_function(function, path):
    """Call a reader's function, and tell errors of its code from those of the file.

    Raises
    ------
    ImageReadError
        If the function raises an error that the file may be the cause of, or returns None.
    """
    try:
        result = function(path)
    except ImageReadError:
        raise
    except _PROGRAMMING_ERRORS as error:
        error.add_note(f"This happened while the reader function read {path!r}.")
        setattr(error, _RAISED_AS_IT_IS, True)
        raise
    except Exception as error:
        if is_of_machine(error):
            raise
        raise ImageReadError(
            f"{path}: the reader function raised {type(error).__name__}: {error}. Mend the "
            "function, replace or remove the file, or set on_error='skip'."
        ) from error
    if result is None:
        raise ImageReadError(
            f"{path}: the reader function returned None. It must return an array or a Pillow image."
        )
    return result


@contextmanager
def reading(name):
    """Turn every error of an image into an ImageReadError that names it.

    Errors of the machine, and of the code of a reader's function, are raised as they are.
    """
    try:
        yield
    except ImageReadError:
        raise
    except FileNotFoundError as error:
        raise ImageReadError(f"{name}: {_no_such_file(name, error.filename or name)}") from None
    except IsADirectoryError:
        raise ImageReadError(
            f"{name}: this is a folder. Pass the files in it, list_images(folder)."
        ) from None
    except UnidentifiedImageError:
        raise ImageReadError(
            f"{name}: this is not an image that Pillow can read. Remove it, convert it, "
            "pass reader=ImageReader(function), or set on_error='skip'."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # The warning is an error if the user's filters make it one.
        raise ImageReadError(
            f"{name}: {error} If you trust the file, shrink it or increase "
            "PIL.Image.MAX_IMAGE_PIXELS."
        ) from None
    except Exception as error:
        if hasattr(error, _RAISED_AS_IT_IS):
            raise
        if is_of_machine(error):
            error.add_note(f"This happened while {name} was read.")
            raise
        # On damaged files decoders raise all kinds of errors: OSError, SyntaxError, ...
        raise ImageReadError(
            f"{name}: it cannot be decoded ({type(error).__name__}: {error}). It may be "
            "truncated or damaged, or of a kind that the decoder does not know; replace or "
            "convert it, or set on_error='skip'."
        ) from error


def _no_such_file(name, file):
    path = os.fsdecode(file)
    problem = "there is no such file" + f" as {path!r}" * (path != name)
    if "://" in path:
        return f"{problem}. URLs are not opened: download the file, and pass its path."
    relative = f", which is relative to the working directory {os.getcwd()!r}"
    return f"{problem}. Check the path{relative * (not os.path.isabs(path))}."


def is_of_machine(error):
    """Whether an error is one of the machine, disk or network, not of an image."""
    return isinstance(error, _MACHINE_ERRORS) or getattr(error, "errno", None) in _MACHINE_ERRNOS
