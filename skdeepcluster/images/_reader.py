"""How images are read: the choices that a file leaves open."""

import copy
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from ._errors import MissingFunctionError
from ._functions import identity_of, name_of
from ._intensity import channels_of_kind
from ._resize import ASPECTS

# Raised when the same parameters read other pixels than before: cached features are not found.
_VERSION = 2


class ImageReader(BaseEstimator):
    """How images are read: which frame and channels, what is black and white, what is cut off.

    For the parameter ``reader`` of the estimators. Photographs need none of this.

    Parameters
    ----------
    function : callable, default=None
        Reads files in place of this package: ``function(path)``, with a str, returns an array of
        shape (height, width) or (height, width, n_channels) of any numbers, or a Pillow image.
        Several threads call it at once.
    suffixes : str or sequence of str, default=None
        Ends of the names of files that ``function`` reads, such as ".czi"; they are found in
        folders, too. None is all files that it is given.
    frame : int or {"mean", "max"}, default=None
        Which of several frames (pages, slices, times) is used, from 0, or how they are projected
        to one. None is the first, with a warning.
    channels : int or sequence of up to 3 ints, default=None
        Which channels become red, green and blue, from 0; one becomes grey. None is the colours
        of a colour image, and of others the first three channels, with a warning.
    intensity_range : {"auto", "dataset", "image", "dtype"} or (low, high), default="auto"
        Which values become black and white. Values beyond are clipped.

        - "auto": images with 8 bits a value stay as they are. For others it is "dataset",
          unless they use more than half of the range of their type (up to 65535; of
          floating-point values, 1), as photographs do: then it is that range.
        - "dataset": the lowest 0.1st and the highest 99.9th percentile of a sample of up to 256
          of the images that an estimator is fitted on, of which one in twenty at either end
          does not count; the same range is used for all images afterwards.
        - "image": percentiles 0.1 and 99.9 of each image by itself. Where images differ only in
          exposure; noise of empty images is made as strong as a signal.
        - "dtype": all that the type can hold: of 16-bit values the upper 8 bits are kept,
          floating-point values must be in [0, 1].
        - (low, high), in units of the images' values; or one such pair for each channel.

        Colours have one range; channels that are no colours have one each.
    aspect : {"crop", "pad", "squash"}, default="crop"
        How an image that is not square becomes so: "crop" cuts the ends off, "pad" adds grey
        margins, "squash" distorts it. With the latter two, no part of an image is lost.

    Examples
    --------
    >>> from skdeepcluster import DeepImageClusterer, ImageReader
    >>> reader = ImageReader(frame="max", channels=(2, 0, 1))
    >>> est = DeepImageClusterer(10, reader=reader)
    """

    _parameter_constraints: dict = {
        "function": [callable, None],
        "suffixes": [str, list, tuple, None],
        "frame": [Integral, StrOptions({"max", "mean"}), None],
        "channels": [Interval(Integral, 0, None, closed="left"), list, tuple, None],
        "intensity_range": [
            StrOptions({"auto", "dataset", "dtype", "image"}),
            *(list, tuple, np.ndarray, dict),
        ],
        "aspect": [StrOptions(set(ASPECTS))],
    }

    # Whether a sample of the images of a fit was looked at: not again for the images after it.
    _has_looked = False

    def __init__(
        self,
        function: Callable[[str], Any] | None = None,
        *,
        suffixes: Any = None,
        frame: Any = None,
        channels: Any = None,
        intensity_range: Any = "auto",
        aspect: str = "crop",
    ):
        self.function = function
        self.suffixes = suffixes
        self.frame = frame
        self.channels = channels
        self.intensity_range = intensity_range
        self.aspect = aspect


def as_reader(reader):
    """Make a new ImageReader of what a parameter ``reader`` may be, and check it.

    Raises
    ------
    ValueError
        If a parameter is invalid.
    """
    if reader is None:
        return ImageReader()
    if not isinstance(reader, ImageReader):
        reader = ImageReader(reader)
    reader._validate_params()
    if reader.channels is not None:
        channels = channels_of(reader)
        numbers = all(isinstance(each, Integral) and int(each) >= 0 for each in channels)
        if not numbers or not 1 <= len(channels) <= 3:
            raise ValueError(
                f"channels must be one to three numbers from 0, got {reader.channels!r}."
            )
    given = reader.intensity_range
    if isinstance(given, Mapping):
        for kind, found in given.items():
            n_channels = channels_of_kind(kind) if isinstance(kind, str) else 0
            if not n_channels:
                raise ValueError(
                    f"intensity_range has a range for {kind!r}, which is no kind of images: those "
                    'are "8 bit", "integer" and "float", with ", 3 channels" and the like.'
                )
            if isinstance(found, str) and found == "dtype":
                continue
            # Images of one value have been found to range from it to itself.
            _check_pairs(as_pairs(found), (1, n_channels), may_be_equal=True)
    elif not isinstance(given, str):
        channels = channels_of(reader)
        possible = (1, len(channels)) if channels else (1, 2, 3)
        _check_pairs(as_pairs(given), possible, may_be_equal=False)
    return copied(reader)


