import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from skdeepcluster.starts import _landmarks
from skdeepcluster.starts._landmarks import draw_landmarks, vote_of_landmarks


def test_few_samples_need_no_landmarks(monkeypatch):
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 100)
    assert draw_landmarks(100, np.random.RandomState(0)) is None
    landmarks = draw_landmarks(101, np.random.RandomState(0))
    assert len(set(landmarks)) == 100
    assert (np.diff(landmarks) > 0).all()
    assert len(draw_landmarks(101, np.random.RandomState(0), n_wanted=50)) == 100


def test_more_landmarks_may_be_wanted(monkeypatch):
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 100)
    assert len(set(draw_landmarks(1000, np.random.RandomState(0), n_wanted=300))) == 300
    everything = draw_landmarks(250, np.random.RandomState(0), n_wanted=300)
    np.testing.assert_array_equal(everything, np.arange(250))


def test_the_nearest_landmarks_vote():
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    landmarks = np.arange(0, len(X), 3)
    partitions = np.stack([y, y // 5])[:, landmarks]
    voted = vote_of_landmarks(X, landmarks, partitions)
    assert voted.shape == (2, len(X))
    exact = KNeighborsClassifier(5, metric="cosine").fit(X[landmarks], partitions.T)
    assert (voted == exact.predict(X).T).mean() > 0.99


def test_the_first_wins_a_tie():
    votes = np.array([[3, 1, 1, 2, 2], [4, 0, 0, 0, 4], [5, 6, 7, 8, 9]])
    np.testing.assert_array_equal(_landmarks._most_common(votes), [1, 0, 5])
