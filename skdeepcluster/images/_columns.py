"""Columns and other containers of images or paths, of whatever library, as lists."""

import io
import os
from collections.abc import Collection, Iterator, Mapping, MutableSequence, Set
from numbers import Number
from typing import Any

import numpy as np

from ._signatures import HEAD, begins_like_image

# More than paths have on any system.
_LONGEST_PATH = 32768


def items_of(X: Any) -> Any:
    """Take the items out of a container that is not an array.

    Parameters
    ----------
    X : object
        A table of pandas, polars, pyarrow or datasets with one column, such a column, an array of
        objects, a list, a deque, ... No library is imported to find out.

    Returns
    -------
    items : list or object
        ``X`` itself if it is none of these, such as a table of numbers; a column of images that
        are decoded when they are asked for.

    Raises
    ------
    TypeError, ValueError
        If there is a way to take images from it, but not an obvious one.
    """
    _refuse_what_has_no_order(X)
    X = _only_column(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "OSUTV" and X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    is_of_bytes = isinstance(X, np.ndarray) and X.dtype.kind == "S"
    if is_of_bytes and any(map(holds_encoded, X.ravel().tolist())):
        raise ValueError(
            "X is an array of NumPy's strings of bytes, which have lost the zeros at the ends of "
            "encoded images. Pass a list of bytes, or make the array with dtype=object."
        )
    # The first is that of pyarrow, the second that of polars.
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(X, method) and getattr(X, "ndim", 1) == 1:
            return getattr(X, method)()
    return list(X) if isinstance(X, MutableSequence | tuple | range) else X


def plain_items(items: list) -> list:
    """Make strings, bytes and the like of what libraries have in their place.

    Scalars of pyarrow and NumPy become Python's, numbers of 8 bits that begin like an encoded image
    become bytes, and bytes that are paths become strings if all are.
    """
    items = [_plain_item(item) for item in items]
    if all(_is_path_in_bytes(item) or is_missing(item) for item in items):
        return [os.fsdecode(item) if isinstance(item, bytes) else item for item in items]
    return items


def holds_encoded(numbers: Any) -> bool:
    """Whether bytes, or integers of 8 bits, begin like an encoded image."""
    if str(getattr(numbers, "dtype", "uint8")) not in ("uint8", "torch.uint8"):
        return False
    try:
        return begins_like_image(bytes(numbers[:HEAD]))
    except (TypeError, ValueError):
        return False


def _plain_item(item):
    if hasattr(item, "as_py"):
        # A scalar of pyarrow.
        item = item.as_py()
    if isinstance(item, np.ndarray | np.generic) and item.ndim == 0:
        return item.item() if item.dtype.kind in "OSTUV" else item
    is_row = getattr(item, "ndim", 0) == 1 or isinstance(item, list | tuple)
    return bytes(np.asarray(item, np.uint8)) if is_row and holds_encoded(item) else item


def _is_path_in_bytes(item):
    if not isinstance(item, bytes) or len(item) > _LONGEST_PATH or holds_encoded(item):
        return False
    return os.fsdecode(item).isprintable() or (b"\0" not in item and os.path.exists(item))


def _refuse_what_has_no_order(X):
    kind = type(X).__name__
    if isinstance(X, io.IOBase):
        raise TypeError(f"X is one open file ({kind}). Pass a list: of paths, or [X.read()].")
    if isinstance(X, Iterator):
        raise TypeError(
            f"X is a {kind}, which can be read only once, and images are read again. Pass list(X), "
            "best of paths: they are opened when they are needed."
        )
    if isinstance(X, Mapping):
        keys = ", ".join(map(repr, [*X][:5]))
        raise TypeError(f"X is a {kind} with the keys {keys}. Pass one of its values, or a list.")
    if isinstance(X, Collection) and not hasattr(X, "__getitem__"):
        cure = "sorted(X)" if isinstance(X, Set) else "list(X)"
        raise TypeError(f"X is a {kind}, whose items are not numbered. Pass a list: {cure}.")
    for method in ("collect", "compute"):
        # Tables of polars, Spark and dask that are computed on demand; arrays of dask have a shape.
        if hasattr(X, method) and not isinstance(getattr(X, "shape", None), tuple | list):
            raise TypeError(f"X is a {kind}, which is not computed yet. Pass X.{method}().")


def _only_column(X):
    """Take the column out of a table that has one which is not of numbers."""
    columns = _columns(X)
    if not columns or not len(X):
        return X
    others = [name for name, column in columns.items() if not _begins_with_number(column)]
    if not others:
        return X
    if len(columns) > 1:
        raise ValueError(
            f"X is a table with the columns {', '.join(map(repr, columns))}. Pass the one of the "
            f"images or their paths, such as X[{others[0]!r}]."
        )
    return columns[others[0]]


def _columns(X):
    """Columns of a table by name, or nothing if it is no table."""
    if hasattr(X, "iloc") and X.ndim == 2:
        return {name: X.iloc[:, place] for place, name in enumerate(X.columns)}
    # Tables of pyarrow and datasets have the first, those of polars the second.
    names = getattr(X, "column_names", None) or getattr(X, "columns", None)
    return {name: X[name] for name in names} if isinstance(names, list) else {}


def _begins_with_number(column):
    """Whether the first value that is not missing is a number."""
    for value in column:
        value = value.as_py() if hasattr(value, "as_py") else value
        if not is_missing(value):
            return isinstance(value, Number | np.generic)
    return True


def is_missing(value: Any) -> bool:
    """Whether it stands for a missing value: None, NaN, or pandas' NA."""
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")
