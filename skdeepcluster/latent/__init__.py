"""The latent space: centroids, losses, head and training. Features in, no images."""

from ._head import LatentHead, encode
from ._head_training import TrainingData, TrainingSettings, train_head, train_network
from ._losses import MMDLoss, alignment_loss, nearest_centroid_loss
from ._objective import LOSS_WEIGHTS, Objective, check_loss_weights
from ._pedcc import pedcc

__all__ = [
    "LOSS_WEIGHTS",
    "LatentHead",
    "MMDLoss",
    "Objective",
    "TrainingData",
    "TrainingSettings",
    "alignment_loss",
    "check_loss_weights",
    "encode",
    "nearest_centroid_loss",
    "pedcc",
    "train_head",
    "train_network",
]
