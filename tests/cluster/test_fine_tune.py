import itertools
import pickle

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from skdeepcluster import DeepImageClusterer, ImageEmbedder
from skdeepcluster.adaptation import StageTrainer
from skdeepcluster.backbones import load_backbone
from skdeepcluster.cluster._fine_tune import Assignment, fine_tune, trusted_labels
from skdeepcluster.images import as_image_source
from skdeepcluster.neighbors import nearest_neighbors, purest_neighbors
from skdeepcluster.starts import estimate_n_clusters

_TINY = "untrained:test_resnet"


def clusterer(**changed):
    settings = {"image_size": 32, "fine_tune": 2, "fine_tune_iter": 2, "max_iter": 2}
    return DeepImageClusterer(4, **{**settings, **changed}, random_state=0)


@pytest.fixture(scope="module")
def tuned(snapshots):
    return clusterer().fit(snapshots[0])


@pytest.fixture
def targets_of_epochs(monkeypatch):
    """Targets of each epoch of training, in turn."""
    recorded = []
    train = StageTrainer.train_epoch

    def spy(trainer, targets=None):
        recorded.append(targets)
        return train(trainer, targets)

    monkeypatch.setattr(StageTrainer, "train_epoch", spy)
    return recorded


def test_fine_tuned_estimator_predicts_and_survives_pickle_and_save(tuned, snapshots, tmp_path):
    images = snapshots[0]
    np.testing.assert_array_equal(tuned.predict(images), tuned.labels_)
    np.testing.assert_allclose(tuned.transform(images), tuned.embedding_, atol=1e-5)
    tuned.save(tmp_path / "model")
    for loaded in (
        pickle.loads(pickle.dumps(tuned)),
        DeepImageClusterer.load(tmp_path / "model"),
    ):
        np.testing.assert_allclose(loaded.transform(images), tuned.embedding_, atol=1e-3)
        np.testing.assert_array_equal(loaded.predict(images), tuned.labels_)
        assert loaded.loss_curve_ == tuned.loss_curve_


def test_scenes_are_found(tuned, snapshots):
    assert adjusted_rand_score(snapshots[1], tuned.labels_) > 0.8
    assert len(tuned.loss_curve_) == 2
    assert tuned.loss_curve_[1] < tuned.loss_curve_[0]


def test_fit_is_repeatable(tuned, snapshots):
    again = clusterer().fit(snapshots[0])
    np.testing.assert_array_equal(again.labels_, tuned.labels_)
    assert again.loss_curve_ == tuned.loss_curve_


def changed_parameters(before, after):
    weights = dict(after.network.named_parameters())
    return {
        name
        for name, weight in before.network.named_parameters()
        if not torch.equal(weight, weights[name])
    }


def test_the_last_stages_change_and_no_others(tuned):
    before, after = load_backbone("efficientnet_lite0", image_size=32), tuned.embedder_.load()
    changed = changed_parameters(before, after)
    last = before.stages[-2:]
    assert changed <= {name for stage in last for name in stage}
    assert all(changed & set(stage) for stage in last)
    statistics = dict(after.network.named_buffers())
    for name, buffer in before.network.named_buffers():
        assert torch.equal(buffer, statistics[name])


def relative_distances(features, others):
    return np.linalg.norm(features - others, axis=1) / np.linalg.norm(others, axis=1)


def test_clusters_are_renewed_before_every_epoch(snapshots, targets_of_epochs):
    """From the features as trained so far; the most confident 6 of 10 images are trained on."""
    images, scenes = snapshots
    scenes = np.unique(scenes, return_inverse=True)[1]
    confidences = np.random.default_rng(0).uniform(size=len(images))
    backbone = load_backbone(_TINY, image_size=32)
    calls = []

    def assign(features, indices):
        calls.append((features, indices))
        # The clusters change places each time.
        return Assignment(nearest_neighbors(features, 4), (scenes + len(calls)) % 4, confidences)

    tuned = fine_tune_tiny(backbone, images, assign, max_epochs=3)
    assert len(tuned.loss_curve) == len(targets_of_epochs) == len(calls) == 3
    for _, indices in calls:
        np.testing.assert_array_equal(indices, np.arange(len(images)))
    embedded = [features for features, _ in calls]
    frozen = ImageEmbedder(backbone).fit_transform(images)
    # Half precision of what is kept on disk is all the difference.
    assert relative_distances(embedded[0], frozen).max() < 0.01
    for earlier, later in itertools.pairwise(embedded):
        assert relative_distances(later, earlier).min() > 0.001
    final = ImageEmbedder(tuned.backbone).fit_transform(images)
    assert relative_distances(final, embedded[-1]).min() > 0.0001
    trusted = np.zeros(len(images), dtype=bool)
    for scene in range(4):
        members = np.flatnonzero(scenes == scene)
        trusted[members[np.argsort(-confidences[members])[:6]]] = True
    for epoch, targets in enumerate(targets_of_epochs):
        labels = np.where(trusted, (scenes + epoch + 1) % 4, -1)
        np.testing.assert_array_equal(targets.clusters.labels, labels)
        np.testing.assert_allclose(
            targets.clusters.centers, centers_of(embedded[epoch], labels), atol=1e-4
        )
        expected = purest_neighbors([nearest_neighbors(embedded[epoch], 4)])
        np.testing.assert_array_equal(targets.partners, expected)


