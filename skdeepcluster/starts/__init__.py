"""Assignments that training starts from: features in, labels out."""

from ._choice import STARTS, Start, check_init, find_start
from ._consensus import CONSENSUS_LIMIT, consensus_start
from ._kmeans import kmeans_start
from ._n_clusters import estimate_n_clusters
from ._power_method import power_method_start
from ._supervised import supervised_start

__all__ = [
    "CONSENSUS_LIMIT",
    "STARTS",
    "Start",
    "check_init",
    "consensus_start",
    "estimate_n_clusters",
    "find_start",
    "kmeans_start",
    "power_method_start",
    "supervised_start",
]
