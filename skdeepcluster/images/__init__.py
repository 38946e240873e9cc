"""Reading, validating, batching and augmenting images, independent of any network."""

from ._augment import STRONG_VIEWS, RandomViews, views_of_pixels
from ._batches import iter_batches
from ._errors import ImageReadError
from ._exported import EXPORT_COLUMNS, EXPORT_RECORD, is_export
from ._inputs import as_image_source
from ._listing import list_images
from ._parquet import read_parquet_images
from ._reader import (
    ImageReader,
    as_fitted,
    as_reader,
    function_of,
    missing_function,
    plain_reader,
    reader_from_plain,
    reader_suffixes,
)
from ._reading import read_image
from ._resize import Resizing
from ._source import ImageSource
from ._survey import fitted_source
from ._tar import read_tar_images
from ._thumbnails import encode_thumbnail, read_thumbnails
from ._typing import ImagesLike, PathLike

__all__ = [
    "EXPORT_COLUMNS",
    "EXPORT_RECORD",
    "STRONG_VIEWS",
    "ImageReadError",
    "ImageReader",
    "ImageSource",
    "ImagesLike",
    "PathLike",
    "RandomViews",
    "Resizing",
    "as_fitted",
    "as_image_source",
    "as_reader",
    "encode_thumbnail",
    "fitted_source",
    "function_of",
    "is_export",
    "iter_batches",
    "list_images",
    "missing_function",
    "plain_reader",
    "read_image",
    "read_parquet_images",
    "read_tar_images",
    "read_thumbnails",
    "reader_from_plain",
    "reader_suffixes",
    "views_of_pixels",
]
