import pickle

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster._fine_tune import trusted


def clusterer(**changed):
    settings = {"image_size": 32, "fine_tune": 2, "fine_tune_iter": 2, "max_iter": 2}
    return DeepImageClusterer(4, **{**settings, **changed}, random_state=0)


@pytest.fixture(scope="module")
def tuned(snapshots):
    return clusterer().fit(snapshots[0])


def test_fine_tuned_estimator_predicts_and_survives_pickle_and_save(tuned, snapshots, tmp_path):
    images = snapshots[0]
    assert len(tuned.loss_curve_) == 2
    np.testing.assert_array_equal(tuned.predict(images), tuned.labels_)
    tuned.save(tmp_path / "model")
    for loaded in (
        pickle.loads(pickle.dumps(tuned)),
        DeepImageClusterer.load(tmp_path / "model"),
    ):
        np.testing.assert_allclose(loaded.transform(images), tuned.embedding_, atol=1e-3)
        np.testing.assert_array_equal(loaded.predict(images), tuned.labels_)
        assert loaded.loss_curve_ == tuned.loss_curve_


def test_fine_tuning_keeps_scenes_apart_and_is_repeatable(tuned, snapshots):
    assert adjusted_rand_score(snapshots[1], tuned.labels_) > 0.8
    np.testing.assert_array_equal(clusterer().fit_predict(snapshots[0]), tuned.labels_)


@pytest.mark.parametrize("init", ["kmeans", "random", "array"])
def test_every_start_can_be_fine_tuned_from(init, snapshots):
    images, scenes = snapshots
    if init == "array":
        init = np.unique(scenes, return_inverse=True)[1]
    est = clusterer(init=init, fine_tune=1).fit(images)
    assert est.labels_.max() < 4


def test_number_of_clusters_is_found_on_tuned_features(snapshots):
    est = clusterer(fine_tune=1).set_params(n_clusters="auto", max_clusters=6).fit(snapshots[0])
    assert 2 <= est.n_clusters_ <= 6


def test_errors_come_before_the_training(snapshots, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("training has begun")

    monkeypatch.setattr("skdeepcluster.cluster._clusterer.fine_tune", never)
    for wrong in (
        {"n_clusters": 100},
        {"init": np.zeros(3, dtype=int)},
        {"cluster_prior": [0.5, 0.5]},
    ):
        with pytest.raises(ValueError):
            clusterer().set_params(**wrong).fit(snapshots[0])


def test_too_many_stages(snapshots):
    with pytest.raises(ValueError, match=r"99 stages .* has"):
        clusterer(fine_tune=99).fit(snapshots[0])


def test_the_most_confident_of_each_cluster_are_trusted():
    labels = np.repeat([0, 1], [10, 5])
    sure = np.linspace(1, 0, 15)
    expected = np.r_[np.zeros(6), np.full(4, -1), np.ones(3), np.full(2, -1)]
    np.testing.assert_array_equal(trusted(labels, sure), expected)
