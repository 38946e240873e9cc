"""Self-supervised losses that a backbone is trained with."""

from typing import NamedTuple

import torch
from numpy.typing import ArrayLike
from torch.nn import functional

_SHARPNESS = 8.0
_LABEL_SMOOTHING = 0.1


def contrastive_loss(
    latents: torch.Tensor,
    views: torch.Tensor,
    temperature: float = 0.2,
    related: torch.Tensor | None = None,
) -> torch.Tensor:
    """Normalised-temperature cross-entropy between two views of the same images (NT-Xent).

    ``-mean log(exp(z_i . z_i' / t) / sum_j exp(z_i . z_j / t))``, j over all other latents of
    both views of images that are not related to image i.

    Parameters
    ----------
    latents, views : torch.Tensor of shape (n_samples, n_dimensions)
        Row i of both is of image i; they need not be unit vectors.
    temperature : float, default=0.2
    related : torch.Tensor of shape (n_samples, n_samples), bool, default=None
        Pairs of images that are not contrasted, such as neighbours; symmetric.

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
    if related is not None:
        ignored = related.repeat(2, 2).to(unit.device)
        ignored[torch.arange(2 * n_samples), partners] = False
        similarities = similarities.masked_fill(ignored, -torch.inf)
    return functional.cross_entropy(similarities, partners)


class ClusterTargets(NamedTuple):
    """Pseudo-labels and fixed cluster centres that images are pulled to in self-labelling.

    Parameters
    ----------
    labels : torch.Tensor of shape (n_samples,), int64
        Cluster of each image; -1 for one whose cluster is not trusted.
    centers : torch.Tensor of shape (n_clusters, n_features), float32
        Unit vectors, as seen from ``origin``.
    origin : torch.Tensor of shape (n_features,), float32
        Mean of the unit features.
    """

    labels: torch.Tensor
    centers: torch.Tensor
    origin: torch.Tensor

    @classmethod
    def from_labels(cls, features: ArrayLike, labels: ArrayLike) -> "ClusterTargets":
        """Compute the centres of clusters.

        Parameters
        ----------
        features : array-like of shape (n_samples, n_features), float32
        labels : array-like of shape (n_samples,), int64
            From 0; samples labelled -1 belong to no centre.
        """
        unit = functional.normalize(torch.as_tensor(features), dim=1)
        labels = torch.as_tensor(labels)
        origin = unit.mean(dim=0)
        centered = functional.normalize(unit - origin, dim=1)
        trusted = labels >= 0
        sums = torch.zeros(int(labels.max()) + 1, unit.shape[1])
        sums.index_add_(0, labels[trusted], centered[trusted])
        return cls(labels, functional.normalize(sums, dim=1), origin)


def self_labelling_loss(
    features: torch.Tensor, targets: ClusterTargets, indices: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy of images' pseudo-labels under a softmax over fixed cluster centres.

    Parameters
    ----------
    features : torch.Tensor of shape (2 n, n_features)
        Of two views of each image: all first views, then all second ones.
    targets : ClusterTargets
    indices : torch.Tensor of shape (n,), int64
        Rows of ``targets.labels`` that the images stand in.

    Returns
    -------
    loss : torch.Tensor, scalar
        Mean over the images with a trusted label; 0 if the batch has none.

    References
    ----------
    W. Van Gansbeke et al., "SCAN: Learning to Classify Images without Labels", ECCV 2020, for
    self-labelling; label smoothing is an addition.
    """
    labels = targets.labels[indices].repeat(2).to(features.device)
    trusted = labels >= 0
    if not trusted.any():
        return features.new_zeros(())
    origin, centers = targets.origin.to(features.device), targets.centers.to(features.device)
    unit = functional.normalize(functional.normalize(features[trusted], dim=1) - origin, dim=1)
    return functional.cross_entropy(
        _SHARPNESS * unit @ centers.T, labels[trusted], label_smoothing=_LABEL_SMOOTHING
    )
