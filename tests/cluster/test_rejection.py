"""New images, known or not, and clusters that are known from before."""

import copy
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics.pairwise import cosine_distances

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster._matching import matched_labels
from skdeepcluster.cluster._reference import evenly_drawn


@pytest.fixture(scope="module")
def digits():
    """Features of the digits 0 to 4, half of them for the fit, and of 5 and 6."""
    X, y = load_digits(n_class=7, return_X_y=True)
    order = np.random.RandomState(0).permutation(len(X))
    X, y = X[order], y[order]
    known = np.flatnonzero(y < 5)
    first, second = np.array_split(known, 2)
    return X, y, first, second, np.flatnonzero(y >= 5)


@pytest.fixture(scope="module")
def fitted_once(digits):
    X, _, first, _, _ = digits
    return DeepImageClusterer(5, random_state=0).fit(X[first])


@pytest.fixture
def fitted(fitted_once):
    return copy.deepcopy(fitted_once)


def test_score_is_the_distance_to_the_five_nearest(fitted, digits):
    X, _, first, second, _ = digits
    nearest = np.sort(cosine_distances(X[second], X[first]), axis=1)[:, :5]
    np.testing.assert_allclose(fitted.score_samples(X[second]), -nearest.mean(axis=1), atol=2e-3)


def test_images_of_other_classes_are_rejected(fitted, digits):
    X, _, _, second, late = digits
    labels = fitted.predict(X[second], reject=0.1)
    assert 0.03 < (labels == -1).mean() < 0.25
    assert (fitted.predict(X[late], reject=0.1) == -1).mean() > 0.8
    kept = labels >= 0
    np.testing.assert_array_equal(labels[kept], fitted.predict(X[second])[kept])


def test_the_share_is_that_of_the_fit(fitted):
    partition = fitted._partition
    share = (partition.landmark_distances > np.quantile(partition.landmark_distances, 0.9)).mean()
    assert share == pytest.approx(0.1, abs=0.01)
    far = np.zeros((3, fitted.n_features_in_), dtype=np.float32)
    far[:, 0] = 1
    assert partition.is_rejected(far, 0.001).all()


@pytest.mark.parametrize("reject", [-0.1, 1, 5])
def test_share_that_is_none(fitted, digits, reject):
    with pytest.raises(ValueError, match="reject is a share of images"):
        fitted.predict(digits[0][:5], reject=reject)


def test_clusterer_of_before_remembers_nothing(digits):
    old = DeepImageClusterer.load(Path(__file__).parent / "saved_by_0.1.0")
    X = np.zeros((3, old.n_features_in_), dtype=np.float32)
    for method in (old.score_samples, lambda X: old.predict(X, reject=0.1)):
        with pytest.raises(ValueError, match=r"saved by version 0\.1\.0.*fit again"):
            method(X + 1)


def test_saved_clusterer_rejects_alike(fitted, digits, tmp_path):
    X = digits[0]
    fitted.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.score_samples(X), fitted.score_samples(X))
    np.testing.assert_array_equal(loaded.predict(X, reject=0.1), fitted.predict(X, reject=0.1))


def test_large_clusters_are_drawn_equally():
    labels = np.repeat([0, 1, 2, -1, 3], [5, 300, 40, 20, 200])
    rows = evenly_drawn(labels, 145)
    np.testing.assert_array_equal(np.bincount(labels[rows]), [5, 50, 40, 50])
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(evenly_drawn(labels, 1000), np.flatnonzero(labels >= 0))
    # One of each, also if fewer are wanted.
    np.testing.assert_array_equal(np.bincount(labels[evenly_drawn(labels, 2)]), [1, 1, 1, 1])


def test_clusters_keep_the_labels_that_they_are_known_by(fitted, digits):
    X, _, first, second, _ = digits
    order = np.concatenate([first, second])
    again = DeepImageClusterer(6, random_state=1).fit(X[order])
    names = ["zero", "one", "cluster 2", "three", None]
    again.align_to(fitted.labels_, names)
    agreeing = again.labels_[: len(first)] == fitted.labels_
    assert agreeing.mean() > 0.75
    np.testing.assert_array_equal(again.predict(X[order]), again.labels_)
    assert again._partition.names[2] is None
    assert again.cluster_names_ == ["zero", "one", "cluster 2", "three", "cluster 4", "cluster 5"]


def test_matching_of_clusters():
    labels = np.array([0, 0, 1, 1, 2, 2, 2])
    new_labels, origins = matched_labels(labels, [1, 1, 0, 0, -1, -1], 3)
    np.testing.assert_array_equal(new_labels, [1, 0, 2])
    np.testing.assert_array_equal(origins, [1, 0, -1])
    # Fewer clusters than there were: the highest label is free.
    new_labels, origins = matched_labels(labels, [4, 4, 0, 0, 2, 2, 2], 3)
    np.testing.assert_array_equal(new_labels, [1, 0, 2])
    np.testing.assert_array_equal(origins, [4, 0, 2])


@pytest.mark.parametrize("labels", [[0.5, 1], [-2, 0], [[0, 1]]])
def test_labels_that_are_none(fitted, labels):
    with pytest.raises(ValueError, match="labels are integers"):
        fitted.align_to(labels)


def test_more_labels_than_images(fitted):
    with pytest.raises(ValueError, match="labels, and"):
        fitted.align_to(np.zeros(5000, dtype=int))
