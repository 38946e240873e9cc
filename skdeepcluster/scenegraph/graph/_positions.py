"""Which pairs of boxes are related, and their spatial relations.

Boxes are arrays (n, 4) of left, top, right and bottom in pixels; pairs are arrays (m, 2) of
indices of subject and object.
"""

import numpy as np

# Share of the subject's area from which it is "in" the object, and the overlap (IoU) from which
# two boxes are "overlapping".
_INSIDE = 0.8
_SAME_PLACE = 0.5
# Detectors' boxes are loose: a gap of a tenth of the mean side still counts as touching.
_TOUCHING = 1.1


def related_pairs(boxes: np.ndarray, scores: np.ndarray, max_relations: int) -> np.ndarray:
    """Return the most related pairs of boxes.

    The relatedness of two boxes is the product of their scores, times the sum of their overlap
    (IoU) and of the share of their union box that they fill. Up to a constant the sum is the
    generalised IoU [1]_, which also ranks boxes that do not overlap.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)
    scores : ndarray of shape (n,)
    max_relations : int

    Returns
    -------
    pairs : ndarray of shape (min(max_relations, n * (n - 1) / 2), 2), int64
        The most related first, each pair once. The smaller box is the subject: people say that
        the cup is on the table rather than that the table is under the cup.

    References
    ----------
    .. [1] H. Rezatofighi et al., "Generalized Intersection over Union", CVPR 2019.
    """
    pairs = np.stack(np.triu_indices(len(boxes), 1), axis=1)
    areas = _areas(boxes)
    common, total = _overlap(boxes, pairs)
    filled = total / _areas(union_boxes(boxes, pairs))
    related = scores[pairs].prod(axis=1) * (common / total + filled)
    pairs = pairs[np.argsort(-related, kind="stable")[:max_relations]]
    smaller_first = np.argsort(areas[pairs], axis=1, kind="stable")
    return np.take_along_axis(pairs, smaller_first, axis=1)


def box_predicates(boxes: np.ndarray, pairs: np.ndarray) -> list[str]:
    """Return the spatial relation of the subject to the object of each pair.

    The first that holds of:

    - "overlapping": their IoU is at least 0.5;
    - "in": at least 0.8 of the subject's area is in the object;
    - "on", "under", "beside": they touch, or nearly so; by the direction of their centres,
      where a difference counts in shares of the mean width or height of both;
    - "above", "below", "left of", "right of": they are apart.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)
    pairs : ndarray of shape (m, 2), int64

    Returns
    -------
    predicates : list of m str
    """
    subjects, objects = boxes[pairs[:, 0]], boxes[pairs[:, 1]]
    common, total = _overlap(boxes, pairs)
    # Two boxes share a point if neither of these is beyond 1.
    sizes = _sizes(subjects) + _sizes(objects)
    across, down = ((subjects[:, :2] + subjects[:, 2:] - objects[:, :2] - objects[:, 2:]) / sizes).T
    upright = abs(down) > abs(across)
    touching = np.maximum(abs(across), abs(down)) <= _TOUCHING
    rules = [
        ("overlapping", common / total >= _SAME_PLACE),
        ("in", common / _areas(subjects) >= _INSIDE),
        ("on", touching & upright & (down < 0)),
        ("under", touching & upright),
        ("beside", touching),
        ("above", upright & (down < 0)),
        ("below", upright),
        ("left of", across < 0),
    ]
    words, conditions = zip(*rules, strict=True)
    return np.select(conditions, words, default="right of").tolist()


def union_boxes(boxes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the union box, the box around both boxes, of each pair, (m, 4)."""
    first, second = boxes[pairs[:, 0]], boxes[pairs[:, 1]]
    starts = np.minimum(first[:, :2], second[:, :2])
    return np.concatenate([starts, np.maximum(first[:, 2:], second[:, 2:])], axis=1)


def _overlap(boxes, pairs):
    """Return the areas of intersection and of union of each pair of boxes."""
    first, second = boxes[pairs[:, 0]], boxes[pairs[:, 1]]
    starts = np.maximum(first[:, :2], second[:, :2])
    common = np.maximum(np.minimum(first[:, 2:], second[:, 2:]) - starts, 0).prod(axis=1)
    return common, _areas(first) + _areas(second) - common


def _sizes(boxes):
    return boxes[:, 2:] - boxes[:, :2]


def _areas(boxes):
    return _sizes(boxes).prod(axis=1)
