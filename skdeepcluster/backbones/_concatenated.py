"""Several looks at an image: the features of several networks, or sizes, side by side."""

import copy

import torch
from torch import nn
from torch.nn import functional

from ._backbone import Backbone


def concatenate(backbones: list[Backbone]) -> Backbone:
    """Join backbones to one whose features are theirs, side by side.

    Images are resized once, to the largest of the sizes; the others are computed from that. The
    features of each backbone are scaled to unit length, so that cosine similarities are the
    means of theirs. Each sees its own crop; an image that is kept whole ("pad" and "squash") is
    scaled to the smallest of the crops, so that none loses its ends.

    Parameters
    ----------
    backbones : list of Backbone
        Copied.

    Returns
    -------
    backbone : Backbone
    """
    largest = max(backbones, key=lambda backbone: backbone.image_size / backbone.crop_fraction)
    crop_fraction = max(backbone.crop_fraction for backbone in backbones)
    seen = min(backbone.crop_fraction * backbone.visible_fraction for backbone in backbones)
    # No pixel of the largest image is lost to a wider crop.
    image_size = round(largest.image_size * crop_fraction / largest.crop_fraction)
    licenses = {backbone.license for backbone in backbones}
    network = _ConcatenatedNetwork(backbones, image_size, crop_fraction)
    return Backbone(
        name=" + ".join(f"{backbone.name} at {backbone.image_size}" for backbone in backbones),
        network=network,
        n_features=sum(backbone.n_features for backbone in backbones),
        image_size=image_size,
        # Each network normalises for itself.
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        crop_fraction=crop_fraction,
        interpolation=largest.interpolation,
        license=licenses.pop() if len(licenses) == 1 else "",
        visible_fraction=seen / crop_fraction,
    )


class _ConcatenatedNetwork(nn.Module):
    """Maps images (n, 3, image_size, image_size) in [0, 1] to unit features, side by side."""

    def __init__(self, backbones, image_size, crop_fraction):
        super().__init__()
        self.looks = nn.ModuleList(
            _Look(backbone, image_size, crop_fraction) for backbone in backbones
        )

    def forward(self, images):
        return torch.cat([look(images) for look in self.looks], dim=1)


class _Look(nn.Module):
    """One of the backbones: resizing, normalisation, network."""

    def __init__(self, backbone, image_size, crop_fraction):
        super().__init__()
        self.network = copy.deepcopy(backbone.network)
        self.register_buffer("mean", torch.tensor(backbone.mean)[:, None, None])
        self.register_buffer("std", torch.tensor(backbone.std)[:, None, None])
        weights = None
        if (backbone.image_size, backbone.crop_fraction) != (image_size, crop_fraction):
            kept = image_size * backbone.crop_fraction / crop_fraction
            weights = _resizing(image_size, round(kept), backbone.image_size)
        self.register_buffer("resizing", weights)

    def forward(self, images):
        if self.resizing is not None:
            images = self.resizing @ images @ self.resizing.T
        features = self.network((images - self.mean) / self.std)
        return functional.normalize(features, dim=1)


def _resizing(side, n_kept, size):
    """Matrix (size, side) that crops rows of pixels to the centre and resizes them.

    Resizing is linear: its weights are what it makes of the rows of the identity. As a product of
    matrices it is the same in torch and in ONNX, whose own resizing differs between versions.
    """
    margin = (side - n_kept) // 2
    pixels = torch.eye(side)[None, None, margin : margin + n_kept]
    return functional.interpolate(pixels, (size, side), mode="bicubic", antialias=True)[0, 0]
