import numpy as np
import pytest
import torch

from skdeepcluster.latent import MMDLoss, Objective, _objective, check_loss_weights, pedcc

CENTROIDS = pedcc(4, 8, random_state=0)
PRIOR = torch.tensor([0.4, 0.3, 0.2, 0.1])
TERMS = ["mmd", "balance", "augmentation", "neighbor", "nearest_centroid"]
AGREEMENTS = ["assignments", "latents"]


def unit(n, seed):
    rows = torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1)


def objective(agreement="latents", **weights):
    return Objective(CENTROIDS, PRIOR, check_loss_weights(weights, agreement), agreement)


def literal_terms(agreement, latents, views, partners):
    """All terms but the MMD, a sample and a cluster at a time."""
    centroids = CENTROIDS.double().numpy()
    latents, views, partners = (rows.double().numpy() for rows in (latents, views, partners))

    def assignment(latent):
        weights = [np.exp(latent @ centroid / 0.1) for centroid in centroids]
        return np.array(weights) / sum(weights)

    def disagreement(one, other):
        if agreement == "latents":
            return 1 - one @ other
        return -np.log(assignment(one) @ assignment(other))

    # Of samples, views and partners.
    shares = np.mean([assignment(row) for row in (*latents, *views, *partners)], axis=0)
    return {
        "balance": sum(s * np.log(s / p) for s, p in zip(shares, PRIOR.numpy(), strict=True)),
        "augmentation": np.mean([disagreement(*p) for p in zip(latents, views, strict=True)]),
        "neighbor": np.mean([disagreement(*p) for p in zip(latents, partners, strict=True)]),
        "nearest_centroid": np.mean([1 - max(centroids @ latent) for latent in latents]),
    }


@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_terms_are_those_of_the_samples_their_views_and_their_neighbours(agreement):
    latents, views, partners = (unit(300, seed) for seed in range(3))
    sought = objective(agreement, **dict.fromkeys(TERMS, 1.0))
    terms = {
        name: float(term) for name, term in sought.terms(latents, views, partners, 300).items()
    }
    assert terms.pop("mmd") == pytest.approx(float(MMDLoss(CENTROIDS, PRIOR)(latents)))
    expected = literal_terms(agreement, latents, views, partners)
    assert terms == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_a_lone_sample_has_no_neighbour(agreement):
    sought = objective(agreement, balance=1)
    latent, view = unit(1, 0), unit(1, 1)
    terms = sought.terms(latent, view, None, 1)
    assert float(terms["neighbor"]) == 0
    expected = literal_terms(agreement, latent, view, view)
    assert float(terms["augmentation"]) == pytest.approx(expected["augmentation"], rel=1e-4)
    shares = torch.softmax(torch.cat([latent, view]) @ CENTROIDS.T / 0.1, dim=1).mean(dim=0)
    divergence = float((shares * torch.log(shares / PRIOR)).sum())
    assert float(terms["balance"]) == pytest.approx(divergence, rel=1e-4)


@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_gradients_reach_views_and_neighbours(agreement):
    rows = [unit(20, seed).requires_grad_() for seed in range(3)]
    sought = objective(agreement)
    sought.loss(sought.terms(*rows, 20), is_late=True).backward()
    assert all((row.grad != 0).any(dim=1).all() for row in rows)


@pytest.mark.parametrize(
    ("agreement", "weights"),
    [("assignments", [0, 5, 1, 1, 2]), ("latents", [1, 0, 1, 3, 0.5])],
)
def test_default_weights_depend_on_what_is_to_agree(agreement, weights):
    expected = {**dict(zip(TERMS, weights, strict=True)), "supervision": 1}
    assert check_loss_weights(None, agreement) == expected
    assert check_loss_weights({"mmd": 7}, agreement) == {**expected, "mmd": 7}


@pytest.mark.parametrize("without", TERMS)
def test_terms_without_a_weight_are_not_computed(without, monkeypatch):
    computed = []

    def watch(place, function):
        real = getattr(place, function)

        def watched(*given):
            computed.append(function)
            return real(*given)

        monkeypatch.setattr(place, function, watched)

    functions = {
        "mmd": "_mmd",
        "balance": "balance_loss",
        "augmentation": "agreement_loss",
        "neighbor": "agreement_loss",
        "nearest_centroid": "nearest_centroid_loss",
    }
    for name, function in functions.items():
        if name != "neighbor":
            watch(Objective if name == "mmd" else _objective, function)
    weights = {**dict.fromkeys(TERMS, 1.0), without: 0}
    terms = objective("assignments", **weights).terms(unit(9, 0), unit(9, 1), unit(9, 2), 9)
    left = [name for name in TERMS if name != without]
    assert [*terms] == left
    assert computed == [functions[name] for name in left]


def test_the_loss_is_the_weighted_sum():
    terms = {name: torch.tensor(float(i + 1)) for i, name in enumerate(TERMS)}
    weighed = objective(mmd=2, balance=11, augmentation=3, neighbor=5, nearest_centroid=7)
    assert float(weighed.loss(terms, is_late=True)) == 2 * 1 + 11 * 2 + 3 * 3 + 5 * 4 + 7 * 5
    assert float(weighed.loss(terms, is_late=False)) == 2 * 1 + 11 * 2 + 3 * 3 + 5 * 4


def test_the_loss_of_no_terms_is_zero():
    alone = objective(**{**dict.fromkeys(TERMS, 0), "nearest_centroid": 2})
    latents = unit(9, 0).requires_grad_()
    terms = alone.terms(latents, latents, latents, 9)
    assert [*terms] == ["nearest_centroid"]
    early, late = (alone.loss(terms, is_late=is_late) for is_late in (False, True))
    assert float(early) == 0
    assert not early.requires_grad
    torch.testing.assert_close(late, 2 * terms["nearest_centroid"])


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
