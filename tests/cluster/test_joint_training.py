import numpy as np
import pytest
import torch

from skdeepcluster import DeepImageClusterer
from skdeepcluster.backbones import load_backbone
from skdeepcluster.cluster import _joint_training

_TINY = "untrained:test_resnet"


def published(**changed):
    settings = {"backbone": _TINY, "image_size": 32, "n_neighbors": 5, "max_iter": 3}
    # Without an export of each trained network.
    settings["engine"] = "torch"
    return DeepImageClusterer.as_published(4, **{**settings, **changed}, random_state=0)


@pytest.fixture(scope="module")
def fitted(snapshots):
    return published().fit(snapshots[0])


def test_parameters_are_those_published():
    est = DeepImageClusterer.as_published(3, max_iter=7)
    assert (est.n_clusters, est.max_iter, est.init, est.agreement) == (3, 7, "random", "latents")
    assert (est.fine_tune, est.fine_tune_mode, est.cluster_prior) == (2, "jointly", "balanced")
    assert DeepImageClusterer.as_published().max_iter == 400


def test_last_stages_are_trained_with_the_head(fitted, snapshots, tmp_path):
    images = snapshots[0]
    before, after = load_backbone(_TINY, image_size=32), fitted.embedder_.load()
    trained = {name for stage in before.stages[-2:] for name in stage}
    own = dict(after.network.named_parameters())
    for name, weight in before.network.named_parameters():
        assert torch.equal(weight, own[name]) == (name not in trained), name
        assert not own[name].requires_grad
    np.testing.assert_array_equal(fitted.predict(images), fitted.labels_)
    fitted.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(images), fitted.labels_)
    again = published().fit(images)
    np.testing.assert_allclose(again.embedding_, fitted.embedding_, atol=1e-4)


def test_history_has_the_published_terms(fitted):
    terms = {"mmd", "augmentation", "neighbor", "nearest_centroid"}
    assert terms <= set(fitted.history_) and "balance" not in fitted.history_
    assert fitted.n_iter_ == 3 and fitted.loss_curve_ == []


@pytest.mark.parametrize("term", ["augmentation", "neighbor", "mmd"])
def test_each_term_alone_reaches_the_backbone(term, snapshots):
    names = ("mmd", "balance", "augmentation", "neighbor", "nearest_centroid")
    weights = {name: float(name == term) for name in names}
    est = published(loss_weights=weights, max_iter=6, learning_rate=1e-4).fit(snapshots[0])
    losses = est.history_[term]
    assert losses[-1] < losses[0]
    changed = est.embedder_.load().network.state_dict()
    name = load_backbone(_TINY).stages[-1][0]
    assert not torch.equal(changed[name], load_backbone(_TINY).network.state_dict()[name])


def test_neighbors_are_found_anew(snapshots, monkeypatch):
    searched = []
    search = _joint_training.nearest_neighbors

    def spy(features, n_neighbors):
        searched.append(features)
        return search(features, n_neighbors)

    monkeypatch.setattr(_joint_training, "nearest_neighbors", spy)
    monkeypatch.setattr(_joint_training, "_RENEWAL", 2)
    published(max_iter=5).fit(snapshots[0])
    assert len(searched) == 2
    assert not np.allclose(*searched)


def test_a_callback_predicts_with_the_backbone_as_it_is(snapshots):
    pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")

    class Watcher:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
            if context.task_name == "epoch":
                self.seen.append((fitted_estimator, fitted_estimator.transform(X)))

    watcher = Watcher()
    watcher.seen = []
    images = snapshots[0]
    est = published(max_iter=2).set_callbacks(watcher).fit(images)
    (first, before), (_, last) = watcher.seen
    np.testing.assert_allclose(last, est.embedding_, atol=1e-5)
    # What was handed over stays as it was.
    np.testing.assert_allclose(first.transform(images), before, atol=1e-5)
    assert not np.allclose(before, last, atol=1e-3)


def test_from_a_start_and_without_views(snapshots):
    scenes = np.unique(snapshots[1], return_inverse=True)[1]
    est = published(init=scenes, n_views=0, max_iter=2, learning_rate=1e-4).fit(snapshots[0])
    assert (est.labels_ == scenes).mean() > 0.8
    assert est.start_score_ > 0


def test_of_many_images_a_sample_is_trained_on(snapshots, monkeypatch):
    monkeypatch.setattr("skdeepcluster.cluster._training_data.TRAINING_SIZE", 25)
    monkeypatch.setattr("skdeepcluster.cluster._training_data._SAMPLES_PER_CLUSTER", 5)
    est = published(max_iter=2).fit(snapshots[0])
    assert est.labels_.shape == (40,)
    np.testing.assert_array_equal(est.predict(snapshots[0]), est.labels_)


def test_one_process_only(snapshots, monkeypatch):
    monkeypatch.setattr("skdeepcluster.cluster._validation.is_parallel", lambda: True)
    with pytest.raises(ValueError, match="in one process"):
        published().fit(snapshots[0])


def test_features_have_no_stages():
    with pytest.raises(ValueError, match="needs images"):
        DeepImageClusterer.as_published(5).fit(np.eye(9))
