"""Files and folders that are written completely or not at all."""

import errno
import os
import shutil
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

_PARTIAL = ".skdeepcluster-"
# What a folder that is being replaced is called meanwhile; never removed as abandoned.
_BEFORE = ".before-skdeepcluster-"
# A partial file that is older is not being written any more.
_MAX_SECONDS_TO_WRITE = 3600
# The disk is full, or what a user or process may write is used up.
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path):
    """Write a file under another name, which becomes ``path`` if nothing is raised.

    Parameters
    ----------
    path : path
        The file to create or replace. A symbolic link is followed.

    Yields
    ------
    partial : Path
        A hidden, empty file in the same folder.
    """
    path = resolved(path)
    partial = _beside(path)
    try:
        with rights_of_umask(partial):
            yield partial
        os.replace(partial, path)
    except OSError as error:
        # What writes to an open file does not say which one.
        if error.errno in _NO_SPACE and error.filename is None:
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def rights_of_umask(path):
    """Create an empty file, and restore its rights when another library has written it.

    Some libraries let only the owner read what they write, whatever the umask is.
    """
    path.touch()
    mode = path.stat().st_mode
    yield
    if path.stat().st_mode != mode:
        path.chmod(mode)


@contextmanager
def whole_folder(folder):
    """Fill a folder under another name, which becomes ``folder`` if nothing is raised.

    Parameters
    ----------
    folder : path
        The folder to create, with its parents, or to replace with everything in it. A symbolic
        link is followed.

    Yields
    ------
    partial : Path
        A hidden, empty folder beside it. What killed processes have left there is removed.
    """
    folder = resolved(folder)
    partial, before = _beside(folder), _beside(folder, _BEFORE)
    remove_abandoned(folder.parent)
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
    """Check before a long computation that a file can be written after it.

    Raises
    ------
    OSError
        If its folder does not exist, it is a folder itself, or its folder is not writable.
    """
    path = Path(path).expanduser()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r}.")
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Name a file in it.")
    check_writable(resolved(path).parent)


def check_folder(folder):
    """Check before a long computation that a folder can be created or replaced after it.

    Raises
    ------
    OSError
        If it is a file, or the folder that contains it is not writable.
    """
    folder = Path(folder).expanduser()
    if folder.is_file():
        raise NotADirectoryError(f"{str(folder)!r} is a file. Name a folder.")
    check_writable(resolved(folder).parent)


def check_writable(folder):
    """Create a folder if it does not exist, and try to write to it.

    Raises
    ------
    OSError
        If that fails.
    """
    try:
        resolved(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=resolved(folder), prefix="."):
            pass
    except OSError as error:
        raise type(error)(
            f"Cannot write to {str(folder)!r}: {error.strerror}. Choose another folder."
        ) from error


def remove_abandoned(folder):
    """Remove partial files and folders that killed processes left in a folder.

    Those changed within the last hour are kept: another process may be writing them.
    """
    now = time.time()
    for partial in resolved(folder).glob(f"{_PARTIAL}*"):
        # Another process may do the same at the same time.
        with suppress(FileNotFoundError):
            if now - _last_change(partial, now) <= _MAX_SECONDS_TO_WRITE:
                continue
            if partial.is_dir() and not partial.is_symlink():
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink()


def _last_change(path, now):
    """Return when a file, or anything in a folder, was last changed before ``now``."""
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    times = [each.lstat().st_mtime for each in (path, *inside)]
    # Copies have the times of their originals, which may lie in the future.
    return max((moment for moment in times if moment <= now), default=now)


def resolved(path):
    """Follow symbolic links: replacing a link would leave its target as it was.

    "~" is the home folder.
    """
    return Path(os.path.realpath(os.path.expanduser(path)))


def _beside(path, prefix=_PARTIAL):
    # The name says where it comes from, should a run be killed. Together with the name of the
    # path it could be too long.
    return path.with_name(f"{prefix}{uuid.uuid4().hex}")
