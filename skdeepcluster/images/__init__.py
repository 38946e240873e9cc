"""Reading, validating, batching and augmenting images, independent of any network."""

from ._augment import STRONG_VIEWS, RandomViews, views_of_pixels
from ._batches import iter_batches
from ._inputs import as_image_source
from ._parquet import read_parquet_images
from ._reading import ImageReadError, list_images, read_image
from ._resize import Resizing
from ._source import ImageSource
from ._tar import read_tar_images
from ._thumbnails import encode_thumbnail, read_thumbnails
from ._typing import ImagesLike, PathLike

__all__ = [
    "STRONG_VIEWS",
    "ImageReadError",
    "ImageSource",
    "ImagesLike",
    "PathLike",
    "RandomViews",
    "Resizing",
    "as_image_source",
    "encode_thumbnail",
    "iter_batches",
    "list_images",
    "read_image",
    "read_parquet_images",
    "read_tar_images",
    "read_thumbnails",
    "views_of_pixels",
]
