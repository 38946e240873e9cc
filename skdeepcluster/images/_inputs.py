"""Recognition of everything that a user can pass as images."""

import io
import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils import data

from ._columns import holds_encoded, is_missing, items_of, plain_items
from ._encoded import EncodedItems, is_encoded_record, undecoded
from ._listing import list_images
from ._reader import as_reader, reader_suffixes
from ._source import ArraySource, DatasetSource, FileSource, ImageSource, PillowSource

_MISSING = "missing value"
# What stands for a missing value among paths and encoded images: it cannot be read.
_PLACES = {"path": "", "encoded image": {"bytes": None, "path": None}}


def as_image_source(X, reader=None):
    """Find out what kind of images ``X`` holds.

    Parameters
    ----------
    X : folder, sequence of paths, of Pillow images or of arrays, array, tensor or Dataset
        As listed in the user guide.
    reader : ImageReader or callable, default=None
        How they are read. None is ``ImageReader()``, or what an ImageSource has already.

    Returns
    -------
    source : ImageSource or None
        None if ``X`` is a two-dimensional array of numbers, that is features, or nothing that
        resembles images, about which scikit-learn's validation will complain.

    Raises
    ------
    ValueError, TypeError
        If it resembles images but is invalid; the message says what to change.
    """
    if isinstance(X, ImageSource):
        return X if reader is None else X.read_by(as_reader(reader))
    reader = as_reader(reader)
    source = _recognised(X, reader)
    return None if source is None else source.read_by(reader)


def _recognised(X, reader):
    if isinstance(X, str | os.PathLike):
        if Path(X).expanduser().is_file():
            raise ValueError(f"{str(X)!r} is one file. Pass a folder or a list: [path].")
        return FileSource(list_images(X, suffixes=reader_suffixes(reader)))
    if isinstance(X, Image.Image | bytes | bytearray):
        raise ValueError("X is one image. Pass a list: [image].")
    if _is_torch_dataset(X):
        return DatasetSource(X)
    if isinstance(X, torch.Tensor):
        return _from_array(X, True, reader)
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OSTUV":
        return _from_array(X, False, reader)
    X = items_of(X)
    if isinstance(X, list):
        return _from_sequence(X)
    if getattr(X, "ndim", 0) > 2:
        # An array of another library, such as dask or zarr, which is read image by image.
        return _from_array(X, False, reader)
    return _from_numbered(X)


def _from_numbered(X):
    """Read one by one what has a length and an index, if its items are images or paths."""
    if not (hasattr(X, "__getitem__") and hasattr(X, "__len__")) or hasattr(X, "shape"):
        return None
    if not len(X):
        raise ValueError(f"Found 0 images (an empty {type(X).__name__}); at least 1 is needed.")
    kind = _kind(*plain_items([X[0]]))
    if kind is None:
        return None
    encoded = undecoded(X) if kind == "Pillow image" else None
    if encoded is not None:
        return EncodedItems(encoded)
    return DatasetSource(X) if kind in ("Pillow image", "array", "tensor") else _from_sequence([*X])


def _is_torch_dataset(X):
    if isinstance(X, data.DataLoader):
        raise TypeError(
            "X is a DataLoader. Pass its dataset, loader.dataset: images are read in threads "
            "(n_jobs), and resized and normalised as the backbone wants it."
        )
    if not isinstance(X, data.Dataset):
        return False
    if isinstance(X, data.IterableDataset) or not hasattr(X, "__len__"):
        raise TypeError(
            "An IterableDataset has no length and no order. Pass a map-style Dataset (with "
            "__len__ and __getitem__) or a list of images."
        )
    if len(X) == 0:
        raise ValueError("The Dataset has 0 images; at least 1 is needed.")
    return True


def _from_array(X, channels_first, reader):
    shape = tuple(X.shape)
    kind = "tensor" if channels_first else "array"
    if len(shape) <= 2:
        if len(shape) == 2 and shape[0] and holds_encoded(X[0]):
            raise ValueError(
                f"The rows of the {kind} begin like encoded images, not like features. Pass a "
                "list: [*X]."
            )
        return None
    if len(shape) > 4:
        raise ValueError(
            f"Found {kind} with dim {len(shape)} (shape {shape}). Images are 4-D "
            "(n, height, width, channels), or 3-D if they are greyscale; features are 2-D."
        )
    if shape[0] == 0:
        raise ValueError(f"Found {kind} with 0 images (shape {shape}); at least 1 is needed.")
    if len(shape) == 3:
        channels = shape[0] if channels_first else shape[2]
        if channels in (3, 4):
            raise ValueError(
                f"The {kind} of shape {shape} looks like one colour image. Pass X[None] if it is, "
                "or a list of greyscale images."
            )
        return ArraySource(X)
    if reader.channels is not None and (channels_first or shape[1] not in (1, 3, 4)):
        # There may be any number of channels to choose from.
        return ArraySource(X)
    if channels_first:
        if shape[1] not in (1, 3, 4):
            raise ValueError(
                f"A tensor of images has the shape (n, channels, height, width), found {shape}."
                " If channels are last, use X.permute(0, 3, 1, 2)."
            )
    elif shape[3] not in (1, 3, 4):
        cure = (
            "It looks like channels first: use X.transpose(0, 2, 3, 1)."
            if shape[1] in (1, 3, 4)
            else "There must be 1, 3 or 4 channels, or reader=ImageReader(channels=...) chooses."
        )
        raise ValueError(
            f"An array of images has the shape (n, height, width, channels), found {shape}. " + cure
        )
    return ArraySource(X)


