"""Small networks, and images as networks take them."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn


class SmallNetwork(nn.Module):
    """Two convolutions, a pooling and a linear layer: 3 channels to 8 features."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.stem = nn.Conv2d(3, 4, 3, stride=2)
            self.norm = nn.BatchNorm2d(4)
            self.body = nn.Conv2d(4, 8, 3, stride=2)
            self.head = nn.Linear(8, 8)

    def forward(self, images):
        """Embed normalised images."""
        hidden = self.body(torch.relu(self.norm(self.stem(images))))
        return self.head(torch.relu(hidden).mean((2, 3)))


@pytest.fixture
def small_network():
    return SmallNetwork()


@pytest.fixture(scope="session")
def pixels_of(photos):
    """Function from a backbone to the photographs as it takes them, (5, side, side, 3)."""

    def resize(backbone):
        return np.stack([backbone.resizing(Image.fromarray(photo)) for photo in photos.values()])

    return resize


def normalized(backbone, pixels):
    """Do by hand what a backbone's preprocessing does after resizing."""
    images = torch.tensor(pixels).permute(0, 3, 1, 2) / 255
    mean, std = torch.tensor(backbone.mean), torch.tensor(backbone.std)
    return (images - mean[:, None, None]) / std[:, None, None]


def features_of(backbone, pixels):
    """Compute features by torch, as literally as can be."""
    with torch.inference_mode():
        return backbone.network(normalized(backbone, pixels)).numpy()
