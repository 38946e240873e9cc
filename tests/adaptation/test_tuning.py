import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster.adaptation import ClusterTargets, TuningTargets
from skdeepcluster.adaptation._losses import self_labelling_loss
from skdeepcluster.adaptation._tuning import TuningObjective, n_steps

# Image 4 is in the batch twice, once as a partner; 0 and 3 are partners.
_BATCH = torch.tensor([0, 4, 2, 3, 5, 4])
_RELATED = {(0, 3), (4, 5), (2, 4)}


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def slow_contrastive(projected, temperature=0.2):
    """An image against those of the batch that are neither itself nor its partner."""
    unit = functional.normalize(projected, dim=1)
    n = len(unit) // 2
    images = _BATCH.repeat(2).tolist()
    losses = []
    for i, image in enumerate(images):
        partner = (i + n) % (2 * n)
        others = [
            j
            for j, other in enumerate(images)
            if j == partner or (other != image and not {(image, other), (other, image)} & _RELATED)
        ]
        similarities = torch.stack([unit[i] @ unit[j] / temperature for j in others])
        losses.append(similarities.logsumexp(0) - unit[i] @ unit[partner] / temperature)
    return float(torch.stack(losses).mean())


def test_without_clusters_images_are_contrasted_but_for_partners():
    objective = TuningObjective(TuningTargets(torch.zeros(6, 1, dtype=torch.int64)))
    features, projected = drawn(12, 8), drawn(12, 4, seed=1)
    loss = objective.loss(features, projected, _BATCH)
    assert float(loss) == pytest.approx(slow_contrastive(projected), rel=1e-5)


def test_with_clusters_self_labelling_is_added():
    clusters = ClusterTargets.from_labels(drawn(6, 8, seed=2), np.array([0, 1, 2, 0, -1, 1]))
    objective = TuningObjective(TuningTargets(torch.zeros(6, 1, dtype=torch.int64), clusters))
    features, projected = drawn(12, 8), drawn(12, 4, seed=1)
    labelling = float(self_labelling_loss(features, clusters, _BATCH))
    assert labelling > 0.1
    expected = slow_contrastive(projected) + labelling
    assert float(objective.loss(features, projected, _BATCH)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n_samples", "n_passes"), [(301, 3), (2000, 1)])
def test_batches_are_images_and_their_partners(n_samples, n_passes):
    partners = (torch.arange(n_samples)[:, None] + torch.tensor([1, 2])) % n_samples
    objective = TuningObjective(TuningTargets(partners))
    batches = [*objective.batches(torch.Generator().manual_seed(0))]
    assert len(batches) == n_steps(n_samples) >= 8
    assert max(map(len, batches)) <= 128
    halves = [batch.chunk(2) for batch in batches]
    images, neighbors = (torch.cat(half) for half in zip(*halves, strict=True))
    for drawn_once in images.chunk(n_passes):
        assert len(drawn_once) == len(drawn_once.unique()) == -(-n_samples // 2)
    steps = (neighbors - images) % n_samples
    assert set(steps.tolist()) == {1, 2}
    again = [*objective.batches(torch.Generator().manual_seed(0))]
    assert all(torch.equal(*pair) for pair in zip(batches, again, strict=True))
