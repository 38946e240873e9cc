import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from skdeepcluster.latent import MMDLoss, alignment_loss, nearest_centroid_loss, pedcc


def literal_mmd(latents, target):
    """The published form, on NumPy arrays: all pairs written out, biased V-statistic."""
    joined = np.concatenate([latents, target]).astype(np.float64)
    n = len(joined)
    distances = ((joined[:, None, :] - joined[None, :, :]) ** 2).sum(axis=2)
    bandwidth = distances.sum() / (n * n - n)
    kernel = sum(np.exp(-distances / (bandwidth * 2.0**j)) for j in range(-2, 3))
    b = len(latents)
    return kernel[:b, :b].mean() + kernel[b:, b:].mean() - 2 * kernel[:b, b:].mean()


def random_latents(n, d, seed=0, dtype=torch.float64):
    return normalize(
        torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=dtype), dim=1
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-9)])
@pytest.mark.parametrize("n_dimensions", [8, 2])
@pytest.mark.parametrize("counts", [[20, 20, 20], [40, 15, 5], [20, 12, 9, 8, 6, 5]])
def test_mmd_equals_the_published_form(dtype, tolerance, counts, n_dimensions):
    centroids = pedcc(len(counts), n_dimensions, random_state=0).to(dtype)
    latents = random_latents(60, n_dimensions, dtype=dtype)
    target = np.repeat(centroids.numpy(), counts, axis=0)
    prior = torch.tensor(counts, dtype=dtype) / 60
    found = float(MMDLoss(centroids, prior)(latents))
    assert found == pytest.approx(literal_mmd(latents.numpy(), target), rel=tolerance)


def test_mmd_values_known_of_this_kernel():
    centroids = pedcc(10, 100, random_state=0).double()
    uniform = torch.full((10,), 0.1, dtype=torch.float64)
    perfect = centroids.repeat_interleave(10, dim=0)
    shares = torch.tensor([30, 20, 10, 10, 10, 5, 5, 5, 3, 2])
    uneven = shares.double() / 100
    unbalanced = centroids.repeat_interleave(shares, dim=0)
    assert float(MMDLoss(centroids, uniform)(perfect)) == pytest.approx(0, abs=1e-9)
    one = centroids[:1].repeat(100, 1)
    assert float(MMDLoss(centroids, uniform)(one)) == pytest.approx(3.2, abs=0.05)
    # A perfect but unbalanced answer costs as much as random points.
    assert float(MMDLoss(centroids, uniform)(unbalanced)) == pytest.approx(0.22, abs=0.01)
    assert float(MMDLoss(centroids, uneven)(unbalanced)) == pytest.approx(0, abs=1e-9)
    assert float(MMDLoss(centroids, uniform)(random_latents(100, 100))) == pytest.approx(
        0.22, abs=0.01
    )


@pytest.mark.parametrize("n_dimensions", [8, 2])
def test_mmd_has_the_gradient_of_the_published_form(n_dimensions):
    centroids = pedcc(4, n_dimensions, random_state=0).double()
    prior = torch.tensor([4, 3, 2, 1], dtype=torch.float64) / 10
    latents = random_latents(10, n_dimensions).requires_grad_()
    MMDLoss(centroids, prior)(latents).backward()
    target = centroids.repeat_interleave(torch.tensor([4, 3, 2, 1]), dim=0)
    again = latents.detach().clone().requires_grad_()
    joined = torch.cat([again, target])
    distances = ((joined[:, None] - joined) ** 2).sum(dim=2)
    bandwidth = distances.detach().sum() / (20 * 19)
    kernel = sum(torch.exp(-distances / (bandwidth * 2.0**j)) for j in range(-2, 3))
    signs = torch.cat([again.new_full((10,), 0.1), again.new_full((10,), -0.1)])
    (signs @ kernel @ signs).backward()
    torch.testing.assert_close(latents.grad, again.grad)


def test_mmd_does_not_depend_on_the_order():
    centroids = pedcc(4, 6, random_state=0).double()
    prior = torch.full((4,), 0.25, dtype=torch.float64)
    latents = random_latents(30, 6)
    shuffled = latents[torch.randperm(30, generator=torch.Generator().manual_seed(0))]
    torch.testing.assert_close(
        MMDLoss(centroids, prior)(latents), MMDLoss(centroids, prior)(shuffled)
    )


def test_mmd_pulls_latents_to_where_centroids_are_missing():
    centroids = pedcc(2, 4, random_state=0).double()
    prior = torch.full((2,), 0.5, dtype=torch.float64)
    latents = normalize(centroids[0] + 0.3 * random_latents(20, 4), dim=1).requires_grad_()
    MMDLoss(centroids, prior)(latents).backward()
    assert float((-latents.grad @ centroids[1]).mean()) > 0


def test_alignment_and_nearest_centroid_against_loops():
    latents, partners, centroids = (random_latents(9, 5, seed) for seed in range(3))
    by_hand = np.mean([1 - float(z @ p) for z, p in zip(latents, partners, strict=True)])
    assert float(alignment_loss(latents, partners)) == pytest.approx(by_hand)
    nearest = np.mean([1 - max(float(z @ c) for c in centroids) for z in latents])
    assert float(nearest_centroid_loss(latents, centroids)) == pytest.approx(nearest)
