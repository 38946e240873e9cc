import subprocess
import sys

import numpy as np
import torch
from torch import nn

from skdeepcluster.latent._adam import Adam


def test_steps_are_those_of_torch():
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)) for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    ours = Adam(layers[0].parameters(), 1e-2)
    theirs = torch.optim.Adam(layers[1].parameters(), lr=1e-2)
    for _ in range(30):
        rows = torch.randn(11, 5)
        ours.step(layers[0](rows).pow(2).sum())
        theirs.zero_grad()
        layers[1](rows).pow(2).sum().backward()
        theirs.step()
    for own, other in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
        np.testing.assert_allclose(own.detach(), other.detach(), atol=1e-6)


def test_a_fit_loads_no_compiler():
    script = (
        "import sys, numpy as np; from skdeepcluster import DeepImageClusterer; "
        "X = np.random.RandomState(0).normal(size=(600, 20)).astype(np.float32); "
        "DeepImageClusterer(3, max_iter=1).fit(X); "
        "print([name for name in ('numba', 'sympy', 'torch._dynamo') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
