import numpy as np
import pytest

from skdeepcluster.scenegraph.graph import box_predicates, related_pairs, union_boxes


@pytest.mark.parametrize(
    ("subject", "target", "predicate"),
    [
        ([0, 0, 10, 10], [1, 0, 11, 10], "overlapping"),
        ([2, 2, 4, 4], [0, 0, 10, 10], "in"),
        ([8, 2, 10.4, 4], [0, 0, 10, 10], "in"),
        ([40, 10, 60, 60], [20, 40, 90, 100], "on"),
        ([3, 0, 7, 10], [0, 10.5, 20, 20], "on"),
        ([40, 90, 60, 120], [20, 40, 90, 100], "under"),
        ([0, 0, 10, 20], [8, 0, 18, 20], "beside"),
        ([19, 3, 29, 20], [8, 0, 18, 20], "beside"),
        ([0, 0, 10, 10], [2, 30, 20, 50], "above"),
        ([2, 80, 20, 90], [0, 0, 30, 30], "below"),
        ([0, 0, 10, 10], [50, 5, 90, 30], "left of"),
        ([80, 0, 90, 10], [0, 5, 40, 30], "right of"),
    ],
)
def test_predicates_of_boxes(subject, target, predicate):
    boxes = np.array([subject, target], float)
    assert box_predicates(boxes, np.array([[0, 1]])) == [predicate]
    # Not of their scale, nor of where they are.
    assert box_predicates(boxes * 7 + 30, np.array([[0, 1]])) == [predicate]


def test_predicates_of_boxes_turned_round():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 100, (60, 2))
    boxes = np.concatenate([starts, starts + rng.uniform(1, 40, (60, 2))], axis=1)
    pairs = np.stack(np.triu_indices(60, 1), axis=1)
    opposite = {"on": "under", "above": "below", "left of": "right of"}
    opposite |= {there: here for here, there in opposite.items()}
    forth, back = box_predicates(boxes, pairs), box_predicates(boxes, pairs[:, ::-1])
    assert {"beside", *opposite} <= set(forth)
    for here, there in zip(forth, back, strict=True):
        if "in" not in (here, there):
            assert there == opposite.get(here, here)


def test_most_related_pairs_against_plain_loops():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 50, (12, 2))
    boxes = np.concatenate([starts, starts + rng.uniform(1, 40, (12, 2))], axis=1)
    scores = rng.uniform(0.3, 1, 12)

    def area(box):
        return max(box[2] - box[0], 0) * max(box[3] - box[1], 0) * (box[2] > box[0])

    expected = {}
    for i in range(12):
        for j in range(i):
            a, b = boxes[i], boxes[j]
            common = area([*np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])])
            around = area([*np.minimum(a[:2], b[:2]), *np.maximum(a[2:], b[2:])])
            total = area(a) + area(b) - common
            order = (i, j) if area(a) < area(b) else (j, i)
            expected[order] = scores[i] * scores[j] * (common / total + total / around)
    ranked = sorted(expected, key=expected.get, reverse=True)
    assert [tuple(pair) for pair in related_pairs(boxes, scores, 1000)] == ranked
    assert [tuple(pair) for pair in related_pairs(boxes, scores, 5)] == ranked[:5]
    assert related_pairs(boxes, scores, 0).shape == (0, 2)
    for n in (0, 1):
        assert related_pairs(boxes[:n], scores[:n], 5).shape == (0, 2)
    np.testing.assert_array_equal(union_boxes(boxes, np.array([[3, 3]])), boxes[[3]])
