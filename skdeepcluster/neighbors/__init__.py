"""Nearest neighbours in feature space, and what they say of a partition."""

from ._criterion import (
    ROUNDING,
    calibrate_temperature,
    confidence,
    evenness,
    expected_accuracy,
    neighborhood_information,
    neighborhood_modularity,
    neighborhood_score,
    shared_information,
)
from ._graph_sample import EPOCH_SIZE, GraphSample, sample_graph
from ._inverted_lists import InvertedLists
from ._outliers import remoteness
from ._search import nearest_neighbors, neighbor_recall

__all__ = [
    "EPOCH_SIZE",
    "ROUNDING",
    "GraphSample",
    "InvertedLists",
    "calibrate_temperature",
    "confidence",
    "evenness",
    "expected_accuracy",
    "nearest_neighbors",
    "neighbor_recall",
    "neighborhood_information",
    "neighborhood_modularity",
    "neighborhood_score",
    "remoteness",
    "sample_graph",
    "shared_information",
]
