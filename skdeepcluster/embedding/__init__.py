"""Pictures to features: streamed, cached, in parallel."""

from ._cache import FeatureCacheError
from ._checks import check_features
from ._embedder import ImageEmbedder

__all__ = ["FeatureCacheError", "ImageEmbedder", "check_features"]
