"""What a backbone is trained towards where there are clusters, and the batches of that."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch

from ._losses import ClusterTargets, contrastive_loss, self_labelling_loss

# Images in a batch, half of which are partners of the others.
_BATCH_SIZE = 128
# Of fewer images an epoch is several passes.
_MIN_STEPS_PER_EPOCH = 8


class TuningTargets(NamedTuple):
    """What the images are pulled to.

    Parameters
    ----------
    partners : torch.Tensor of shape (n_samples, n_partners), int64
        Neighbours of each image, which are not contrasted with it.
    clusters : ClusterTargets or None
        None where there are no clusters yet: then all is contrastive.
    """

    partners: torch.Tensor
    clusters: ClusterTargets | None = None


class TuningObjective:
    """Contrastive loss and self-labelling, of batches of images and neighbours of theirs.

    Parameters
    ----------
    targets : TuningTargets
    """

    def __init__(self, targets: TuningTargets):
        self._partners = targets.partners
        self._clusters = targets.clusters

    def batches(self, generator: torch.Generator) -> Iterator[torch.Tensor]:
        """Yield images and then as many neighbours of theirs.

        On average, each image is in a pass once.
        """
        n_samples, n_partners = self._partners.shape
        for _ in range(_n_passes(n_samples)):
            shuffled = torch.randperm(n_samples, generator=generator)[: -(-n_samples // 2)]
            for images in shuffled.tensor_split(_n_batches(n_samples)):
                columns = torch.randint(n_partners, (len(images),), generator=generator)
                # In the order of the file, which is faster to read.
                images = images.sort().values
                yield torch.cat([images, self._partners[images, columns]])

    def loss(
        self, features: torch.Tensor, projected: torch.Tensor, indices: torch.Tensor
    ) -> torch.Tensor:
        """Add the losses up.

        Parameters
        ----------
        features : torch.Tensor of shape (2 n, n_features)
            Of two views of each image: all first views, then all second ones.
        projected : torch.Tensor of shape (2 n, n_outputs)
            What is contrasted.
        indices : torch.Tensor of shape (n,), int64
            A batch.
        """
        partners = indices.roll(len(indices) // 2)
        related = (indices[:, None] == indices) | (indices[:, None] == partners)
        first, second = projected.chunk(2)
        loss = contrastive_loss(first, second, related=related | related.T)
        if self._clusters is None:
            return loss
        return loss + self_labelling_loss(features, self._clusters, indices)


def n_steps(n_samples: int) -> int:
    """Count the batches of an epoch."""
    return _n_passes(n_samples) * _n_batches(n_samples)


def _n_passes(n_samples):
    return math.ceil(_MIN_STEPS_PER_EPOCH / _n_batches(n_samples))


def _n_batches(n_samples):
    return math.ceil(n_samples / _BATCH_SIZE)
