"""A look at a sample of images: the range of their values, and what of them is not used."""

import warnings
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ._batches import number_of_threads
from ._errors import ImageReadError, reading
from ._intensity import Intensities, check_values, kind_of, sample_of
from ._missing import Mark, find_mark, valid_pixels
from ._reader import as_fitted
from ._rendering import chosen_values

# Images of a sample, and of one that is computed by code of the user.
_N_IMAGES = 256
_N_COMPUTED = 32
# Share of them that may be dim without a warning: empty frames are.
_MANY_DIM = 0.5
# Share of them that may have marks of missing values: so many do not change the range.
_MANY_MARKED = 1 / 20


class _Look(NamedTuple):
    """What one image holds; ``intensities`` is None if it has 8 bits and stays as it is."""

    name: str
    n_frames: int
    n_channels: int
    is_color: bool
    is_truncated: bool
    kind: str = ""
    intensities: Intensities | None = None
    mark: Mark | None = None


def fitted_source(source, n_jobs=None):
    """Look at a sample of images, and find the range of their values if their reader wants it.

    Parameters
    ----------
    source : ImageSource or None
    n_jobs : int, default=None
        Number of threads, in joblib's conventions; None is all processors.

    Returns
    -------
    source : ImageSource or None
        The same images; its reader has the range in place of "auto" or "dataset". If a reader
        returned from here reads them already, nothing is looked at again.

    Warns
    -----
    UserWarning
        If images have frames or channels that are not used, or "dtype" makes them almost black.
    """
    if source is None:
        return None
    if source.reader._has_looked or isinstance(source.reader.intensity_range, Mapping):
        # The latter was found by another fit.
        return source
    reader = source.reader
    mode = reader.intensity_range if isinstance(reader.intensity_range, str) else None
    looks = _looks(source, mode, n_jobs)
    _warn_of_unused(looks, reader, len(source))
    by_kind: dict[str, list[Intensities]] = {}
    for look in looks:
        if look.intensities is not None:
            by_kind.setdefault(look.kind, []).append(look.intensities)
    found = {kind: Intensities.joined(parts) for kind, parts in by_kind.items()}
    if mode == "dtype":
        _warn_of_little(found)
    marked = [look for look in looks if look.mark is not None]
    is_marked = mode != "dtype" and len(marked) > _MANY_MARKED * len(looks)
    if is_marked:
        _warn_of_marks(marked, len(looks))
    if mode not in ("auto", "dataset"):
        return source.read_by(as_fitted(reader))
    ranges = {kind: each.range(mode) for kind, each in found.items()}
    if not is_marked:
        _warn_of_dim(looks, ranges)
    if mode == "dataset":
        # The windows of DICOM files are not used, nor will be those of other files.
        ranges.setdefault("8 bit", "dtype")
    return source.read_by(as_fitted(reader, intensity_range=ranges))


def _looks(source, mode, n_jobs):
    n_images = _N_IMAGES if source.concurrent else _N_COMPUTED
    indices = source.spread(n_images).tolist()
    n_threads = number_of_threads(source, n_jobs)
    if n_threads > 1:
        with ThreadPoolExecutor(n_threads, thread_name_prefix="skdeepcluster-survey") as pool:
            looks = [*pool.map(lambda index: _look(source, index, mode), indices)]
    else:
        looks = [_look(source, index, mode) for index in indices]
    return [look for look in looks if look is not None]


def _look(source, index, mode):
    """Look at one image, and at its values if a range is to be found or judged."""
    reader, name = source.reader, source.name(index)
    try:
        with reading(name), source.opened(index) as image:
            if image is None:
                return None
            facts = _Look(
                name,
                image.n_frames,
                image.n_channels - image.has_alpha,
                image.is_color,
                image.is_truncated,
            )
            if mode is None or (mode != "dataset" and not image.is_deep):
                return facts
            values = chosen_values(reader, image, name)
            is_color = image.is_color and reader.channels is None
            check_values(values, is_color and mode not in ("dataset", "image"), name)
            if not len(valid_pixels(values)):
                return facts
            return facts._replace(
                kind=kind_of(values, is_color),
                intensities=Intensities.of(values, is_color),
                mark=find_mark(sample_of(values, is_color)) if image.is_deep else None,
            )
    except ImageReadError:
        # Raised or skipped, as the user wants, when the image is embedded.
        return None


def _warn_of_unused(looks, reader, n_images):
    of_all = f"of {len(looks)} images{' that were looked at' * (len(looks) < n_images)}"
    several = [look for look in looks if look.n_frames > 1]
    if several and reader.frame is None:
        counts = _counts(several, "n_frames")
        _warn(
            f"{len(several)} {of_all} have several frames ({counts}), of which only the first is "
            'used. Choose another, or a projection: reader=ImageReader(frame="max"), "mean" or a '
            "number (0 for the first)."
        )
    several = [look for look in looks if look.n_channels > 1 and not look.is_color]
    if several and reader.channels is None:
        counts = _counts(several, "n_channels")
        _warn(
            f"{len(several)} {of_all} have several channels that are no colours ({counts}); the "
            "first three are shown as red, green and blue. Choose which: "
            "reader=ImageReader(channels=(2, 0, 1)), or one number for grey."
        )
    truncated = [look for look in looks if look.is_truncated]
    if truncated:
        _warn(
            f"{len(truncated)} {of_all} have colours of more than 8 bits, of which only the upper "
            f"8 are read (such as {truncated[0].name!r}). Of PNG and JPEG 2000 all are read with "
            'pip install "skdeepcluster[tiff]"; save others as TIFF. Pass paths in place of Pillow '
            "images that are loaded."
        )


def _counts(looks, what):
    counts = Counter(getattr(look, what) for look in looks)
    numbers = ", ".join(f"{count} with {number}" for number, count in sorted(counts.items()))
    return f"{numbers}, such as {looks[0].name!r}"


def _warn_of_little(found):
    for kind, intensities in found.items():
        if intensities.uses_little:
            low, high = intensities.extremes
            _warn(
                f"Values of the images ({kind}: {low:g} to {high:g}) use less than a sixteenth of "
                'the range of their type, so that intensity_range="dtype" leaves few grey '
                'levels. Use "auto", "dataset", or intensity_range=(low, high).'
            )


def _warn_of_marks(marked, n_looks):
    """Warn where the range of values that is found reaches to one that is none."""
    value, _, (low, high) = marked[0].mark
    share = max(look.mark.share for look in marked)
    _warn(
        f"{len(marked)} of {n_looks} images that were looked at have a value that looks like a "
        f"mark for missing values: {value:g} in {marked[0].name!r}, where all others are from "
        f"{low:g} to {high:g} (up to {share:.1%} of the pixels). It leaves them little contrast. "
        "Mask or replace it in a function, reader=ImageReader(function), or pass "
        "intensity_range=(low, high)."
    )


def _warn_of_dim(looks, ranges):
    """Warn where a few bright images leave little of the range to many others."""
    deep = [look for look in looks if look.intensities is not None and look.kind != "8 bit"]
    dim = [look for look in deep if look.intensities.is_dim_in(ranges[look.kind])]
    if dim and len(dim) >= _MANY_DIM * len(deep):
        _warn(
            f"{len(dim)} of {len(deep)} images that were looked at use less than a sixteenth of "
            f"the range that was found, and are shown in a few grey levels (such as "
            f'{dim[0].name!r}). If they are not meant to be dim, intensity_range="image" scales '
            "each by itself; or pass intensity_range=(low, high)."
        )


def _warn(message):
    # Estimators are fitted in many ways: no number leads to the user's line.
    warnings.warn(message, stacklevel=2)
