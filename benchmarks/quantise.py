"""Measures what ``engine="int8"`` knows of a network beforehand, and writes it into the package.

``python benchmarks/quantise.py`` writes ``skdeepcluster/backbones/ranges/*.safetensors``: the
ranges of the activations between the blocks, and the corrections of their biases, on parts of the
photographs that come with scikit-learn and scikit-image. None of them is in a benchmark.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image
from safetensors.numpy import save_file
from skimage import data
from sklearn.datasets import load_sample_images
from torch.nn import functional

from skdeepcluster.backbones import _int8, load_backbone
from skdeepcluster.backbones._constant_padding import same_padding
from skdeepcluster.backbones._integer_model import IntegerModel, Range
from skdeepcluster.backbones._lite_layers import convolutions_of

# Parts of each photograph, by the side that they are scaled to.
_N_PARTS = {128: 8, 224: 3}
_PHOTOS = (
    *("astronaut", "brick", "camera", "cat", "cell", "clock", "coffee", "coins", "colorwheel"),
    *("grass", "gravel", "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina"),
    *("rocket", "text"),
)


def photographs():
    """Arrays of shape (height, width, 3)."""
    found = [*load_sample_images().images, *(getattr(data, name)() for name in _PHOTOS)]
    return [np.broadcast_to(np.atleast_3d(image), (*image.shape[:2], 3)) for image in found]


def parts(side, n_parts):
    """Square parts of the photographs, some grey, some of little contrast, scaled to a side."""
    rng = np.random.default_rng(0)
    images = []
    for photograph in photographs():
        for _ in range(n_parts):
            shortest = min(photograph.shape[:2])
            size = int(shortest * rng.uniform(0.3, 1))
            top, left = (rng.integers(0, length - size + 1) for length in photograph.shape[:2])
            part = Image.fromarray(photograph[top : top + size, left : left + size])
            values = np.asarray(part.resize((side, side), Image.Resampling.BICUBIC), np.float64)
            if rng.random() < 0.25:
                values = values.mean(2, keepdims=True).repeat(3, axis=2)
            middle = values.mean((0, 1))
            contrast, brightness = rng.choice([1, 1, 0.6, 0.3]), rng.uniform(-25, 25)
            values = middle + contrast * (values - middle) + brightness
            images.append(values.clip(0, 255).astype(np.uint8))
    return np.stack(images)


def exact_outputs(convolutions, backbone, pixels):
    """Yield (position, output, total) of the convolutions that are not clipped."""
    mean, std = (np.float32(255 * values[0]) for values in (backbone.mean, backbone.std))
    tensor = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / std
    totals = {}
    for position, convolution in enumerate(convolutions):
        weight = torch.from_numpy(convolution.weight).float()
        padding = same_padding(tensor.shape[-1], weight.shape[-1], convolution.stride)
        output = functional.conv2d(
            functional.pad(tensor, (*padding, *padding)),
            weight,
            torch.from_numpy(convolution.bias).float(),
            stride=convolution.stride,
            groups=len(weight) if convolution.is_depthwise else 1,
        )
        if convolution.is_clipped:
            tensor = output.clamp(0, 6)
            continue
        skips_from = convolution.skips_from
        tensor = output if skips_from is None else output + totals[skips_from]
        totals[position] = tensor
        yield position, output, tensor


def measure(backbone_name):
    """Measure ranges, then corrections, one convolution after the other."""
    backbones = {side: load_backbone(backbone_name, image_size=side) for side in _N_PARTS}
    images = {side: parts(side, n_parts) for side, n_parts in _N_PARTS.items()}
    convolutions = convolutions_of(backbones[128].network)
    found: dict = {}
    for side, pixels in images.items():
        for start in range(0, len(pixels), 32):
            batch = pixels[start : start + 32]
            for position, output, total in exact_outputs(convolutions, backbones[side], batch):
                seen = found.setdefault(position, {"low": [], "high": [], "means": []})
                both = torch.stack([output, total])
                seen["low"].append(both.amin((1, 3, 4)).numpy())
                seen["high"].append(both.amax((1, 3, 4)).numpy())
                seen["means"].append((side, len(batch), output.mean((0, 2, 3)).double().numpy()))
    ranges = {}
    for position, seen in found.items():
        (low, total_low), (high, total_high) = np.min(seen["low"], 0), np.max(seen["high"], 0)
        extremes = (low, high, total_low, total_high, np.zeros(len(low)))
        ranges[position] = Range(*(values.astype(np.float64) for values in extremes))
    for position, seen in found.items():
        shifts = []
        for side, pixels in images.items():
            backbone = backbones[side]
            model = IntegerModel(convolutions, ranges, side, backbone.mean, backbone.std)
            written = model.outputs[position]
            session = onnxruntime.InferenceSession(model.to_bytes(with_outputs=True))
            batches = np.split(pixels, range(32, len(pixels), 32))
            integers = [session.run([written.name], {"pixels": batch})[0] for batch in batches]
            mean = np.concatenate(integers).mean((0, 1, 2)) - written.zero
            means = [(n, values) for of, n, values in seen["means"] if of == side]
            exact = np.average([values for _, values in means], 0, [n for n, _ in means])
            shifts.append(exact - (written.offset + written.factor * written.step * mean))
        correction = np.mean(shifts, axis=0)
        ranges[position] = ranges[position]._replace(correction=correction)
        print(backbone_name, position, f"{np.abs(correction / written.factor).max():.3f}")
    return backbones[128], ranges


def main():
    for name in ("efficientnet_lite0", "efficientnet_lite2"):
        backbone, ranges = measure(name)
        tensors = {
            f"{position}.{field}": values.astype(np.float32)
            for position, of_one in ranges.items()
            for field, values in of_one._asdict().items()
        }
        path = Path(_int8.__file__).parent / "ranges" / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        save_file(tensors, path, {"digest": _int8.ranges_digest(backbone)})


if __name__ == "__main__":
    main()
