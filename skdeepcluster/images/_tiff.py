"""TIFF files that Pillow cannot read, or would read wrongly."""

import os
import re
from contextlib import contextmanager
from math import prod

import numpy as np
from PIL import Image

from ._errors import ImageReadError
from ._missing import declared_missing
from ._ome import own_description
from ._opacity import full_opacity
from ._raw import ArrayImage

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Numbers of tags.
_SUBFILE_TYPE, _BITS, _COMPRESSION, _PHOTOMETRIC, _DESCRIPTION = 254, 258, 259, 262, 270
_N_SAMPLES, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 338, 339
# Of GDAL, which writes GeoTIFF.
_NO_DATA = 42113
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5
_REDUCED = 1
_SIGNED = 2
# Bits and format (1 unsigned, 2 signed, 3 floating point) of a single sample.
_READ_BY_PILLOW = {(12, 1), (16, 1), (16, 2), (32, 2), (32, 3)}
# Opened by Pillow, but not decoded: WebP in TIFF.
_NOT_BY_PILLOW = {50001}
# Kinds of extra samples that are opacity; colours are multiplied by the first.
_ALPHA = (1, 2)
_MULTIPLIED = 1
# The pages of a file, whatever their descriptions say of other files.
_BY_PAGES = {"is_ome": False, "is_mmstack": False, "is_ndtiff": False}
_OME_SIZES = re.compile(r'Size[CTZ]="(\d{1,9})"')


def is_tiff(head):
    """Whether a file that begins with these bytes is TIFF."""
    return head[:4] in _MAGIC


def is_inverted(image):
    """Whether 0 is white in a TIFF file that Pillow has opened."""
    return image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def missing_value(image):
    """Return the value that a TIFF file that Pillow has opened declares to be none, or None."""
    return declared_missing(image.tag_v2.get(_NO_DATA))


def has_deep_colors(image):
    """Whether a TIFF file that Pillow has opened has several samples of more than 8 bits."""
    tags = image.tag_v2
    return tags.get(_N_SAMPLES, 1) > 1 and max(_tuple(tags, _BITS)) > 8


def is_beyond_pillow(image):
    """Whether Pillow, which has opened a TIFF file, would decode it wrongly or in part.

    So it is with colours of more than 8 bits (the upper 8 bits are kept; of separate planes, it
    makes noise), signed bytes, samples that are no colours, thumbnails that come first, and
    frames of which only a description says whether they are channels.
    """
    tags = image.tag_v2
    if tags.get(_COMPRESSION) in _NOT_BY_PILLOW:
        return True
    photometric = tags.get(_PHOTOMETRIC)
    if photometric == _CMYK:
        return max(_tuple(tags, _BITS)) > 8
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return False
    if _describes_axes(str(tags.get(_DESCRIPTION, "")), image.is_animated):
        return True
    if image.is_animated and tags.get(_SUBFILE_TYPE, 0) & _REDUCED:
        return True
    n_samples, n_bits = tags.get(_N_SAMPLES, 1), max(_tuple(tags, _BITS))
    sample_format = max(_tuple(tags, _SAMPLE_FORMAT))
    if n_bits > 8:
        return n_samples > 1 or (n_bits, sample_format) not in _READ_BY_PILLOW
    n_alpha = sum(kind in _ALPHA for kind in _tuple(tags, _EXTRA_SAMPLES, ()))
    n_colors = 3 if photometric == _RGB else 1
    return sample_format == _SIGNED or n_samples != n_colors + min(n_alpha, 1)


def _tuple(tags, number, default=(1,)):
    value = tags.get(number, default)
    return value if isinstance(value, tuple) else (value,)


def _describes_axes(description, has_pages):
    """Whether OME, ImageJ or tifffile say which axes the pages of the file are."""
    # ImageJ may store all in one page, and OME in several files.
    of_imagej = (f"\n{axis}=" in description for axis in ("channels", "slices", "frames"))
    of_ome = "<OME" in description and max(map(int, _OME_SIZES.findall(description)), default=1) > 1
    return any(of_imagej) or of_ome or (has_pages and '"axes"' in description)


@contextmanager
def open_tiff(file, name, why="Pillow cannot read this kind of TIFF file"):
    """Open a path or binary stream with tifffile.

    Yields
    ------
    image : ArrayImage

    Raises
    ------
    ImageReadError
        If tifffile, or what decompresses the file, is not installed.
    """
    try:
        import tifffile
    except ImportError:
        raise ImageReadError(
            f'{name}: {why}. Install tifffile, which can: pip install "skdeepcluster[tiff]".'
        ) from None
    with tifffile.TiffFile(file) as tif:
        if not len(tif.pages):
            raise ImageReadError(f"{name}: this TIFF file has no image in it. Leave it out.")
        options = _without_other_files(tif)
        series = None if options else _full_series(tif)
        if series is not None and any(page.parent is not tif for page in series if page):
            options = _BY_PAGES
        if not options:
            yield _as_raw(series, name)
            return
    if not isinstance(file, str | os.PathLike):
        file.seek(0)
    with tifffile.TiffFile(file, **options) as tif:
        yield _as_raw(_full_series(tif), name)


def _without_other_files(tif):
    """Options of tifffile to read no other files of the set that a file belongs to, if to any."""
    if not tif.is_ome:
        return {}
    description = own_description(tif.ome_metadata, tif.filename, len(tif.pages))
    if description is None:
        return _BY_PAGES
    return {} if description == tif.ome_metadata else {"omexml": description, "is_mmstack": False}


