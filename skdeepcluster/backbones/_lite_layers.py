"""An EfficientNet-Lite as the list of its convolutions."""

from typing import NamedTuple

import numpy as np
import torch


class Convolution(NamedTuple):
    """A convolution that its batch normalisation is folded into.

    ``weight``, float64 of shape (n_outputs, n_inputs, side, side), where n_inputs is 1 if
    ``is_depthwise``; ``bias``, float64 of shape (n_outputs,); ``is_clipped``, whether the outputs
    are clipped to [0, 6]; ``skips_from``, position in the list of the convolution whose final
    output is added to this one's, or None.
    """

    weight: np.ndarray
    bias: np.ndarray
    stride: int
    is_depthwise: bool
    is_clipped: bool
    skips_from: int | None = None


def convolutions_of(network):
    """List the convolutions of an EfficientNet-Lite, each of which reads the one before.

    Parameters
    ----------
    network : torch.nn.Module
        Its features are the means of the last one's outputs.

    Returns
    -------
    convolutions : list of Convolution
    """
    layers = [_folded(network.conv_stem, network.bn1)]
    for block in (block for stage in network.blocks for block in stage):
        skips_from = len(layers) - 1 if block.has_skip else None
        modules = [*block.named_children()]
        convolutions = [module for name, module in modules if name.startswith("conv")]
        norms = [module for name, module in modules if name.startswith("bn")]
        layers += map(_folded, convolutions, norms)
        # Only the last one of a block has no activation.
        layers[-1] = layers[-1]._replace(is_clipped=False, skips_from=skips_from)
    return [*layers, _folded(network.conv_head, network.bn2)]


def _folded(convolution, norm):
    with torch.no_grad():
        scale = (norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)).numpy()
        shift = norm.bias.double().numpy() - norm.running_mean.double().numpy() * scale
        weight = convolution.weight.double().numpy() * scale[:, None, None, None]
    is_depthwise = convolution.groups > 1
    return Convolution(weight, shift, convolution.stride[0], is_depthwise, is_clipped=True)