def _from_sequence(items):
    if not items:
        raise ValueError("Found 0 images (an empty list); at least 1 is needed.")
    items = plain_items(items)
    kinds = [_kind(item) for item in items]
    if _MISSING in kinds:
        items, kinds = _with_places_for_missing(items, kinds)
    first = kinds[0]
    if first is None:
        if any(kind in ("path", "Pillow image") for kind in kinds):
            _raise_mixed(kinds, items)
        _refuse_labelled(items)
        # Numbers or rows of numbers: features, or invalid.
        return None
    if any(kind != first for kind in kinds):
        _raise_mixed(kinds, items)
    if first == "path":
        _refuse_split_folder(items)
        return FileSource(items)
    if first == "Pillow image":
        return PillowSource(items)
    if first == "encoded image":
        return EncodedItems(items)
    return ArraySource(items)


def _kind(item):
    if isinstance(item, str | os.PathLike):
        return "path"
    if isinstance(item, Image.Image):
        return "Pillow image"
    if isinstance(item, bytes | bytearray | memoryview) or is_encoded_record(item):
        return "encoded image"
    if is_missing(item):
        return _MISSING
    if isinstance(item, io.IOBase):
        raise TypeError(
            f"X holds open files ({type(item).__name__}). Pass their paths, or what they contain: "
            "[file.read() for file in X]."
        )
    n_dimensions = getattr(item, "ndim", 0)
    if n_dimensions >= 2:
        return "tensor" if isinstance(item, torch.Tensor) else "array"
    if isinstance(item, list | tuple) and item and isinstance(item[0], list | tuple):
        raise TypeError("An image is given as nested lists. Use numpy.asarray(image).")
    return None


def _with_places_for_missing(items, kinds):
    """Put what its source takes for missing in place of missing values among paths and the like."""
    if all(kind == _MISSING for kind in kinds):
        raise ValueError(f"All {len(items)} images are missing values, such as {items[0]!r}.")
    first = next(kind for kind in kinds if kind != _MISSING)
    if first not in _PLACES:
        return items, kinds
    place = _PLACES[first]
    pairs = zip(items, kinds, strict=True)
    filled = [place if kind == _MISSING else item for item, kind in pairs]
    return filled, [first if kind == _MISSING else kind for kind in kinds]


def _refuse_labelled(items):
    first = items[0]
    if not isinstance(first, list | tuple) or not first:
        return
    kind = _kind(*plain_items([first[0]]))
    if kind in (None, _MISSING):
        return
    if isinstance(first, list):
        raise TypeError("X is a list of lists. Pass one list of all the images.")
    raise TypeError(
        f"The items of X are tuples that begin with {'an' if kind[0] in 'ae' else 'a'} {kind}. "
        "Pass the images alone: [item[0] for item in X]."
    )


def _raise_mixed(kinds, items):
    if _MISSING in kinds:
        missing = kinds.index(_MISSING)
        raise TypeError(
            f"Item {missing} of X is a missing value ({items[missing]!r}) among images. Leave it "
            "out, or pass paths, of which some may be missing with on_error='skip'."
        )
    odd = next(i for i, kind in enumerate(kinds) if kind != kinds[0])
    raise TypeError(
        f"X mixes kinds of images: item 0 is {kinds[0] or type(items[0]).__name__}, item {odd} "
        f"is {kinds[odd] or type(items[odd]).__name__}. Pass all paths, all Pillow images or all "
        "arrays."
    )


def _refuse_split_folder(items):
    if all(isinstance(item, str) and len(item) == 1 for item in items) and not any(
        os.path.exists(item) for item in items if item not in "./"
    ):
        raise ValueError(
            "X is a list of single letters: the name of a folder was split into its letters, as "
            "GridSearchCV does. Pass list_images(folder) instead of the folder."
        )
