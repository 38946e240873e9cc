"""Images to features: streamed, cached and in parallel."""

from ._cache import FeatureCacheError
from ._embedder import ImageEmbedder

__all__ = ["FeatureCacheError", "ImageEmbedder"]
