"""Files and folders that appear whole or not at all."""

import os
import shutil
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
    """Give a place to write a file to, which becomes ``path`` if all goes well.

    Parameters
    ----------
    path : path
        A file that is made or replaced; a link leads to it.

    Yields
    ------
    partial : Path
        Beside it, hidden, not there yet.
    """
    path = resolved(path)
    partial = _beside(path)
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder):
    """Give an empty folder to fill, which becomes ``folder`` if all goes well.

    Parameters
    ----------
    folder : path
        Made, with the folders above it, or replaced with all that is in it; a link leads to it.

    Yields
    ------
    partial : Path
        Beside it, hidden.
    """
    folder = resolved(folder)
    partial, before = _beside(folder), _beside(folder)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.is_dir():
            os.replace(folder, before)
        try:
            os.replace(partial, folder)
        except OSError:
            if before.exists():
                os.replace(before, folder)
            raise
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_file(path):
    """Refuse before the work a file that could not be written after it.

    Raises
    ------
    OSError
        If there is no folder for it, it is a folder itself, or nothing can be written there.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r}.")
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Name a file in it.")
    check_writable(resolved(path).parent)


def check_folder(folder):
    """Refuse before the work a folder that could not be made or replaced after it.

    Raises
    ------
    OSError
        If it is a file, or nothing can be written beside it.
    """
    folder = Path(folder)
    if folder.is_file():
        raise NotADirectoryError(f"{str(folder)!r} is a file. Name a folder.")
    check_writable(resolved(folder).parent)


def check_writable(folder):
    """Make a folder if there is none, and write to it for a trial.

    Raises
    ------
    OSError
        If that fails.
    """
    try:
        resolved(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="."):
            pass
    except OSError as error:
        raise type(error)(
            f"Nothing can be written to {str(folder)!r}: {error.strerror}. Name another place."
        ) from error


def resolved(path):
    """Follow links: what replaces a link would leave what it leads to as it was."""
    return Path(os.path.realpath(path))


def _beside(path):
    # Its name tells whose it is, if a run is killed; with that of the path it may be too long.
    return path.with_name(f".skdeepcluster-{uuid.uuid4().hex}")
