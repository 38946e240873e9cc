"""The number of attention heads of a vision transformer, which is not in its tensors."""

import math
from dataclasses import dataclass

import torch

# Width -> heads in timm, DINO, DINOv2, MAE, MSN, I-JEPA and the like.
_HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1152: 16, 1280: 16, 1408: 16, 1536: 24}
_HEADS_OF_DINOV3 = {**_HEADS, 1152: 18, 1280: 20, 4096: 32}
# The small network of MoCo v3 has twelve, as have the tiny and small ones of some others.
_TWELVE = (192, 384)


@dataclass(frozen=True)
class Heads:
    """What a file tells of the number of heads.

    Parameters
    ----------
    choices : tuple of int
        Numbers that networks of this shape have; one if the file tells, none if the shape is not
        known.
    certain : bool
        Whether it follows from the file, not only from what is usual for the width.
    reason : str
        How it is known.
    """

    choices: tuple[int, ...]
    certain: bool = False
    reason: str = ""


def heads_of_dinov3(width) -> Heads:
    """Heads of DINOv3, whose larger networks have more than others."""
    return Heads((_HEADS_OF_DINOV3[width],) if width in _HEADS_OF_DINOV3 else ())


def count_heads(network, prefix) -> Heads:
    """Find the number of heads from the width, the position embedding and the prefix.

    Parameters
    ----------
    network : dict of str to Tensor
        With timm's names.
    prefix : str
        Prefix of the names in the checkpoint.
    """
    width, positions = network["pos_embed"].shape[-1], network["pos_embed"]
    usual = _HEADS.get(width)
    if usual is None:
        return Heads(())
    if width not in _TWELVE:
        if "cls_token" in network:
            return Heads((usual,))
        if _is_fixed(positions):
            return Heads((usual,), True, "it has fixed positions and no class token, as I-JEPA")
        # The network of timm that has no class token either has 16.
        return Heads((usual, 16) if width == 768 else (usual,))
    if _equals(positions, _sine_cosine(positions, rows_first=True)):
        return Heads((12,), True, "its positions are those of MoCo v3")
    if "base_encoder." in prefix and width == 384:
        return Heads((12,), True, "its names are those of MoCo v3")
    if "cls_token" not in network or prefix.endswith("backbone.vit.") or not _is_fixed(positions):
        # I-JEPA; lightly, which wraps networks of timm; and networks that learn positions.
        return Heads((usual,))
    return Heads((usual, 12))


def _is_fixed(positions):
    """Whether positions are sines and cosines; such as are resampled have zeros for the class."""
    return not positions[:, 0].any() or _equals(positions, _sine_cosine(positions))


def _equals(positions, expected):
    # They may be stored in half precision.
    n_patches = len(expected)
    return bool(n_patches) and torch.allclose(
        positions[0, -n_patches:].float(), expected, atol=0.01
    )


def _sine_cosine(positions, rows_first=False):
    """Sines and cosines of columns and rows, in the order of MAE or, rows first, of MoCo v3."""
    side, width = math.isqrt(positions.shape[1]), positions.shape[2]
    frequencies = 10_000.0 ** -(torch.arange(width // 4) / (width // 4))
    places = torch.arange(side, dtype=torch.float32)
    rows, columns = places.repeat_interleave(side), places.repeat(side)
    angles = [
        place[:, None] * frequencies
        for place in ((rows, columns) if rows_first else (columns, rows))
    ]
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)
