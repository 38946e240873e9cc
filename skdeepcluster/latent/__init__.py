"""The latent space: centroids, losses, head and training. Tensors only, no pictures."""

from ._consensus import CONSENSUS_LIMIT, consensus_start
from ._criterion import (
    ROUNDING,
    calibrate_temperature,
    confidence,
    expected_accuracy,
    neighborhood_information,
    neighborhood_modularity,
    neighborhood_score,
)
from ._graph_sample import sample_graph
from ._head import LatentHead, as_tensor, encode
from ._losses import MMDLoss, alignment_loss, nearest_centroid_loss
from ._n_clusters import estimate_n_clusters
from ._neighbors import nearest_neighbors, neighbor_recall
from ._pedcc import pedcc
from ._power_method import power_method_start
from ._starts import kmeans_start
from ._training import LOSS_WEIGHTS, LatentTrainer, train

__all__ = [
    "CONSENSUS_LIMIT",
    "LOSS_WEIGHTS",
    "ROUNDING",
    "LatentHead",
    "LatentTrainer",
    "MMDLoss",
    "alignment_loss",
    "as_tensor",
    "calibrate_temperature",
    "confidence",
    "consensus_start",
    "encode",
    "estimate_n_clusters",
    "expected_accuracy",
    "kmeans_start",
    "nearest_centroid_loss",
    "nearest_neighbors",
    "neighbor_recall",
    "neighborhood_information",
    "neighborhood_modularity",
    "neighborhood_score",
    "pedcc",
    "power_method_start",
    "sample_graph",
    "train",
]
