"""Files of text and of JSON, whose errors name them."""

import csv
import gzip
import itertools
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

# Raised for entries of an unexpected kind, which include numbers too large for a float and lists
# that are nested too deeply.
_WRONG_ENTRY = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    csv.Error,
)
_DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
_SPACE = re.compile(r"[ \t\n\r]*")


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turn the errors of an entry that is not as expected into a ValueError.

    Parameters
    ----------
    what : str
        Begins the message: the entry and its file.
    """
    try:
        yield
    except _WRONG_ENTRY as error:
        # The text of a KeyError is the key alone.
        text = f"there is no {error}" if isinstance(error, KeyError) else f"{error}"
        raise ValueError(f"{what}: {text}") from error


def read_lines(path: str | PathLike) -> Iterator[bytes]:
    """Yield the lines of a file, compressed by gzip or not."""
    opened = gzip.open if Path(path).suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            yield from file
    except _DAMAGED_GZIP as error:
        raise ValueError(f"{str(path)!r} cannot be decompressed: {error}") from error


def read_text(path: str | PathLike) -> str:
    """Read a text file in UTF-8, compressed by gzip or not."""
    content = b"".join(read_lines(path))
    with naming(f"{str(path)!r} is no text in UTF-8"):
        return content.decode("utf-8-sig")


def read_json(path: str | PathLike) -> Any:
    """Read a JSON file, compressed by gzip or not."""
    text = read_text(path)
    with naming(f"{str(path)!r} is not readable JSON"):
        return json.loads(text)


def read_entries(path: str | PathLike) -> Iterator[tuple[Any, Any]]:
    """Yield the entries of a JSON list or object, one at a time.

    The objects of a whole file of Visual Genome take ten times the memory of its text.

    Yields
    ------
    key : int or str
        Position in the list, or key of the object.
    value : object
    """
    text = read_text(path)
    with naming(f"{str(path)!r} is not readable JSON"):
        yield from _entries(text)


def _entries(text):
    decode = json.JSONDecoder().raw_decode
    place = _skip_space(text, 0)
    closing = {"[": "]", "{": "}"}.get(text[place : place + 1])
    if closing is None:
        raise ValueError("it begins with neither a list nor an object")
    place = _skip_space(text, place + 1)
    numbers = itertools.count() if text[place : place + 1] != closing else ()
    for number in numbers:
        key = number
        if closing == "}":
            key, place = decode(text, place)
            place = _skip(text, place, ":")
        value, place = decode(text, place)
        yield key, value
        place = _skip_space(text, place)
        if text[place : place + 1] == closing:
            break
        place = _skip(text, place, ",")
    if _skip_space(text, place + 1) < len(text):
        raise ValueError(f"there is more behind its end, at character {place + 1}")


def _skip_space(text, place):
    space = _SPACE.match(text, place)
    return place if space is None else space.end()


def _skip(text, place, mark):
    """Return where the text goes on behind a mark, which must be the next thing in it."""
    place = _skip_space(text, place)
    if text[place : place + 1] != mark:
        raise ValueError(f"{mark!r} is expected at character {place}")
    return _skip_space(text, place + 1)
