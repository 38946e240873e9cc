"""Boxes in the orders and units that files have them in."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# The order of left, top, right and bottom in each format that has the four sides.
_SIDES = {
    "xyxy": [0, 1, 2, 3],
    "yxyx": [1, 0, 3, 2],
    "xxyy": [0, 2, 1, 3],
    "yyxx": [2, 0, 3, 1],
}
BOX_FORMATS = (*_SIDES, "xywh", "cxcywh")
# Detectors overshoot the image a little; pixels are far beyond.
_MOST_SHARE = 2


def check_box_format(box_format: Any, image_size: Any) -> None:
    """Refuse what names no format, or is no width and height."""
    if box_format is not None and box_format not in BOX_FORMATS:
        raise ValueError(
            f"box_format is one of {', '.join(map(repr, BOX_FORMATS))}, not {box_format!r}."
        )
    if image_size is not None:
        size = np.asarray(image_size)
        is_size = size.shape == (2,) and size.dtype.kind in "iuf"
        if not is_size or not (np.isfinite(size) & (size > 0)).all():
            raise ValueError(f"image_size is (width, height) in pixels, not {image_size!r}.")


def to_corners(
    box: np.ndarray, box_format: str | None, image_size: Sequence[float] | None
) -> np.ndarray:
    """Convert a box to left, top, right and bottom in pixels.

    Parameters
    ----------
    box : ndarray of shape (4,), float64
        Finite numbers.
    box_format : {"xyxy", "yxyx", "xxyy", "yyxx", "xywh", "cxcywh"} or None
        None is "xyxy".
    image_size : (width, height) or None
        In pixels, if the box is in shares of them.

    Returns
    -------
    corners : ndarray of shape (4,), float64

    Raises
    ------
    ValueError
        If the right side is before the left one, or the lower before the upper one, or if pixels
        are passed as shares. The message goes on with "It ...".
    """
    if image_size is not None and (abs(box) > _MOST_SHARE).any():
        raise ValueError(
            "is in pixels already, and image_size is for shares of the image, from 0 to 1."
        )
    if box_format in ("xywh", "cxcywh"):
        start, size = box[:2], box[2:]
        if (size < 0).any():
            raise ValueError("has a negative width or height.")
        if box_format == "cxcywh":
            start = start - size / 2
        corners = np.concatenate([start, start + size])
    else:
        corners = box[_SIDES[box_format or "xyxy"]]
        if (corners[2:] < corners[:2]).any():
            raise ValueError(
                "has its right or lower side before the left or upper one. It is read as "
                f"{box_format or 'xyxy'!r}, not width and height: name another order by "
                "box_format=."
            )
    return corners if image_size is None else corners * np.tile(image_size, 2)


def look_like_shares(boxes: Sequence[Sequence[float]]) -> bool:
    """Tell whether boxes are within one pixel, and not all of it: they are shares, then."""
    corners = np.array(boxes, dtype=np.float64)
    within = bool(corners.size and corners.min() >= 0 and corners.max() <= 1)
    return within and bool((corners % 1).any())