def _full_series(tif):
    """Take the first image of the file that is not a thumbnail."""
    full = (series for series in tif.series if not series.keyframe.is_reduced)
    return next(full, tif.series[0])


def _as_raw(series, name):
    page = series.keyframe
    is_cmyk = page.photometric == _CMYK and page.samplesperpixel == 4
    axes, shape = series.get_axes(squeeze=False), series.get_shape(squeeze=False)
    if page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) and not is_cmyk:
        kind = getattr(page.photometric, "name", page.photometric)
        raise ImageReadError(
            f"{name}: a TIFF file with {kind} colours that Pillow does not read. Convert it to RGB."
        )
    if series.dtype.kind not in "buif":
        raise ImageReadError(
            f"{name}: a TIFF file of {series.dtype} numbers. Save what is to be seen of them, such "
            "as the magnitude."
        )
    places = {axis: number for number, axis in enumerate(axes)}
    if "Y" not in places or "X" not in places:
        raise ImageReadError(f"{name}: a TIFF file with the axes {axes!r}, not an image.")
    check_size(shape[places["X"]], shape[places["Y"]], name)
    channel_axes = [number for number, axis in enumerate(axes) if axis in "CS"]
    frame_axes = [number for number, axis in enumerate(axes) if axis not in "CSYX"]
    n_channels = prod(shape[number] for number in channel_axes)
    n_frames = prod(shape[number] for number in frame_axes)
    order = (*frame_axes, places["Y"], places["X"], *channel_axes)

    def read(frame):
        values = _frame_of(series, shape, order, frame, len(frame_axes), name)
        values = values.reshape(*values.shape[:2], n_channels)
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        if is_cmyk:
            return _cmyk_to_rgb(values)
        return values

    n_colors = 3 if page.photometric == _RGB else 1
    opaque = None
    if n_channels == n_colors + 1:
        opaque = _full_opacity(page.extrasamples, series.dtype, read)
    return ArrayImage(
        read,
        np.uint8 if is_cmyk else series.dtype,
        3 if is_cmyk else n_channels,
        n_frames=n_frames,
        is_color=is_cmyk or (n_colors == 3 and n_channels == n_colors + (opaque is not None)),
        full_opacity=opaque,
        orientation=page.tags.valueof(274, 1),
        is_inverted=page.photometric == _WHITE_IS_ZERO,
        missing=declared_missing(page.tags.valueof(_NO_DATA)),
    )


def _full_opacity(extra_samples, dtype, read):
    """Value of the last channel that is opaque; None if it is no opacity."""
    if not any(kind in _ALPHA for kind in extra_samples):
        return None
    if dtype == np.uint8:
        return 255
    found = full_opacity(read(0))
    if found is None and _MULTIPLIED in extra_samples and dtype.kind == "u":
        return np.iinfo(dtype).max
    # What tifffile writes of four channels, whatever they are, says that one is opacity.
    return found


def _cmyk_to_rgb(values):
    if values.dtype != np.uint8:
        # Files do not tell that only 8 or 12 of the 16 bits are used.
        n_bits = next(n for n in (8, 12, 16) if values.max() < 2**n)
        values = (values >> (n_bits - 8)).astype(np.uint8)
    return np.asarray(Image.fromarray(np.ascontiguousarray(values), "CMYK").convert("RGB"))


def _frame_of(series, shape, order, frame, n_frame_axes, name):
    """Read one frame: only its pages, where each page is a frame or a channel of one."""
    # Axes of one value are not among those of a page: the last ones that make up its size are.
    size = series.keyframe.size
    cuts = (n for n in range(len(shape), -1, -1) if prod(shape[n:]) == size)
    leading = shape[: next(cuts, len(shape))]
    axes_of_pages = set(range(len(leading)))
    wanted = np.unravel_index(frame, [shape[number] for number in order[:n_frame_axes]] or [1])
    try:
        if len(series.pages) != prod(leading) or not axes_of_pages >= set(order[:n_frame_axes]):
            values = series.asarray().reshape(shape)
            return values.transpose(order)[tuple(wanted[:n_frame_axes])]
        position = dict(zip(order[:n_frame_axes], wanted, strict=False))
        numbers = np.arange(prod(leading)).reshape(leading)
        chosen = numbers[tuple(position.get(axis, slice(None)) for axis in range(len(leading)))]
        pages = [_page(series, number, name) for number in np.ravel(chosen)]
    except ValueError as error:
        # tifffile's words for a codec that is missing.
        if "imagecodecs" in str(error):
            raise ImageReadError(
                f"{name}: {error}. Install the decoders: pip install imagecodecs."
            ) from error
        raise
    rest = [axis for axis in range(len(shape)) if axis not in position]
    values = np.stack(pages).reshape([shape[axis] for axis in rest])
    return values.transpose([rest.index(axis) for axis in order[n_frame_axes:]])


def _page(series, number, name):
    page = series.pages[number]
    if page is None:
        raise ImageReadError(
            f"{name}: its description names an image {number} that is not there. The file is cut "
            "off, or belongs to others that are missing; replace it, or set on_error='skip'."
        )
    return page.asarray()


def check_size(width, height, name):
    """Apply Pillow's limit against decompression bombs to another decoder."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > 2 * limit:
        raise ImageReadError(
            f"{name}: it has {width * height} pixels, above the limit of {2 * limit}. If you "
            "trust the file, shrink it or increase PIL.Image.MAX_IMAGE_PIXELS."
        )
