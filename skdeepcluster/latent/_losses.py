"""The terms of the objective, as functions of unit latents or of soft assignments.

Those of latents, and their sum, are described in L. Hu, C. Zhu, Z. Wang, "Image Clustering
Algorithm Based on Self-Supervised Pretrained Models and Latent Feature Distribution
Optimization", arXiv:2408.01920.
"""

import torch

# Keeps logarithms finite.
_LEAST_PROBABILITY = 1e-8


class MMDLoss:
    """Squared maximum mean discrepancy between latents and the centroids under a prior.

    The kernel is a sum of five Gaussians ``exp(-|a - b|^2 / (m 2^j))`` with j = -2, ..., 2 and
    m the mean squared distance in the joined sample, held constant. The biased (V-statistic)
    estimate is returned.

    The target is a sample as large as the batch in which centroid j stands ``prior[j]`` of
    the time. Its points coincide, so they enter as weights and the sample is never written
    out: the cost is O(b (b + k)) numbers of memory, whatever the dimension. Distances among the
    centroids are found once; for the corners of a simplex they are two numbers.

    Parameters
    ----------
    centroids : torch.Tensor of shape (n_centroids, n_dimensions)
    prior : torch.Tensor of shape (n_centroids,), of the same dtype
        Expected share of each cluster; sums to one.

    References
    ----------
    A. Gretton et al., "A Kernel Two-Sample Test", JMLR 13 (2012), equation 5.
    """

    def __init__(self, centroids, prior):
        self.centroids = centroids
        self.prior = prior
        self._distances, self._masses = _pairs_of_centroids(centroids, prior)

    def __call__(self, latents):
        """Compare latents with the target.

        Parameters
        ----------
        latents : torch.Tensor of shape (n_samples, n_dimensions)

        Returns
        -------
        loss : torch.Tensor, scalar, not negative
        """
        n_samples = len(latents)
        among = _squared_distances(latents, latents)
        across = _squared_distances(latents, self.centroids)

        def means(of_latents, of_both, of_centroids):
            return (
                of_latents.mean(),
                of_both.mean(dim=0) @ self.prior,
                of_centroids @ self._masses,
            )

        latent, both, central = means(among.detach(), across.detach(), self._distances)
        # Over the pairs of different members of the joined sample of 2 n.
        mean_distance = (latent + 2 * both + central) / 4 * 2 * n_samples / (2 * n_samples - 1)
        scale = (-4 * mean_distance).clamp_max(-1e-12)
        latent, both, central = means(
            *(_sum_of_kernels(d / scale) for d in (among, across, self._distances))
        )
        return latent - 2 * both + central


def _pairs_of_centroids(centroids, prior):
    """Squared distances of pairs of centroids, and which share of all pairs each stands for."""
    distances = _squared_distances(centroids, centroids).fill_diagonal_(0)
    masses = prior[:, None] * prior
    others = distances[~torch.eye(len(centroids), dtype=torch.bool, device=distances.device)]
    rounding = 100 * torch.finfo(distances.dtype).eps
    if len(others) and float(others.max() - others.min()) < rounding * float(others.mean()):
        same = masses.diagonal().sum()
        return torch.stack([0 * same, others.mean()]), torch.stack([same, 1 - same])
    return distances.ravel(), masses.ravel()


def _sum_of_kernels(exponents):
    # The five widths are powers of two apart, so one exponential and its squares give all.
    kernel = torch.exp(exponents)
    total = kernel
    for _ in range(4):
        kernel = kernel * kernel
        total = total + kernel
    return total


def _squared_distances(points, others):
    norms, norms_of_others = ((rows * rows).sum(dim=1) for rows in (points, others))
    return (norms[:, None] + norms_of_others - 2 * points @ others.T).clamp_min(0)


def alignment_loss(latents, partners):
    """Mean cosine distance ``1 - z . z'`` of latents to their partners.

    With another view of the same image as the partner it is the augmentation loss, with a
    neighbour in feature space the neighbour loss.

    Parameters
    ----------
    latents, partners : torch.Tensor of shape (n_samples, n_dimensions)

    Returns
    -------
    loss : torch.Tensor, scalar in [0, 2]
    """
    return 1 - (latents * partners).sum(dim=1).mean()


def agreement_loss(assignments, partners):
    """Mean ``-log(p . p')`` of soft assignments and those of their partners.

    It is 0 if both are certain of the same cluster. Partners that are certain of different
    clusters, or not certain, cost more; latents within a cluster need not be alike.

    Parameters
    ----------
    assignments, partners : torch.Tensor of shape (n_samples, n_clusters)
        Rows sum to one.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative

    References
    ----------
    W. Van Gansbeke et al., "SCAN: Learning to Classify Images without Labels", ECCV 2020,
    equation 2.
    """
    return -torch.log((assignments * partners).sum(dim=1) + _LEAST_PROBABILITY).mean()


def separation_loss(assignments, partners):
    """Mean ``-log(1 - p . p')`` of soft assignments and those of samples of other clusters.

    Parameters
    ----------
    assignments, partners : torch.Tensor of shape (n_samples, n_clusters)
        Rows sum to one.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative
    """
    shared = (assignments * partners).sum(dim=1)
    return -torch.log((1 - shared).clamp_min(_LEAST_PROBABILITY)).mean()


def balance_loss(shares, prior):
    """Divergence ``KL(shares || prior)`` of the clusters' shares from the expected ones.

    Unlike the MMD it does not weaken as clusters become many.

    Parameters
    ----------
    shares, prior : torch.Tensor of shape (n_clusters,)
        Each sums to one.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative
    """
    ratio = torch.log(shares + _LEAST_PROBABILITY) - torch.log(prior + _LEAST_PROBABILITY)
    return (shares * ratio).sum()


def nearest_centroid_loss(latents, centroids):
    """Mean cosine distance ``1 - max_j z . c_j`` to the nearest centroid.

    Parameters
    ----------
    latents : torch.Tensor of shape (n_samples, n_dimensions)
    centroids : torch.Tensor of shape (n_centroids, n_dimensions)

    Returns
    -------
    loss : torch.Tensor, scalar in [0, 2]
    """
    return 1 - (latents @ centroids.T).max(dim=1).values.mean()
