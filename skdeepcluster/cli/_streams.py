"""Standard streams, which may be closed, full, or read by nobody."""

import errno
import os
import sys
from contextlib import contextmanager, redirect_stderr


@contextmanager
def open_streams():
    """Open what is closed of the standard streams, as it is for daemons, to nowhere.

    Results are still printed to the standard output alone, and raise an OSError if it is closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free. A file of results would have got it.
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is not None:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


def print_result(text):
    """Print text, with escapes for what the terminal cannot encode.

    Raises
    ------
    OSError
        If that is not possible.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "the standard output is closed")
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def flush_result():
    """Print what is still in the buffer."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_result():
    """Print what is in the buffer to nowhere: it would fail again when the process exits."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
