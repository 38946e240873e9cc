"""The latent space: centroids, losses, head and training. Tensors only, no images."""

from ._head import LatentHead, as_tensor, encode
from ._losses import MMDLoss, alignment_loss, nearest_centroid_loss
from ._pedcc import pedcc
from ._training import LOSS_WEIGHTS, LatentTrainer, train

__all__ = [
    "LOSS_WEIGHTS",
    "LatentHead",
    "LatentTrainer",
    "MMDLoss",
    "alignment_loss",
    "as_tensor",
    "encode",
    "nearest_centroid_loss",
    "pedcc",
    "train",
]
