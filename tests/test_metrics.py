import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import make_scorer

from skdeepcluster.metrics import (
    clustering_accuracy,
    expected_calibration_error,
    median_rank,
    recall_at_k,
    retrieval_ranks,
)

labels = st.lists(st.integers(0, 3), min_size=12, max_size=12)


@given(y_true=labels, y_pred=labels)
def test_equals_the_best_of_all_renamings(y_true, y_pred):
    y_true, y_pred = np.array(y_true), np.array(y_pred)
    best = max(
        np.mean(np.array(names)[y_pred] == y_true) for names in itertools.permutations(range(4))
    )
    assert clustering_accuracy(y_true, y_pred) == pytest.approx(best)


def test_strings_extra_clusters_and_length():
    assert clustering_accuracy(["a", "a", "b", "b"], [5, 5, 1, 2]) == 0.75
    with pytest.raises(ValueError, match="inconsistent"):
        clustering_accuracy([0, 1], [0])


def test_what_is_in_no_cluster_is_never_right():
    assert clustering_accuracy(["a", "a", "b", "b"], [-1, -1, 0, 0]) == 0.5
    assert clustering_accuracy([-1, 0], [-1, -1]) == 0
    # The class that noise is most of is left to a cluster.
    assert clustering_accuracy(["a", "a", "a", "b"], [-1, -1, 0, 1]) == 0.5


def test_works_as_a_scorer():
    from sklearn.cluster import KMeans

    X = np.array([[0.0], [0.1], [5.0], [5.1]])
    scorer = make_scorer(clustering_accuracy)
    assert scorer(KMeans(2, n_init=1, random_state=0).fit(X), X, [1, 1, 0, 0]) == 1


def test_ranks_by_hand():
    relevant = [
        [True, False, False, False],
        [False, True, True, False],
        [False, False, False, True],
    ]
    scores = [[0.9, 0.1, 0.2, 0.3], [0.5, 0.1, 0.4, 0.9], [0.7, 0.8, 0.9, 0.1]]
    np.testing.assert_array_equal(retrieval_ranks(relevant, scores), [1, 3, 4])
    assert recall_at_k(relevant, scores, k=1) == pytest.approx(1 / 3)
    assert recall_at_k(relevant, scores, k=3) == pytest.approx(2 / 3)
    assert median_rank(relevant, scores) == 3


def test_ties_count_against():
    """A row of zeros is no hit."""
    relevant = np.eye(4, dtype=bool)
    np.testing.assert_array_equal(retrieval_ranks(relevant, np.zeros((4, 4))), [4, 4, 4, 4])
    assert recall_at_k(relevant, np.zeros((4, 4)), k=1) == 0


def test_every_query_has_a_relevant_item():
    with pytest.raises(ValueError, match="Query 1 has no relevant item"):
        retrieval_ranks([[True, False], [False, False]], [[1, 0], [1, 0]])
    with pytest.raises(ValueError, match="shape"):
        retrieval_ranks([[True, False]], [[1, 0, 0]])


def test_calibration_error_by_hand():
    y_true = ["a", "a", "a", "b", "b"]
    labels = [7, 7, 3, 3, 3]
    confidence = [0.9, 0.9, 0.6, 0.6, 0.9]
    # Half of two are right at 0.6, all of three at 0.9.
    error = expected_calibration_error(y_true, labels, confidence)
    assert error == pytest.approx(0.4 * 0.1 + 0.6 * 0.1)
    # One bin: four of five are right at 0.78 on average.
    assert expected_calibration_error(y_true, labels, confidence, n_bins=1) == pytest.approx(0.02)
    # Of a table of probabilities the highest counts.
    table = np.column_stack([confidence, 1 - np.array(confidence)])
    assert expected_calibration_error(y_true, labels, table) == pytest.approx(error)


def test_calibration_error_at_its_ends():
    assert expected_calibration_error([0, 1], [1, 0], [1.0, 1.0]) == 0
    # A cluster too many is wrong.
    assert expected_calibration_error([0, 0], [1, 0], [1.0, 1.0]) == 0.5
    perfect = expected_calibration_error([0, 0, 0, 1], [0, 0, 0, 0], [0.75] * 4)
    assert perfect == pytest.approx(0)


def test_calibration_error_without_what_is_in_no_cluster():
    error = expected_calibration_error([0, 0, 1], [-1, 0, 1], [np.nan, 0.9, 0.8])
    assert error == pytest.approx(0.15)
    with pytest.raises(ValueError, match="No sample is in a cluster"):
        expected_calibration_error([0], [-1], [0.5])


def test_calibration_error_refuses_what_is_no_probability():
    for wrong in (1.5, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"in \[0, 1\]"):
            expected_calibration_error([0, 1], [0, 1], [0.5, wrong])
    with pytest.raises(ValueError, match="inconsistent"):
        expected_calibration_error([0, 1], [0, 1], [0.5])
    with pytest.raises(ValueError, match="n_bins"):
        expected_calibration_error([0, 1], [0, 1], [0.5, 0.5], n_bins=0)


def test_a_column_of_classes_is_a_list_of_classes():
    column = np.array([["cat"], ["cat"], ["dog"]])
    assert clustering_accuracy(column, [0, 0, 1]) == 1
    assert clustering_accuracy(column, np.array([[0], [1], [1]])) == pytest.approx(2 / 3)
