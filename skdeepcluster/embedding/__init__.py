"""Images to features: streamed, cached and in parallel."""

from ._cache import FeatureCacheError
from ._cache_folder import CachedFile, cached_files, trim_cache
from ._embedder import ImageEmbedder
from ._network import FittedNetwork

__all__ = [
    "CachedFile",
    "FeatureCacheError",
    "FittedNetwork",
    "ImageEmbedder",
    "cached_files",
    "trim_cache",
]
