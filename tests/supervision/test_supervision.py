import numpy as np
import pytest

from skdeepcluster.supervision import is_unknown, supervise


def labels(n_samples, **known):
    y = np.full(n_samples, -1)
    for name, label in known.items():
        y[int(name.removeprefix("at"))] = label
    return y


def conclude(y=None, must_link=None, cannot_link=None, n_clusters=3, firsts=None, n_samples=10):
    return supervise(y, must_link, cannot_link, n_samples, n_clusters, firsts)


def test_nothing_is_known():
    assert conclude() is None
    assert conclude(np.full(10, -1), [], np.empty((0, 2))) is None


@pytest.mark.parametrize(
    "y", [np.arange(10) % 3, np.arange(100), list("abcdefghij"), np.linspace(0, 1, 10)]
)
def test_classes_without_a_gap_are_not_for_the_fit(y):
    assert conclude(y) is None


def test_labels_and_links_are_closed():
    found = conclude(labels(10, at3=1, at7=1), [(3, 5), (5, 8), (0, 1)], [(8, 1), (1, 2)])
    assert found.labels.tolist() == [-1, -1, -1, 1, -1, 1, -1, 1, 1, -1]
    assert found.is_known.tolist() == [True] * 4 + [False, True, False, True, True, False]
    assert found.groups[0] == found.groups[1] != found.groups[2]


def test_the_best_clusters_respect_what_is_known():
    found = conclude(labels(10, at3=1), [(0, 1)], [(0, 3), (0, 2)])
    scores = np.zeros((10, 3))
    scores[:, 2] = 1
    # Alone it would be in the same cluster as 3 and, by its own score, as 2.
    scores[0], scores[1], scores[2], scores[4] = (0, 9, 0), (2, 0, 0), (5, 0, 4.5), (1, 0, 0)
    assert found.assigned(scores).tolist() == [0, 0, 2, 1, 0, 2, 2, 2, 2, 2]


def test_clusters_are_those_of_the_highest_sum():
    rng = np.random.RandomState(0)
    n_samples, n_clusters = 6, 3
    pairs = np.array([(0, 1), (1, 2), (2, 3), (3, 0), (1, 4)])
    found = conclude(None, [(4, 5)], pairs, n_clusters, n_samples=n_samples)
    for _ in range(20):
        scores = rng.uniform(size=(n_samples, n_clusters))
        every = np.stack(np.meshgrid(*[range(n_clusters)] * n_samples), -1).reshape(-1, n_samples)
        allowed = (every[:, pairs[:, 0]] != every[:, pairs[:, 1]]).all(axis=1)
        every = every[allowed & (every[:, 4] == every[:, 5])]
        best = every[scores[np.arange(n_samples), every].sum(axis=1).argmax()]
        assert found.assigned(scores).tolist() == best.tolist()


def test_thousands_of_pairs():
    rng = np.random.RandomState(0)
    y = rng.randint(10, size=2000)
    pairs = rng.randint(2000, size=(3000, 2))
    is_same = y[pairs[:, 0]] == y[pairs[:, 1]]
    together, apart = pairs[is_same], pairs[~is_same]
    found = conclude(None, together, apart, 10, n_samples=2000)
    got = found.assigned(np.eye(10)[y] + rng.uniform(size=(2000, 10)))
    assert (got[together[:, 0]] == got[together[:, 1]]).all()
    assert (got[apart[:, 0]] != got[apart[:, 1]]).all()


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            {"must_link": [(3, 5), (5, 7)], "cannot_link": [(3, 7)]},
            "images 3 and 7 may not be linked, but 3-5, 5-7 must be.",
        ),
        (
            {"y": labels(10, at5=2, at9=2), "must_link": [(3, 5), (9, 7)], "cannot_link": [(7, 3)]},
            "images 7 and 3 may not be linked, but 7-9 must be, and 9 and 5 have the label 2, and "
            "5-3 must be.",
        ),
        (
            {"y": labels(10, at5=2, at9=2), "cannot_link": [(5, 9)]},
            "images 5 and 9 may not be linked, but 5 and 9 have the label 2.",
        ),
        (
            {"y": labels(10, at3=0, at7=1), "must_link": [(3, 5), (5, 7)]},
            "images 3 and 7 have the labels 0 and 1, but 3-5, 5-7 must be.",
        ),
        (
            {"y": labels(10, at3=0, at6=1), "firsts": np.array([0, 1, 2, 3, 4, 5, 3, 7, 8, 9])},
            "images 3 and 6 have the labels 0 and 1, but 3 and 6 are copies of one image.",
        ),
        (
            {"cannot_link": [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (7, 8)], "n_clusters": 2},
            "images 0-1, 1-2, 2-3, 3-4, 4-0 may not be linked: that takes more than n_clusters=2",
        ),
        (
            {"y": labels(10, at0=0, at4=1), "cannot_link": [(0, 1), (1, 4)], "n_clusters": 2},
            "images 0-1, 1-4 may not be linked, 0 has the label 0, 4 has the label 1: that takes",
        ),
        ({"cannot_link": [(4, 4)]}, "cannot_link holds the pair .4, 4."),
        ({"y": labels(10, at3=3)}, "y holds the label 3; with n_clusters=3"),
        ({"y": labels(10, at3=-2)}, "y holds -2"),
        ({"y": np.full(9, -1)}, "needs the shape .10,."),
        ({"y": ["cat", *[-1] * 9]}, "Number the classes"),
        ({"y": [0.0, *[-1.0] * 9]}, "Number the classes"),
        ({"must_link": [(0, 10)]}, "must_link holds the pair .0, 10.; positions of the 10 images"),
        ({"cannot_link": [(0, -1)]}, "cannot_link holds the pair .0, -1."),
        ({"must_link": [0, 1]}, "must_link has the shape .2,."),
        ({"must_link": [(0.5, 1)]}, "must_link has the shape .1, 2. and the type float64"),
    ],
)
def test_contradictions_are_named(known, message):
    if isinstance(known.get("y"), list):
        known = {**known, "y": np.array(known["y"], dtype=object if "cat" in known["y"] else None)}
    with pytest.raises(ValueError, match=message):
        conclude(**known)


def test_the_least_number_of_clusters():
    triangle = [(0, 1), (1, 2), (2, 0)]
    assert conclude(None, None, triangle, None).least_number(2) == 3
    assert conclude(None, None, triangle, None).least_number(5) == 5
    assert conclude(labels(10, at9=6), None, triangle, None).least_number(2) == 7


def test_of_samples_that_are_left_out_the_conclusions_stay():
    found = conclude(labels(10, at5=2), [(3, 5)], [(1, 5), (1, 2)])
    few = found.taken(np.array([1, 3, 4]))
    assert few.labels.tolist() == [-1, 2, -1]
    # Of the first, only that it is not in the cluster of one that is left out.
    assert few.assigned(np.array([[0, 1, 2.0]] * 3)).tolist() == [1, 2, 2]


def test_what_is_unknown():
    assert is_unknown([0, -1, 2]).tolist() == [False, True, False]
    assert not is_unknown(["-1", "a"]).any()
    assert is_unknown(np.array(["a", -1], dtype=object)).tolist() == [False, True]
