import math

import numpy as np
import pytest
import torch

from skdeepcluster.latent._guidance import Guidance
from skdeepcluster.latent._losses import separation_loss
from skdeepcluster.supervision import supervise


def guidance(batch_size=64, **known):
    known = {"y": None, "must_link": None, "cannot_link": None, **known}
    supervision = supervise(**known, n_samples=12, n_clusters=3)
    return Guidance(supervision, batch_size, torch.Generator().manual_seed(0))


Y = np.full(12, -1)
Y[[2, 5, 7]] = [1, 0, 1]


def test_what_is_known_is_drawn():
    guides = guidance(y=Y, must_link=[(0, 1), (1, 3), (2, 4)], cannot_link=[(3, 8), (2, 8)]).draw()
    assert dict(zip(guides.labelled.tolist(), guides.clusters.tolist(), strict=True)) == {
        2: 1,
        4: 1,
        5: 0,
        7: 1,
    }
    # Those of a known cluster are drawn to it, each by itself.
    assert set(guides.together.ravel().tolist()) <= {0, 1, 3}
    assert (guides.together[0] != guides.together[1]).all()
    for one, other in guides.apart.T.tolist():
        assert {one, other} & {8} and {one, other} & {0, 1, 3, 2, 4, 7}
    assert len(guides.samples) == 4 + 2 * guides.together.shape[1] + 2 * guides.apart.shape[1]


def test_every_member_of_a_group_is_drawn_some_time():
    drawing = guidance(must_link=[(0, 1), (1, 3)], cannot_link=[(3, 8)])
    drawn = [drawing.draw() for _ in range(50)]
    pairs = {frozenset(pair) for guides in drawn for pair in guides.together.T.tolist()}
    assert pairs == {frozenset(pair) for pair in [(0, 1), (0, 3), (1, 3)]}
    apart = {frozenset(pair) for guides in drawn for pair in guides.apart.T.tolist()}
    assert apart == {frozenset(pair) for pair in [(0, 8), (1, 8), (3, 8)]}


def test_at_most_a_quarter_of_a_batch_is_drawn():
    drawing = guidance(batch_size=8, y=Y)
    assert len(drawing.draw().labelled) == 2
    assert {int(row) for _ in range(50) for row in drawing.draw().labelled} == {2, 5, 7}


def test_the_loss_adds_up_what_is_known():
    guides = guidance(y=Y, must_link=[(0, 1)], cannot_link=[(3, 8)]).draw()
    assignments = torch.tensor([[0.5, 0.25, 0.25]]).repeat(len(guides.samples), 1)
    shares = [{0: 0.5, 1: 0.25}[cluster] for cluster in guides.clusters.tolist()]
    together = 0.5**2 + 2 * 0.25**2
    expected = -np.mean(np.log(shares)) - math.log(together) - math.log(1 - together)
    assert float(guides.loss(assignments)) == pytest.approx(expected, rel=1e-5)


def test_samples_that_agree_are_not_apart():
    certain = torch.eye(2)
    assert float(separation_loss(certain, certain.flip(0))) == pytest.approx(0, abs=1e-6)
    assert math.isfinite(float(separation_loss(certain, certain)))
    assert float(separation_loss(certain, certain)) > 10
