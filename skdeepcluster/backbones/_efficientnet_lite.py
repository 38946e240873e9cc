"""The networks of the packaged weights."""

import math

from torch import nn
from torch.nn import functional

from ._constant_padding import SameConv2d

# Kernel, stride, expansion, channels and blocks of each stage of EfficientNet-B0.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM_CHANNELS = 32
N_FEATURES = 1280
_N_CLASSES = 1000


class EfficientNetLite(nn.Module):
    """EfficientNet without what embedded processors are slow at.

    That is EfficientNet with ReLU6 and without squeeze-and-excitation, whose stem and head have
    the same widths in all sizes. Parameters have the names of timm's ``tf_efficientnet_lite``,
    which computes the same; to import timm, and torchvision with it, takes nearly two seconds.

    Parameters
    ----------
    width : float
        Factor of the channels.
    depth : float
        Factor of the blocks in all stages but the first and the last.

    References
    ----------
    M. Tan, Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    ICML 2019; https://github.com/tensorflow/tpu (EfficientNet-Lite).
    """

    def __init__(self, width, depth):
        super().__init__()
        n_inputs = _STEM_CHANNELS
        self.conv_stem = _convolution(3, n_inputs, 3, stride=2)
        self.bn1 = _normalization(n_inputs)
        self.blocks = nn.Sequential()
        for kernel, stride, expansion, channels, n_blocks in _STAGES:
            n_outputs = _rounded(channels * width)
            if len(self.blocks) not in (0, len(_STAGES) - 1):
                n_blocks = math.ceil(n_blocks * depth)
            stage = nn.Sequential()
            for _ in range(n_blocks):
                stage.append(_Block(n_inputs, n_outputs, kernel, stride, expansion))
                n_inputs, stride = n_outputs, 1
            self.blocks.append(stage)
        self.conv_head = _convolution(n_inputs, N_FEATURES, 1)
        self.bn2 = _normalization(N_FEATURES)
        self.classifier: nn.Module = nn.Linear(N_FEATURES, _N_CLASSES)

    def feature_maps(self, pixels):
        """Return what is averaged over the places: (n, 1280, rows, columns)."""
        maps = functional.relu6(self.bn1(self.conv_stem(pixels)), inplace=True)
        maps = self.blocks(maps)
        return functional.relu6(self.bn2(self.conv_head(maps)), inplace=True)

    def forward(self, pixels):
        """Classify a batch of normalised images, or embed it if the classifier is an identity."""
        features = functional.adaptive_avg_pool2d(self.feature_maps(pixels), 1)
        return self.classifier(features.flatten(1))

    def stages(self):
        """Names of the parameters from input to output: the stem, and each stage of blocks."""
        stages: list[list[str]] = [[]]
        for name, _ in self.named_parameters():
            kind, number, *_ = name.split(".")
            # The head belongs to the last stage of blocks, and the stem comes before all of them.
            if kind == "blocks" and int(number) == len(stages) - 1:
                stages.append([])
            stages[-1].append(name)
        return stages


class _Block(nn.Module):
    """An inverted residual: channels are expanded, filtered one by one, and mixed again."""

    def __init__(self, n_inputs, n_outputs, kernel, stride, expansion):
        super().__init__()
        self.has_skip = stride == 1 and n_inputs == n_outputs
        n_inner = n_inputs * expansion
        depthwise = _convolution(n_inner, n_inner, kernel, stride, groups=n_inner)
        mixing = _convolution(n_inner, n_outputs, 1)
        if expansion == 1:
            layers = {"conv_dw": depthwise, "conv_pw": mixing}
        else:
            expanding = _convolution(n_inputs, n_inner, 1)
            layers = {"conv_pw": expanding, "conv_dw": depthwise, "conv_pwl": mixing}
        for number, (name, convolution) in enumerate(layers.items(), start=1):
            self.add_module(name, convolution)
            self.add_module(f"bn{number}", _normalization(convolution.out_channels))

    def forward(self, maps):
        layers = [*self.children()]
        found = maps
        for place in range(0, len(layers), 2):
            if place:
                found = functional.relu6(found, inplace=True)
            found = layers[place + 1](layers[place](found))
        return found + maps if self.has_skip else found


def _convolution(n_inputs, n_outputs, kernel, stride=1, groups=1):
    options = {"stride": stride, "groups": groups, "bias": False}
    if stride == 1:
        return nn.Conv2d(n_inputs, n_outputs, kernel, padding=kernel // 2, **options)
    return SameConv2d(n_inputs, n_outputs, kernel, **options)


def _normalization(n_channels):
    return nn.BatchNorm2d(n_channels, eps=1e-3)


def _rounded(n_channels):
    """Round to a multiple of eight, not down by more than a tenth."""
    rounded = max(8, int(n_channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * n_channels else rounded
