"""The four terms of the objective, as functions of unit latents.

Each takes latents on the unit sphere and returns a scalar. The sum is described in
L. Hu, C. Zhu, Z. Wang, "Image Clustering Algorithm Based on Self-Supervised Pretrained Models
and Latent Feature Distribution Optimization", arXiv:2408.01920.
"""

import torch


def mmd_loss(latents, centroids, prior):
    """Squared maximum mean discrepancy between latents and the centroids under a prior.

    The kernel is a sum of five Gaussians ``exp(-|a - b|^2 / (m 2^j))`` with j = -2, ..., 2 and
    m the mean squared distance in the joined sample, held constant. The biased (V-statistic)
    estimate is returned.

    The target is a sample as large as the batch in which centroid j stands ``prior[j]`` of
    the time. Its points coincide, so they enter as weights and the sample is never written
    out: the cost is O(b (b + k)) numbers of memory, whatever the dimension.

    Parameters
    ----------
    latents : torch.Tensor of shape (n_samples, n_dimensions)
    centroids : torch.Tensor of shape (n_centroids, n_dimensions)
    prior : torch.Tensor of shape (n_centroids,)
        Expected share of each cluster; sums to one.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative

    References
    ----------
    A. Gretton et al., "A Kernel Two-Sample Test", JMLR 13 (2012), equation 5.
    """
    n_samples = len(latents)
    points = torch.cat([latents, centroids])
    sample_weights = latents.new_full((n_samples,), 1 / n_samples)
    mass = torch.cat([sample_weights, prior])
    sign = torch.cat([sample_weights, -prior])
    distances = _squared_distances(points)
    # Mean over the pairs of different members of a joined sample of 2 n: every point of
    # `mass` stands for n * mass members.
    pairs = 2 * n_samples * (2 * n_samples - 1)
    mean_distance = (n_samples**2 * (mass @ distances.detach() @ mass) / pairs).clamp_min(1e-12)
    # The five widths are powers of two apart, so one exponential and its squares give all.
    kernel = torch.exp(distances / (-4 * mean_distance))
    total = kernel
    for _ in range(4):
        kernel = kernel * kernel
        total = total + kernel
    return sign @ total @ sign


def _squared_distances(points):
    norms = (points * points).sum(dim=1)
    return (norms[:, None] + norms[None, :] - 2 * points @ points.T).clamp_min(0)


def alignment_loss(latents, partners):
    """Mean cosine distance ``1 - z . z'`` of latents to their partners.

    With another view of the same picture as the partner it is the augmentation loss, with a
    neighbour in feature space the neighbour loss.

    Parameters
    ----------
    latents, partners : torch.Tensor of shape (n_samples, n_dimensions)

    Returns
    -------
    loss : torch.Tensor, scalar in [0, 2]
    """
    return 1 - (latents * partners).sum(dim=1).mean()


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
