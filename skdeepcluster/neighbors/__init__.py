"""Nearest neighbours in feature space, and what they say of a partition."""

from ._confidence import calibrate_temperature, confidence, expected_accuracy
from ._criterion import (
    ROUNDING,
    evenness,
    neighborhood_information,
    neighborhood_modularity,
    neighborhood_score,
    shared_information,
)
from ._inverted_lists import InvertedLists
from ._outliers import outlier_scores
from ._sample import EPOCH_SIZE, NeighborSample, sample_neighbors
from ._search import nearest_neighbors, neighbor_recall

__all__ = [
    "EPOCH_SIZE",
    "ROUNDING",
    "InvertedLists",
    "NeighborSample",
    "calibrate_temperature",
    "confidence",
    "evenness",
    "expected_accuracy",
    "nearest_neighbors",
    "neighbor_recall",
    "neighborhood_information",
    "neighborhood_modularity",
    "neighborhood_score",
    "outlier_scores",
    "sample_neighbors",
    "shared_information",
]