def test_views_are_those_of_the_tuned_network(snapshots):
    """Of images that are the same in every view: of one colour."""
    colors = np.random.default_rng(0).integers(60, 200, size=12, dtype=np.uint8)
    images = np.broadcast_to(colors[:, None, None, None], (12, 32, 32, 3)).copy()
    backbone = load_backbone(_TINY, image_size=32)

    def assign(features, indices):
        return Assignment(nearest_neighbors(features, 3))

    tuned = fine_tune_tiny(backbone, images, assign, max_epochs=1)
    assert tuned.views.shape == (12, 4, backbone.n_features)
    features = ImageEmbedder(tuned.backbone).fit_transform(images)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    before = ImageEmbedder(backbone).fit_transform(images)
    before /= np.linalg.norm(before, axis=1, keepdims=True)
    distance = np.linalg.norm(tuned.views - unit[:, None], axis=2).mean()
    assert distance < np.linalg.norm(tuned.views - before[:, None], axis=2).mean()


def fine_tune_tiny(backbone, images, assign, max_epochs, random_state=0):
    return fine_tune(
        backbone,
        as_image_source(images),
        assign,
        n_stages=2,
        max_epochs=max_epochs,
        n_views=6,
        memory=None,
        depends_on=(),
        device=torch.device("cpu"),
        n_jobs=1,
        random_state=np.random.RandomState(random_state),
        verbose=0,
    )


def centers_of(features, labels):
    """Unit vectors to the mean of each cluster's directions, as seen from the mean of all."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    centered = unit - unit.mean(axis=0)
    centered /= np.linalg.norm(centered, axis=1, keepdims=True)
    sums = np.stack([centered[labels == label].sum(axis=0) for label in range(labels.max() + 1)])
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def test_without_clusters_there_are_partners_alone(snapshots, targets_of_epochs):
    backbone = load_backbone(_TINY, image_size=32)

    def assign(features, indices):
        return Assignment(nearest_neighbors(features, 3))

    tuned = fine_tune_tiny(backbone, snapshots[0][::4], assign, max_epochs=1)
    (targets,) = targets_of_epochs
    assert targets.clusters is None
    assert targets.partners.shape == (len(snapshots[0][::4]), 2)
    assert changed_parameters(backbone, tuned.backbone)


def test_random_state_decides_the_weights(snapshots):
    backbone = load_backbone(_TINY, image_size=32)

    def assign(features, indices):
        labels = np.arange(len(features)) % 2
        return Assignment(nearest_neighbors(features, 3), labels, np.ones(len(features)))

    one, same, other = (
        fine_tune_tiny(backbone, snapshots[0][::4], assign, max_epochs=1, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert one.loss_curve == same.loss_curve != other.loss_curve
    assert not changed_parameters(one.backbone, same.backbone)
    np.testing.assert_array_equal(one.views, same.views)


@pytest.mark.parametrize("init", ["kmeans", "random", "array"])
def test_every_start_can_be_fine_tuned_from(init, snapshots, targets_of_epochs):
    images, scenes = snapshots
    given = np.unique(scenes, return_inverse=True)[1]
    est = clusterer(
        backbone=_TINY, init=given if init == "array" else init, fine_tune_iter=1, max_iter=1
    ).fit(images)
    (targets,) = targets_of_epochs
    if init == "random":
        assert targets.clusters is None
    else:
        labels = targets.clusters.labels
        trusted = labels.numpy() >= 0
        assert 0.5 < trusted.mean() < 0.75
        if init == "array":
            np.testing.assert_array_equal(labels[trusted], given[trusted])
    assert changed_parameters(load_backbone(_TINY, image_size=32), est.embedder_.load())
    np.testing.assert_array_equal(est.predict(images), est.labels_)


@pytest.mark.slow
def test_number_of_clusters_is_found_on_tuned_features(snapshots):
    images = snapshots[0]
    est = clusterer(init="kmeans", fine_tune_iter=1, max_iter=1)
    est.set_params(n_clusters="auto", max_clusters=4).fit(images)
    criterion = est.n_clusters_criterion_
    assert est.n_clusters_ == max(criterion, key=criterion.get)
    frozen = ImageEmbedder(image_size=32).fit_transform(images)
    _, of_tuned = estimate_n_clusters(
        est.embedder_.transform(images), 2, 4, np.random.RandomState(0)
    )
    _, of_frozen = estimate_n_clusters(frozen, 2, 4, np.random.RandomState(0))
    # Of two clusters, k-means always finds the same.
    assert criterion[2] == pytest.approx(of_tuned[2], rel=0.02)
    assert criterion[2] != pytest.approx(of_frozen[2], rel=0.05)


def test_errors_come_before_the_training(snapshots, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("training has begun")

    monkeypatch.setattr(StageTrainer, "__init__", never)
    for wrong in (
        {"n_clusters": 100},
        {"init": np.zeros(3, dtype=int)},
        {"cluster_prior": [0.5, 0.5]},
    ):
        with pytest.raises(ValueError):
            clusterer().set_params(**wrong).fit(snapshots[0])


def test_too_many_stages(snapshots):
    with pytest.raises(ValueError, match=r"99 stages: .* has only 8"):
        clusterer(fine_tune=99).fit(snapshots[0])


def test_features_cannot_be_fine_tuned_on():
    with pytest.raises(ValueError, match="needs images, and X is features"):
        clusterer().fit(np.eye(8))


def test_the_most_confident_of_each_cluster_are_trusted():
    labels = np.repeat([0, 1], [10, 5])
    confidences = np.linspace(1, 0, 15)
    expected = np.r_[np.zeros(6), np.full(4, -1), np.ones(3), np.full(2, -1)]
    np.testing.assert_array_equal(trusted_labels(labels, confidences), expected)
    np.testing.assert_array_equal(trusted_labels(labels[::-1], confidences[::-1]), expected[::-1])
