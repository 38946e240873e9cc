import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from skdeepcluster.backbones import load_backbone
from skdeepcluster.backbones._fingerprint import fingerprint

from .conftest import SmallNetwork


class Pools(SmallNetwork):
    """Has a setting that is neither a parameter nor in its text."""

    def __init__(self, power=1.0):
        super().__init__()
        self.power = power

    def forward(self, pictures):
        return super().forward(pictures) ** self.power


def same_name(forward):
    """A class of the same name and place, with another forward, as edited in a notebook."""
    return type("Edited", (SmallNetwork,), {"forward": forward, "__module__": __name__})


def test_equal_networks_are_equal():
    assert fingerprint(SmallNetwork()) == fingerprint(SmallNetwork())
    assert len(fingerprint(SmallNetwork())) == 32


def test_it_changes_with_any_weight_and_any_buffer():
    before = fingerprint(SmallNetwork())
    for name in SmallNetwork().state_dict():
        network = SmallNetwork()
        network.state_dict()[name].add_(1)
        assert fingerprint(network) != before, name


def test_a_buffer_that_is_not_saved_counts():
    network = SmallNetwork()
    before = fingerprint(network)
    network.register_buffer("offset", torch.ones(3), persistent=False)
    with_ones = fingerprint(network)
    network.offset.zero_()
    assert len({before, with_ones, fingerprint(network)}) == 3


def test_it_changes_with_settings_and_code():
    assert fingerprint(Pools()) != fingerprint(Pools(power=2.0))
    plain = same_name(lambda self, x: SmallNetwork.forward(self, x))
    twice = same_name(lambda self, x: SmallNetwork.forward(self, x) * 2)
    again = same_name(lambda self, x: SmallNetwork.forward(self, x) * 2)
    assert fingerprint(plain()) != fingerprint(twice())
    assert fingerprint(twice()) == fingerprint(again())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        ("a", "b"),
        ((1, 2), (2, 1)),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (torch.ones(2), torch.zeros(2)),
        (np.ones(2), np.zeros(2)),
        (lambda x: x + 1, lambda x: x + 2),
        (lambda x: x.sum(), lambda x: x.mean()),
        (functools.partial(torch.mean, dim=1), functools.partial(torch.mean, dim=2)),
        (torch.float32, torch.float16),
    ],
)
def test_values_that_differ_are_told_apart(one, other):
    assert fingerprint(nn.Identity(), one) == fingerprint(nn.Identity(), one)
    assert fingerprint(nn.Identity(), one) != fingerprint(nn.Identity(), other)


@pytest.mark.parametrize("dtype", [torch.bool, torch.bfloat16, torch.complex64, torch.int64])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_tensors_of_any_kind_are_hashed(dtype, shape):
    network = nn.Identity()
    network.register_buffer("tensor", torch.zeros(shape, dtype=dtype))
    before = fingerprint(network)
    network.register_buffer("tensor", torch.ones(shape, dtype=dtype))
    assert (fingerprint(network) == before) == (shape == (0, 3))


def test_mode_gradients_and_name_do_not_matter(small_network):
    backbone = load_backbone(small_network, image_size=32)
    before = backbone.fingerprint
    backbone.network.train().requires_grad_(True)
    backbone.name = "another"
    assert backbone.fingerprint == before


def test_preprocessing_matters(small_network):
    backbone = load_backbone(small_network, image_size=32)
    digests = {backbone.fingerprint}
    for name, value in [
        ("image_size", 64),
        ("mean", (0.0, 0.0, 0.0)),
        ("std", (1.0, 1.0, 1.0)),
        ("crop_fraction", 0.5),
        ("interpolation", "bilinear"),
    ]:
        setattr(backbone, name, value)
        digests.add(backbone.fingerprint)
    assert len(digests) == 6


def test_it_is_the_same_in_another_process():
    """Addresses and the order of sets differ between processes; the digest must not."""
    code = (
        "from skdeepcluster.backbones import load_backbone;"
        "print(load_backbone('untrained:test_vit3').fingerprint)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert found.stdout.strip() == load_backbone("untrained:test_vit3").fingerprint


def test_memory_is_bounded_by_the_largest_tensor():
    tracemalloc = pytest.importorskip("tracemalloc")
    network = nn.Sequential(*[nn.Linear(512, 512) for _ in range(20)])
    tracemalloc.start()
    fingerprint(network)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 512 * 512