def copied(reader, **changes):
    """Return a copy of a reader, with other parameters, that shares only its function."""
    # A clone would copy what the function holds, and forget that there was a fit.
    params = {
        name: value if name == "function" else copy.deepcopy(value)
        for name, value in {**reader.get_params(deep=False), **changes}.items()
    }
    copied = type(reader)(**params)
    copied._has_looked = reader._has_looked
    return copied


def as_fitted(reader, **changes):
    """Return a copy of a reader, for the images that an estimator is fitted on and those after."""
    fitted = copied(reader, **changes)
    fitted._has_looked = True
    return fitted


def function_of(reader):
    """Return the function of what is passed to ``load`` as the reader.

    Raises
    ------
    ValueError
        If it has none.
    """
    function = reader.function if isinstance(reader, ImageReader) else reader
    if not callable(function):
        raise ValueError(
            "reader must be the function that the estimator was fitted with, or an ImageReader "
            f"that has it, got {reader!r}. Other parameters of the reader are saved."
        )
    return function


def _check_pairs(pairs, numbers, *, may_be_equal):
    """Raise a ValueError unless there are so many (low, high), and low is below high in each."""
    if len(pairs) not in numbers:
        raise ValueError(
            f"intensity_range has {len(pairs)} pairs, and must have one, or one for each of "
            f"{max(numbers)} channels: {pairs.tolist()}."
        )
    low, high = pairs.T
    if (low > high).any() or (not may_be_equal and (low == high).any()):
        raise ValueError(f"low must be below high in intensity_range {pairs.tolist()}.")


def channels_of(reader):
    """Return the channels that a reader chooses as a tuple; empty if it chooses none."""
    if reader.channels is None:
        return ()
    is_one = isinstance(reader.channels, Integral)
    return (reader.channels,) if is_one else tuple(reader.channels)


def as_pairs(intensity_range):
    """Return ranges as an array of shape (n, 2)."""
    try:
        pairs = np.atleast_2d(np.asarray(intensity_range, dtype=np.float64))
    except (TypeError, ValueError):
        pairs = np.empty((0, 0))
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.isfinite(pairs).all():
        raise ValueError(
            "intensity_range must be (low, high), or one such pair for each channel, got "
            f"{intensity_range!r}."
        )
    return pairs


def reader_suffixes(reader):
    """Return the suffixes that a reader's function reads, in lower case; none if all files."""
    if reader is None or reader.function is None or reader.suffixes is None:
        return ()
    given = (reader.suffixes,) if isinstance(reader.suffixes, str) else reader.suffixes
    return tuple(f".{each.lower().lstrip('.')}" for each in given)


def uses_function(reader, path):
    """Whether a file is read by the reader's function, not by its format."""
    suffixes = reader_suffixes(reader)
    return reader.function is not None and (not suffixes or path.lower().endswith(suffixes))


def missing_function(reader, paths):
    """Return the name of the function that is not there to read one of the files, or None."""
    function = reader.function
    is_needed = isinstance(function, _Missing) and any(uses_function(reader, p) for p in paths)
    return function.name if is_needed else None


def reader_key(reader):
    """Return what pixels depend on besides the image, as a text."""
    function = None if reader.function is None else identity_of(reader.function)
    return repr((_VERSION, sorted({**plain_reader(reader), "function": function}.items())))


def plain_reader(reader):
    """Return the parameters of a reader as JSON can hold them: of the function, the name."""
    params = {name: _as_plain(value) for name, value in reader.get_params(deep=False).items()}
    function = reader.function
    if function is not None:
        is_missing = isinstance(function, _Missing)
        params["function"] = function.name if is_missing else name_of(function)
    return params


def reader_from_plain(plain, function=None):
    """Rebuild a reader from what ``plain_reader`` returned.

    Parameters
    ----------
    plain : dict
    function : callable, default=None
        The reader's function, if it has one. Without it, reading a file raises an error.

    Returns
    -------
    reader : ImageReader

    Raises
    ------
    ValueError
        If it is damaged.
    """
    known = ImageReader().get_params(deep=False)
    if not isinstance(plain, Mapping) or not set(plain) <= set(known):
        raise ValueError(f"The saved reader is damaged or of a newer version: {plain!r}.")
    params = dict(plain)
    if params.get("function") is not None:
        params["function"] = function or _Missing(str(params["function"]))
    return as_reader(ImageReader(**params))


class _Missing:
    """Stands for a function that is not saved with a model."""

    def __init__(self, name):
        self.name = name

    def __call__(self, path):
        raise MissingFunctionError(
            f"{path}: the estimator was fitted with the function {self.name!r}, which is not "
            "saved with it. Pass it as load(folder, reader=function)."
        )


def _as_plain(value):
    if isinstance(value, Mapping):
        return {kind: _as_plain(part) for kind, part in sorted(value.items())}
    is_sequence = isinstance(value, list | tuple | np.ndarray | np.generic)
    return np.asarray(value).tolist() if is_sequence else value
