import itertools

import numpy as np

from skdeepcluster.scenegraph.vision._subwindows import best_subwindows


def best_sum(evidence):
    """The best rectangle of one class, found the long way."""
    _, height, width = evidence.shape
    rows, columns = (list(itertools.combinations(range(n + 1), 2)) for n in (height, width))
    return max(
        evidence[:, top:bottom, left:right].sum(axis=(1, 2)).max()
        for (top, bottom), (left, right) in itertools.product(rows, columns)
    )


def test_each_window_is_the_best_of_what_is_left():
    rng = np.random.default_rng(0)
    for shape in [(1, 1, 1), (2, 3, 5), (4, 5, 4), (3, 6, 6)]:
        evidence = rng.normal(size=shape)
        windows = best_subwindows(evidence, 20)
        left = evidence.copy()
        for x0, y0, x1, y1 in windows:
            inside = evidence[:, y0:y1, x0:x1].sum(axis=(1, 2)).max()
            assert np.isclose(inside, best_sum(left))
            assert inside > 0
            left[:, y0:y1, x0:x1] = -1e6
        assert best_sum(left) <= 0


def test_two_classes_side_by_side_are_two_windows():
    evidence = np.full((2, 4, 6), -1.0)
    evidence[0, 1:3, 0:3] = 2
    evidence[1, 0:3, 3:6] = 1
    assert best_subwindows(evidence, 5).tolist() == [[0, 1, 3, 3], [3, 0, 6, 3]]


def test_at_most_so_many_and_none_without_evidence():
    assert len(best_subwindows(np.eye(6)[None] - 0.5, 2)) == 2
    assert best_subwindows(np.zeros((3, 4, 4)), 5).shape == (0, 4)
