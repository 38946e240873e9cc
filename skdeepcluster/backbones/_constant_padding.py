"""Padding that follows the size of an image, as a constant: exported, that is a third faster."""

import copy
import sys

import torch
from torch import nn
from torch.nn import functional


class SameConv2d(nn.Conv2d):
    """A convolution that is padded as in TensorFlow (:func:`same_padding`)."""

    def forward(self, maps):
        rows, columns = _margins(self, maps.shape[-2:])
        return super().forward(functional.pad(maps, (*columns, *rows)))


def with_constant_padding(network, image_size):
    """Replace convolutions that compute their padding from each image.

    Networks from TensorFlow have them: what is padded, and on which side, depends on the size.
    ONNX Runtime would compute it for every batch, and pad in a step of its own.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    image_size : int
        The only size of images from now on.

    Returns
    -------
    network : torch.nn.Module
        A copy that shares no parameters, or the network itself if it has none of these.
    """
    kinds: list[type[nn.Module]] = [SameConv2d]
    # A network of timm cannot be there before timm is.
    if "timm" in sys.modules:
        from timm.layers import Conv2dSame

        kinds.append(Conv2dSame)

    def is_concerned(module):
        return type(module) in kinds

    if not any(map(is_concerned, network.modules())):
        return network
    network = copy.deepcopy(network)
    sides: dict[nn.Module, set] = {}
    hooks = [
        module.register_forward_pre_hook(
            lambda module, inputs: sides.setdefault(module, set()).add(inputs[0].shape[-2:])
        )
        for module in filter(is_concerned, network.modules())
    ]
    with torch.inference_mode():
        network(torch.zeros(1, 3, image_size, image_size))
    for hook in hooks:
        hook.remove()
    for parent in [*network.modules()]:
        for name, module in parent.named_children():
            # One that sees several sizes keeps computing.
            if len(sides.get(module, ())) == 1:
                (shape,) = sides[module]
                setattr(parent, name, _padded(module, shape))
    return network


def same_padding(side, kernel, stride, dilation=1):
    """Pixels before and after a row so that ``ceil(side / stride)`` come out, as TensorFlow does.

    Returns
    -------
    before, after : int
    """
    total = max((-(-side // stride) - 1) * stride + (kernel - 1) * dilation + 1 - side, 0)
    return total // 2, total - total // 2


def _padded(convolution, shape):
    """Make a convolution without padding that follows a constant one."""
    rows, columns = _margins(convolution, shape)
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        convolution.stride,
        dilation=convolution.dilation,
        groups=convolution.groups,
        device="meta",
    )
    plain.weight, plain.bias = convolution.weight, convolution.bias
    return nn.Sequential(nn.ZeroPad2d((*columns, *rows)), plain).eval()


def _margins(convolution, shape):
    """Compute the padding of the rows and of the columns, before and after each."""
    sizes = (convolution.kernel_size, convolution.stride, convolution.dilation)
    return [same_padding(*values) for values in zip(shape, *sizes, strict=True)]
