import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import KFold, cross_val_predict

from skdeepcluster.starts import _probe
from skdeepcluster.starts._probe import linear_information


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600], y[:600]


def test_it_is_the_information_of_a_ridge_classifier(digits, monkeypatch):
    X, y = digits
    partitions = [y, y // 2, (y + X.sum(axis=1).astype(int)) % 10]
    rows = (X / X.std()).astype(np.float32)
    folds = KFold(5, shuffle=True, random_state=0)
    expected = [
        mutual_info_score(labels, cross_val_predict(RidgeClassifier(6), rows, labels, cv=folds))
        for labels in partitions
    ]
    information = linear_information(X, partitions, 10)
    np.testing.assert_allclose(information, np.array(expected) / np.log(10), atol=2e-3)
    monkeypatch.setattr(_probe, "_N_TARGETS", 10)
    np.testing.assert_allclose(linear_information(X, partitions, 10), information, atol=1e-6)
    np.testing.assert_allclose(linear_information(X * 1000, partitions, 10), information, atol=1e-3)


def test_classes_are_foretold_better_than_what_cuts_through_them(digits):
    X, y = digits
    # Two digits are thrown together, and one is cut in halves at random.
    wrong = np.where(y == 9, 4, np.where((y == 0) & (np.arange(len(y)) % 2 == 0), 9, y))
    right, worse = linear_information(X, [y, wrong], 10)
    assert worse < right - 0.05
    assert 0.7 < right < 1


def test_chance_and_constant_rows_say_nothing():
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=2000)
    assert linear_information(rng.normal(size=(2000, 5)), [labels], 4)[0] < 0.01
    assert linear_information(np.ones((2000, 5)), [labels], 4)[0] < 0.01
