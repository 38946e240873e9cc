import argparse
import functools
import importlib
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from skdeepcluster.backbones import load_backbone
from skdeepcluster.backbones._fingerprint import fingerprint, weights_digest

from .conftest import SmallNetwork


class Pools(SmallNetwork):
    """Has a setting that is neither a parameter nor in its text."""

    def __init__(self, power=1.0):
        super().__init__()
        self.power = power

    def forward(self, images):
        return super().forward(images) ** self.power


class Powers(nn.Module):
    """Has a number and a tensor that are neither parameters nor buffers."""

    def __init__(self, power, offset):
        super().__init__()
        self.power = power
        self.offset = offset

    def forward(self, images):
        return images**self.power + self.offset


class Scales:
    """A plain object with a state; slots are no obstacle."""

    __slots__ = ("factor",)

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, images):
        return images.mean((2, 3)) * self.factor

    def apply(self, images):
        return self(images)


class Applies(nn.Module):
    """Computes what a function does."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


SCALE = 1.0


def scaled(images):
    return images.mean((2, 3)) * SCALE


class UsesGlobals(nn.Module):
    def forward(self, images):
        return torch.stack([scaled(image[None]) for image in images])


def of_class_attribute(value):
    return same_name(lambda self, x: x, power=value)()


def of_property(value):
    getter = (lambda self: 1.0) if value == 1 else (lambda self: 2.0)
    return same_name(lambda self, x: x * self.power, power=property(getter))()


def of_cached_property(value):
    getter = (lambda self: 1.0) if value == 1 else (lambda self: 2.0)
    return same_name(lambda self, x: x, power=functools.cached_property(getter))()


def of_closure(value):
    return same_name(lambda self, x: x * value)()


def of_default(value):
    def forward(self, x, power=value):
        return x * power

    return same_name(forward)()


def of_object(value):
    return Applies(Scales(value))


def of_function_around_an_object(value):
    scales = Scales(value)
    return Applies(lambda x: scales(x))


def of_hook(value):
    network = nn.Sequential(nn.Flatten())
    network[0].register_forward_hook(lambda module, inputs, output: output * value)
    return network


def of_list_of_modules(value):
    return Applies([nn.AvgPool2d(value)])


def of_two_classes_of_one_name(value):
    return nn.Sequential(of_closure(value), of_closure(3 - value))


def of_script(value):
    network = Applies(nn.Identity() if value == 1 else nn.ReLU())
    return torch.jit.script(network)


def same_name(forward, **members):
    """A class of the same name and place, with another forward, as edited in a notebook."""
    members.update(forward=forward, __module__=__name__)
    return type("Edited", (SmallNetwork,), members)


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
        (torch.relu, torch.sigmoid),
        (nn.ReLU, nn.GELU),
        (argparse.Namespace(power=1), argparse.Namespace(power=2)),
        (nn.Conv2d(1, 1, 1, stride=1), nn.Conv2d(1, 1, 1, stride=2)),
        (Scales(1).apply, Scales(2).apply),
    ],
)
def test_values_that_differ_are_told_apart(one, other):
    assert fingerprint(nn.Identity(), one) == fingerprint(nn.Identity(), one)
    assert fingerprint(nn.Identity(), one) != fingerprint(nn.Identity(), other)


@pytest.mark.filterwarnings("ignore:`torch.jit")
@pytest.mark.parametrize(
    "make",
    [
        of_class_attribute,
        of_property,
        of_cached_property,
        of_closure,
        of_default,
        of_object,
        of_function_around_an_object,
        of_hook,
        of_list_of_modules,
        of_two_classes_of_one_name,
        of_script,
    ],
)
def test_whatever_the_code_uses_counts(make):
    assert fingerprint(make(1)) == fingerprint(make(1))
    assert fingerprint(make(1)) != fingerprint(make(2))


def test_globals_count_through_functions_that_use_them(monkeypatch):
    network = UsesGlobals()
    before = fingerprint(network)
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 2.0)
    with_two = fingerprint(network)
    monkeypatch.setattr(sys.modules[__name__], "scaled", lambda x: x.amax((2, 3)))
    assert len({before, with_two, fingerprint(network)}) == 3


def test_what_is_used_of_the_users_own_modules_counts(tmp_path, monkeypatch):
    (tmp_path / "own_pools.py").write_text("unused = 1\ndef pool(x):\n    return x.mean((2, 3))\n")
    monkeypatch.syspath_prepend(tmp_path)
    own_pools = importlib.import_module("own_pools")
    monkeypatch.setattr(sys.modules[__name__], "own_pools", own_pools, raising=False)
    network = Applies(eval("lambda x: own_pools.pool(x)", globals()))
    before = fingerprint(network)
    own_pools.unused = 2
    assert fingerprint(network) == before
    own_pools.pool = lambda x: x.amax((2, 3))
    assert fingerprint(network) != before


def test_code_that_uses_itself_is_described_once():
    def countdown(x):
        return countdown(x[1:]) if len(x) else network(x)

    network = Applies(countdown)
    network.bound = network.forward
    assert fingerprint(network) == fingerprint(network)


def test_the_state_of_libraries_does_not_count():
    """Loggers, among all that hang on them, know what else was imported."""
    network = Applies(nn.Flatten())
    network.logger = logging.getLogger("skdeepcluster.test")
    before = fingerprint(network)
    network.logger.setLevel("DEBUG")
    assert fingerprint(network) == before


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_all_of_a_script_counts(tmp_path):
    """Its constants and numbers too, and it is the same each time it is loaded."""
    digests = set()
    for power, offset in ((1.0, 0.0), (2.0, 0.0), (2.0, 1.0)):
        torch.jit.script(Powers(power, torch.full((1,), offset))).save(tmp_path / "script.pt")
        for _ in range(2):
            digests.add(fingerprint(nn.Sequential(torch.jit.load(tmp_path / "script.pt"))))
    assert len(digests) == 3


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


@pytest.mark.parametrize(
    "network",
    [
        "load_backbone('untrained:test_vit3').network",
        "UsesGlobals()",
        "of_function_around_an_object(2)",
        "of_hook(2)",
    ],
)
def test_it_is_the_same_in_another_process(network):
    """Addresses and the order of sets differ between processes; the digest must not."""
    code = f"from {__name__} import *; print(fingerprint({network}))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert found.stdout.strip() == fingerprint(eval(network))


def test_memory_is_bounded_by_the_largest_tensor():
    tracemalloc = pytest.importorskip("tracemalloc")
    network = nn.Sequential(*[nn.Linear(512, 512) for _ in range(20)])
    tracemalloc.start()
    fingerprint(network)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 512 * 512


def test_the_digest_of_weights_outlasts_code_and_names():
    network = SmallNetwork()
    renamed = nn.ModuleDict({"another": network})
    assert weights_digest(renamed) == weights_digest(network)
    assert weights_digest(network, 32) != weights_digest(network)
    before = weights_digest(network)
    with torch.no_grad():
        next(network.parameters()).add_(1e-3)
    assert weights_digest(network) != before


def test_the_digest_of_weights_ignores_what_is_resampled():
    network = nn.Module()
    network.pos_embed = nn.Parameter(torch.zeros(1, 5, 4))
    before = weights_digest(network)
    network.pos_embed = nn.Parameter(torch.full((1, 5, 4), 1e-7))
    assert weights_digest(network) == before
    network.pos_embed = nn.Parameter(torch.zeros(1, 10, 4))
    assert weights_digest(network) != before
