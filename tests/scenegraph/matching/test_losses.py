import numpy as np
import pytest
import torch

from skdeepcluster.scenegraph.matching._losses import (
    contrastive_loss,
    foil_loss,
    hardest_negative_loss,
    mean_negative_loss,
)


def slow_loss(similarities, images, margin, combine):
    total = 0
    for k in range(len(images)):
        others = [j for j in range(len(images)) if images[j] != images[k]]
        if others:
            rows, columns = (
                [max(0, margin - similarities[k][k] + value) for value in values]
                for values in (similarities[k][others], similarities[others, k])
            )
            total += combine(rows) + combine(columns)
    return total / len(images)


@pytest.mark.parametrize(
    "loss, combine", [(hardest_negative_loss, max), (mean_negative_loss, np.mean)]
)
def test_hinge_loss_is_that_of_a_loop_over_pairs(loss, combine):
    similarities = torch.rand(5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.tensor([0, 1, 0, 2, 1])
    expected = slow_loss(similarities.numpy(), images.tolist(), 0.3, combine)
    assert float(loss(similarities, images, margin=0.3)) == pytest.approx(expected)


@pytest.mark.parametrize("loss", [hardest_negative_loss, mean_negative_loss])
def test_captions_of_one_image_are_no_negatives(loss):
    assert float(loss(torch.ones(3, 3), torch.zeros(3, dtype=torch.int64))) == 0


def test_contrastive_loss_is_that_of_a_loop_over_pairs():
    similarities = torch.rand(5, 5, generator=torch.Generator().manual_seed(0)) * 5
    images = torch.tensor([0, 1, 0, 2, 1])
    total = 0
    for matrix in (similarities.numpy(), similarities.T.numpy()):
        for k in range(5):
            others = [j for j in range(5) if j == k or images[j] != images[k]]
            total += np.log(np.exp(matrix[k, others]).sum()) - matrix[k, k]
    assert contrastive_loss(similarities, images).item() == pytest.approx(total / 5, rel=1e-5)


def test_one_pair_has_no_contrast():
    assert contrastive_loss(torch.ones(1, 1), torch.zeros(1, dtype=torch.int64)).item() == 0


def test_foils_count_where_something_changed():
    matching, foils = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 5.0])
    loss = foil_loss(matching, foils, torch.tensor([True, False]))
    assert loss.item() == pytest.approx(np.log(1 + np.exp(-1)) / 2)
