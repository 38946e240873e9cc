import numpy as np
import pytest
import torch
from torchvision.models import detection


@pytest.fixture(scope="session")
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (150, 200, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def network():
    """A detector of torchvision with three classes and random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return detection.fasterrcnn_mobilenet_v3_large_320_fpn(
            weights=None, weights_backbone=None, num_classes=4
        ).eval()
