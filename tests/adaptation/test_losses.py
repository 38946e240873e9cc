import numpy as np
import pytest
import torch

from skdeepcluster.adaptation import ClusterTargets
from skdeepcluster.adaptation._losses import contrastive_loss, self_labelling_loss


def slow_contrastive_loss(latents, views, temperature):
    """Equation 1 of the paper, one latent at a time."""
    z = np.concatenate([latents, views])
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    n = len(latents)
    losses = []
    for i in range(2 * n):
        partner = (i + n) % (2 * n)
        others = [np.exp(z[i] @ z[j] / temperature) for j in range(2 * n) if j != i]
        losses.append(-np.log(np.exp(z[i] @ z[partner] / temperature) / sum(others)))
    return np.mean(losses)


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_contrastive_loss_is_equation_1_of_the_paper(temperature):
    rng = np.random.default_rng(0)
    latents, views = rng.normal(size=(2, 6, 4))
    loss = contrastive_loss(torch.from_numpy(latents), torch.from_numpy(views), temperature)
    assert float(loss) == pytest.approx(slow_contrastive_loss(latents, views, temperature))


def test_contrastive_loss_of_equal_latents_is_the_logarithm_of_their_number():
    same = torch.ones(5, 3)
    assert float(contrastive_loss(same, same)) == pytest.approx(np.log(9))


@pytest.fixture
def two_clusters():
    features = torch.tensor([[3.0, 0.1], [2.0, 0.0], [0.1, 1.0], [0.0, 5.0], [1.0, 1.0]])
    return features, ClusterTargets.from_labels(features, np.array([0, 0, 1, 1, -1]))


def test_centers_are_unit_vectors_of_trusted_samples(two_clusters):
    _, targets = two_clusters
    torch.testing.assert_close(targets.centers.norm(dim=1), torch.ones(2))
    assert targets.centers[0, 0] > 0 > targets.centers[0, 1]
    assert targets.centers[1, 1] > 0 > targets.centers[1, 0]


def test_self_labelling_prefers_the_images_own_cluster(two_clusters):
    features, targets = two_clusters
    indices = torch.arange(4)
    right = self_labelling_loss(features[:4].repeat(2, 1), targets, indices)
    wrong = self_labelling_loss(features[[2, 3, 0, 1]].repeat(2, 1), targets, indices)
    assert 0 < float(right) < float(wrong)


def test_length_of_features_does_not_matter(two_clusters):
    features, targets = two_clusters
    views = features[:4].repeat(2, 1)
    indices = torch.arange(4)
    torch.testing.assert_close(
        self_labelling_loss(views, targets, indices),
        self_labelling_loss(7 * views, targets, indices),
    )


def test_untrusted_samples_do_not_count(two_clusters):
    features, targets = two_clusters
    with_untrusted = self_labelling_loss(features[[0, 4, 0, 4]], targets, torch.tensor([0, 4]))
    without = self_labelling_loss(features[[0, 0]], targets, torch.tensor([0]))
    torch.testing.assert_close(with_untrusted, without)
    alone = self_labelling_loss(features[[4, 4]], targets, torch.tensor([4]))
    assert float(alone) == 0
