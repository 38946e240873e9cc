import pytest
import torch

from skdeepcluster.storage import BestState


def test_the_best_state_comes_back():
    layer = torch.nn.Linear(1, 1)
    best = BestState(layer.parameters())
    best.restore()
    offers = []
    for score in (0.2, 0.7, 0.7, 0.5):
        torch.nn.init.constant_(layer.weight, score)
        torch.nn.init.constant_(layer.bias, -score)
        offers.append(best.offer(score))
    best.restore()
    assert offers == [True, True, False, False]
    assert layer.weight.item() == pytest.approx(0.7)
    assert layer.bias.item() == pytest.approx(-0.7)
