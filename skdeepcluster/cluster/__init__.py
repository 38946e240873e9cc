"""The clusterer: parameters, fit, and the partition that was found."""

from ._attributes import partition_of
from ._clusterer import DeepImageClusterer
from ._partition import Partition
from ._predicting import features_of

__all__ = ["DeepImageClusterer", "Partition", "features_of", "partition_of"]
