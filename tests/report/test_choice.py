from itertools import chain

import numpy as np

from skdeepcluster.report._assessment import Assessment
from skdeepcluster.report._choice import choose_rows, fair_order


def assessment(labels, margins=None):
    """Two clusters; the first images of each are the most typical, the last the oddest."""
    labels = np.asarray(labels)
    rank = np.arange(len(labels), dtype=float)
    ahead = 0.9 - rank / 1000 if margins is None else np.asarray(margins)
    own, other = (1 + ahead) / 2, (1 - ahead) / 2
    probabilities = np.where(labels[:, None] == [0, 1], own[:, None], other[:, None])
    return assessed(labels, probabilities, rank, -rank)


def assessed(labels, probabilities, outlier_scores, similarities):
    n_samples = len(labels)
    known = np.ones(n_samples)
    return Assessment(
        *(labels, probabilities, np.eye(n_samples), outlier_scores, similarities, known, known),
        is_of_fit=True,
    )


def test_rows_hold_what_they_say():
    margins = np.full(60, 0.8)
    margins[[20, 10, 15, 30, 25, 12]] = np.arange(1, 7) / 100
    rows = choose_rows(assessment([0] * 60, margins), 0)
    assert rows["typical"] == list(range(8))
    assert rows["boundary"] == [20, 10, 15, 30, 25, 12]
    assert rows["outliers"] == [59, 58, 57, 56, 55, 54]
    shown = list(chain(*rows.values()))
    assert len(shown) == len(set(shown)) == 20


def test_boundary_is_the_least_lead_and_not_the_least_probability():
    probabilities = np.array([[0.5, 0.49, 0.01], [0.4, 0.3, 0.3], [0.9, 0.05, 0.05]])
    found = assessed(np.zeros(3, int), probabilities, np.zeros(3), np.array([0, 0, 1.0]))
    # The most typical one goes first; what is left nearest to another cluster comes next.
    rows = choose_rows(found, 0)
    assert (rows["typical"], rows["boundary"], rows["outliers"]) == ([2], [0], [1])


def test_small_clusters_fill_the_rows_in_turn():
    found = assessment([0, 0, 0, 0, 1])
    assert [len(row) for row in choose_rows(found, 0).values()] == [2, 1, 1]
    assert choose_rows(found, 1) == {"typical": [4], "boundary": [], "outliers": []}


def test_one_cluster_alone():
    found = assessed(np.zeros(3, int), np.ones((3, 1)), np.arange(3.0), np.zeros(3))
    assert sorted(chain(*choose_rows(found, 0).values())) == [0, 1, 2]


def test_every_beginning_of_the_order_is_fair():
    labels = np.array([0] * 200 + [1] * 30 + [-1] * 5)
    found = assessment(labels)
    rows = {label: choose_rows(found, label) for label in (0, 1)}
    order = fair_order(rows, labels, np.random.RandomState(0))
    assert sorted(order) == list(range(230))
    for end in (2, 10, 40, 60):
        assert (labels[order[:end]] == 1).sum() == end // 2
    assert set(order[:40]) == {index for row in rows.values() for index in chain(*row.values())}
    # The first three of a cluster are of different rows.
    assert order[[0, 2, 4]].tolist() == [rows[0][name][0] for name in rows[0]]
    again = fair_order(rows, labels, np.random.RandomState(0))
    np.testing.assert_array_equal(order, again)


def test_copies_come_last_in_every_row():
    found = assessment([0] * 60)
    found.latents[:20] = found.latents[0]
    found.latents[45:] = found.latents[45]
    rows = choose_rows(found, 0)
    # The most typical images are copies of the first, the oddest of the 46th.
    assert rows["typical"] == [0, 20, 21, 22, 23, 24, 25, 26]
    assert sorted(rows["boundary"] + rows["outliers"]) == list(range(34, 46))
