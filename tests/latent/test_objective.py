import numpy as np
import pytest
import torch

from skdeepcluster.latent import LOSS_WEIGHTS, MMDLoss, Objective, check_loss_weights, pedcc

CENTROIDS = pedcc(4, 8, random_state=0)
PRIOR = torch.full((4,), 0.25)


def unit(n, seed):
    rows = torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1)


def objective(**weights):
    return Objective(CENTROIDS, PRIOR, check_loss_weights(weights))


def test_terms_are_those_of_the_samples_their_views_and_their_neighbours():
    latents, views, partners = (unit(300, seed) for seed in range(3))
    terms = objective().terms(latents, views, partners, batch_size=300)
    assert float(terms["mmd"]) == pytest.approx(float(MMDLoss(CENTROIDS, PRIOR)(latents)))
    for name, others in (("augmentation", views), ("neighbor", partners)):
        expected = np.mean([1 - float(a @ b) for a, b in zip(latents, others, strict=True)])
        assert float(terms[name]) == pytest.approx(expected, abs=1e-6)
    nearest = np.mean([1 - max(float(z @ c) for c in CENTROIDS) for z in latents])
    assert float(terms["nearest_centroid"]) == pytest.approx(nearest, abs=1e-6)


def test_a_lone_sample_has_no_neighbour():
    assert float(objective().terms(unit(1, 0), unit(1, 1), None, 1)["neighbor"]) == 0


def test_the_loss_is_the_weighted_sum():
    terms = {name: torch.tensor(float(i + 1)) for i, name in enumerate(LOSS_WEIGHTS)}
    weighed = objective(mmd=2, augmentation=3, neighbor=5, nearest_centroid=7)
    assert float(weighed.loss(terms, is_late=True)) == 2 * 1 + 3 * 2 + 5 * 3 + 7 * 4
    assert float(weighed.loss(terms, is_late=False)) == 2 * 1 + 3 * 2 + 5 * 3


def test_earlier_latents_fill_small_batches_up_to_256():
    sought = objective()
    before = [unit(60, seed) for seed in range(5)]
    for latents in before:
        sought.terms(latents, latents, None, batch_size=60)
    last = unit(60, 9)
    found = sought.terms(last, last, None, batch_size=60)["mmd"]
    # The newest 196 of the 300 before.
    joined = torch.cat([last, *before[::-1]])[:256]
    expected = MMDLoss(CENTROIDS, PRIOR)(joined)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_large_batches_need_no_earlier_latents():
    sought = objective()
    sought.terms(unit(400, 0), unit(400, 1), None, batch_size=400)
    latents = unit(400, 2)
    found = sought.terms(latents, latents, None, batch_size=400)["mmd"]
    assert float(found) == pytest.approx(float(MMDLoss(CENTROIDS, PRIOR)(latents)))


def test_the_pull_of_the_mmd_does_not_weaken_as_earlier_latents_join():
    """Its gradient is that of the joined sample, times how many times as large that is."""
    sought = objective()
    earlier = unit(64, 0)
    sought.terms(earlier, earlier, None, batch_size=64)
    latents = unit(64, 1).requires_grad_()
    sought.terms(latents, latents, None, batch_size=64)["mmd"].backward()
    pulled = latents.grad.clone()
    latents.grad = None
    MMDLoss(CENTROIDS, PRIOR)(torch.cat([latents, earlier])).backward()
    torch.testing.assert_close(pulled, 2 * latents.grad)
