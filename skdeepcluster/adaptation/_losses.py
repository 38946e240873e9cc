"""What a backbone is trained for without classes."""

from typing import NamedTuple

import torch
from torch.nn import functional

_SHARPNESS = 8.0
_LABEL_SMOOTHING = 0.1


def contrastive_loss(latents, views, temperature=0.2):
    """Normalised-temperature cross-entropy between two views of the same images (NT-Xent).

    ``-mean log(exp(z_i . z_i' / t) / sum_j exp(z_i . z_j / t))``, j over all other latents of
    both views.

    Parameters
    ----------
    latents, views : torch.Tensor of shape (n_samples, n_dimensions)
        Row i of both is of image i; they need not be unit vectors.
    temperature : float, default=0.2

    Returns
    -------
    loss : torch.Tensor, scalar, not negative

    References
    ----------
    T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A Simple Framework for Contrastive Learning
    of Visual Representations", ICML 2020, equation 1.
    """
    n_samples = len(latents)
    unit = functional.normalize(torch.cat([latents, views]), dim=1)
    similarities = (unit @ unit.T / temperature).fill_diagonal_(-torch.inf)
    partners = torch.arange(2 * n_samples, device=unit.device).roll(n_samples)
    return functional.cross_entropy(similarities, partners)


class Assignment(NamedTuple):
    """Clusters of the images of which they are sure enough.

    ``labels`` is int64 of shape (n_samples,), -1 where the cluster is not sure; ``centers`` are
    unit vectors of shape (n_clusters, n_features), seen from the ``origin``, (n_features,).
    """

    labels: torch.Tensor
    centers: torch.Tensor
    origin: torch.Tensor

    @classmethod
    def of(cls, features, labels):
        """Find the centres of clusters, whose samples have labels from 0, others -1."""
        unit = functional.normalize(torch.as_tensor(features), dim=1)
        labels = torch.as_tensor(labels)
        origin = unit.mean(dim=0)
        centered = functional.normalize(unit - origin, dim=1)
        sure = labels >= 0
        sums = torch.zeros(int(labels.max()) + 1, unit.shape[1])
        sums.index_add_(0, labels[sure], centered[sure])
        return cls(labels, functional.normalize(sums, dim=1), origin)


def self_labelling_loss(features, assignment, indices):
    """Cross-entropy of the clusters that images are sure of, whose centres are fixed.

    Parameters
    ----------
    features : torch.Tensor of shape (2 n, n_features)
        Of two views of each image: all first ones, then all second ones.
    assignment : Assignment
    indices : torch.Tensor of shape (n,), int64
        Which of the assignment's samples the images are.

    Returns
    -------
    loss : torch.Tensor, scalar
        0 if no image of the batch is sure of its cluster.

    References
    ----------
    W. Van Gansbeke et al., "SCAN: Learning to Classify Images without Labels", ECCV 2020, for
    self-labelling; label smoothing is an addition.
    """
    labels = assignment.labels[indices].repeat(2).to(features.device)
    sure = labels >= 0
    if not sure.any():
        return features.new_zeros(())
    origin, centers = assignment.origin.to(features.device), assignment.centers.to(features.device)
    unit = functional.normalize(functional.normalize(features[sure], dim=1) - origin, dim=1)
    return functional.cross_entropy(
        _SHARPNESS * unit @ centers.T, labels[sure], label_smoothing=_LABEL_SMOOTHING
    )
