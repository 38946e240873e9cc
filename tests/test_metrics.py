import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import make_scorer

from skdeepcluster.metrics import clustering_accuracy

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


def test_works_as_a_scorer():
    from sklearn.cluster import KMeans

    X = np.array([[0.0], [0.1], [5.0], [5.1]])
    scorer = make_scorer(clustering_accuracy)
    assert scorer(KMeans(2, n_init=1, random_state=0).fit(X), X, [1, 1, 0, 0]) == 1
