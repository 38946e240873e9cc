import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from skdeepcluster.latent import MMDLoss, alignment_loss, nearest_centroid_loss, pedcc
from skdeepcluster.latent._losses import agreement_loss, balance_loss


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


def certain(*clusters):
    return torch.eye(4, dtype=torch.float64)[list(clusters)]


def test_assignments_that_are_certain_of_the_same_cluster_agree():
    assert float(agreement_loss(certain(0, 3, 3), certain(0, 3, 3))) == pytest.approx(0, abs=1e-7)
    # One of two samples and its partner are in different clusters; their logarithm is finite.
    loss = float(agreement_loss(certain(0, 1), certain(0, 2)))
    assert loss == pytest.approx(-np.log(1e-8) / 2)


@pytest.mark.parametrize("k", [2, 10])
def test_assignments_that_are_not_certain_cost_the_logarithm_of_the_clusters(k):
    uniform = torch.full((3, k), 1 / k, dtype=torch.float64)
    assert float(agreement_loss(uniform, uniform)) == pytest.approx(np.log(k), abs=1e-6)
    one = torch.eye(k, dtype=torch.float64)[:1].repeat(3, 1)
    assert float(agreement_loss(one, uniform)) == pytest.approx(np.log(k), abs=1e-6)


def test_agreement_against_loops():
    generator = torch.Generator().manual_seed(0)
    ours, partners = torch.softmax(torch.randn(2, 7, 4, generator=generator).double(), dim=2)
    by_hand = -np.mean(
        [
            np.log(sum(float(p) * float(q) for p, q in zip(*pair, strict=True)))
            for pair in zip(ours, partners, strict=True)
        ]
    )
    assert float(agreement_loss(ours, partners)) == pytest.approx(by_hand, abs=1e-6)
    assert float(agreement_loss(partners, ours)) == pytest.approx(by_hand, abs=1e-6)


def test_agreement_pulls_a_partner_to_the_cluster_of_the_sample():
    """Its gradient by the logits of q is q less the share of each cluster in p . q."""
    p = torch.tensor([[0.7, 0.2, 0.1]], dtype=torch.float64)
    logits = torch.zeros((1, 3), dtype=torch.float64, requires_grad=True)
    agreement_loss(p, torch.softmax(logits, dim=1)).backward()
    expected = 1 / 3 - p
    torch.testing.assert_close(logits.grad, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("shares", "prior", "expected"),
    [
        ([0.25] * 4, [0.25] * 4, 0),
        ([0.7, 0.2, 0.1, 0.0], [0.7, 0.2, 0.1, 0.0], 0),
        ([0.0, 1.0, 0.0, 0.0], [0.25] * 4, np.log(4)),
        ([0.5, 0.5], [0.25, 0.75], np.log(4 / 3) / 2),
        ([0.25, 0.75], [0.5, 0.5], np.log(27 / 16) / 4),
    ],
)
def test_balance_is_the_divergence_from_the_prior(shares, prior, expected):
    found = balance_loss(*(torch.tensor(part, dtype=torch.float64) for part in (shares, prior)))
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_balance_pulls_samples_from_clusters_that_are_too_large_to_those_too_small():
    logits = torch.log(torch.tensor([[0.6, 0.3, 0.1]])).repeat(5, 1).requires_grad_()
    balance_loss(torch.softmax(logits, dim=1).mean(dim=0), torch.tensor([0.2, 0.3, 0.5])).backward()
    too_large, right, too_small = -logits.grad.T
    assert (too_large < 0).all()
    assert (too_small > 0).all()
    assert (too_small > right).all() and (right > too_large).all()


def test_balance_holds_among_many_clusters():
    """Of a hundred clusters, one that is empty costs as much as its share is expected to be."""
    prior = torch.full((100,), 0.01, dtype=torch.float64)
    shares = torch.full((100,), 1 / 99, dtype=torch.float64)
    shares[5] = 0
    assert float(balance_loss(shares, prior)) == pytest.approx(np.log(100 / 99), abs=1e-5)
