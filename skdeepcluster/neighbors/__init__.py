"""Nearest neighbours in feature space, and what they say of a partition."""

from ._confidence import calibrate_temperature, confidence, expected_accuracy
from ._criterion import (
    evenness,
    neighborhood_information,
    neighborhood_modularity,
    neighborhood_score,
    shared_information,
)
from ._embedding import Forces, embed_graph
from ._inverted_lists import InvertedLists
from ._outliers import outlier_scores
from ._products import highest_products
from ._search import nearest_neighbors, nearest_of_few, neighbor_recall
from ._shared import purest_neighbors, shared_neighbor_graph

__all__ = [
    "Forces",
    "InvertedLists",
    "calibrate_temperature",
    "confidence",
    "embed_graph",
    "evenness",
    "expected_accuracy",
    "highest_products",
    "nearest_neighbors",
    "nearest_of_few",
    "neighbor_recall",
    "neighborhood_information",
    "neighborhood_modularity",
    "neighborhood_score",
    "outlier_scores",
    "purest_neighbors",
    "shared_information",
    "shared_neighbor_graph",
]
