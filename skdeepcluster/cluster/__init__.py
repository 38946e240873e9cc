"""The clusterer: parameters, fit, and the partition that was found."""

from ._agreement import means_of_known
from ._attributes import partition_of
from ._clusterer import DeepImageClusterer
from ._partition import Partition
from ._predicting import features_of
from ._refitting import refitted
from ._tree import ClusterTree

__all__ = [
    "ClusterTree",
    "DeepImageClusterer",
    "Partition",
    "features_of",
    "means_of_known",
    "partition_of",
    "refitted",
]
