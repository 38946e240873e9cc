import numpy as np
import pytest
import timm
import torch

from skdeepcluster import ImageEmbedder
from skdeepcluster.adaptation import (
    ClusterTargets,
    StageSettings,
    StageTrainer,
    TuningTargets,
)
from skdeepcluster.adaptation._losses import contrastive_loss
from skdeepcluster.backbones import load_backbone
from skdeepcluster.images import as_image_source


def make_trainer(backbone, images, n_stages=2, **settings):
    return StageTrainer(
        backbone,
        as_image_source(images),
        StageSettings(n_stages, torch.device("cpu"), n_jobs=1, **settings),
        np.random.RandomState(0),
    )


@pytest.fixture(scope="module")
def tiny_backbone():
    return load_backbone("untrained:test_resnet", image_size=32)


@pytest.fixture(scope="module")
def trained(snapshots):
    images, _ = snapshots
    backbone = load_backbone("efficientnet_lite0", image_size=32)
    before = {name: tensor.clone() for name, tensor in backbone.network.state_dict().items()}
    trainer = make_trainer(backbone, images)
    frozen = trainer.features()
    losses = [trainer.train_epoch() for _ in trainer.epochs(0, 4)]
    return {
        "backbone": backbone,
        "before": before,
        "frozen": frozen,
        "losses": losses,
        "tuned": trainer.features(),
        "result": trainer.finish(),
    }


def test_the_backbone_given_is_left_as_it_is(trained):
    for name, tensor in trained["backbone"].network.state_dict().items():
        assert torch.equal(tensor, trained["before"][name])


def test_only_the_last_stages_change_and_statistics_do_not(trained):
    changed = {
        name
        for name, tensor in trained["result"].network.state_dict().items()
        if not torch.equal(tensor, trained["before"][name])
    }
    allowed = {name for stage in trained["backbone"].stages[-2:] for name in stage}
    assert changed
    assert changed <= allowed
    assert not any(p.requires_grad for p in trained["result"].network.parameters())


def test_features_are_those_of_an_embedder(trained, snapshots):
    """Half precision of what is kept on disk is all the difference."""
    for backbone, features in [
        (trained["backbone"], trained["frozen"]),
        (trained["result"], trained["tuned"]),
    ]:
        expected = ImageEmbedder(backbone).fit_transform(snapshots[0])
        error = np.linalg.norm(features - expected, axis=1) / np.linalg.norm(expected, axis=1)
        assert error.max() < 0.01


def test_the_loss_falls(trained):
    assert trained["losses"][-1] < trained["losses"][0]


def test_clusters_are_drawn_together(trained, snapshots):
    """More than as many epochs without targets do."""
    images, scenes = snapshots

    def separation(targets):
        trainer = make_trainer(trained["backbone"], images)
        for _ in range(7):
            trainer.train_epoch(targets)
        features = trainer.features()
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        same = scenes[:, None] == scenes
        similarities = unit @ unit.T
        return similarities[same].mean() - similarities[~same].mean()

    labels = np.unique(scenes, return_inverse=True)[1]
    # Partners that are no neighbours, so that the clusters alone tell what belongs together.
    partners = torch.arange(len(images))[:, None]
    clusters = ClusterTargets.from_labels(trained["frozen"], labels)
    targets = TuningTargets(partners, clusters)
    assert separation(targets) > separation(TuningTargets(partners))


def test_the_loss_is_that_of_two_different_views(tiny_backbone, snapshots, monkeypatch):
    contrasted = []

    def spy(latents, views):
        contrasted.append((latents.detach().clone(), views.detach().clone()))
        return contrastive_loss(latents, views)

    monkeypatch.setattr("skdeepcluster.adaptation._stage_trainer.contrastive_loss", spy)
    loss = make_trainer(tiny_backbone, snapshots[0], n_stages=1).train_epoch()
    ((latents, views),) = contrasted
    assert loss == pytest.approx(float(contrastive_loss(latents, views)))
    relative_distances = (latents - views).norm(dim=1) / latents.norm(dim=1)
    assert relative_distances.min() > 0.01


def test_the_learning_rate_falls_to_zero_with_the_epochs(tiny_backbone, snapshots):
    """Steps of Adam are as long as the learning rate, so the weights come to rest."""
    neighbors = torch.arange(len(snapshots[0])).roll(1)[:, None]
    trainer = make_trainer(tiny_backbone, snapshots[0], n_stages=1, n_epochs=4)
    moves, before = [], weights_now(trainer)
    for _ in range(4):
        trainer.train_epoch(TuningTargets(neighbors))
        after = weights_now(trainer)
        moves.append(float((after - before).norm()))
        before = after
    assert moves[-1] < 0.3 * moves[0]
    # It stays there.
    trainer.train_epoch(TuningTargets(neighbors))
    torch.testing.assert_close(weights_now(trainer), before)


def weights_now(trainer):
    return torch.cat([weight.detach().flatten() for weight in trainer._stages.weights]).clone()


def test_same_random_state_same_weights(tiny_backbone, snapshots):
    def run():
        trainer = make_trainer(tiny_backbone, snapshots[0][::4], n_stages=1)
        return trainer.train_epoch(), trainer.features()

    (loss, features), (loss_again, features_again) = run(), run()
    assert loss == loss_again
    np.testing.assert_array_equal(features, features_again)


def test_features_of_views_are_unit_vectors_near_those_of_their_image(trained, snapshots):
    trainer = make_trainer(trained["backbone"], snapshots[0], n_views=3)
    views = trainer.view_features(2)
    features = trainer.features()
    assert views.shape == (len(features), 2, features.shape[1])
    assert views.dtype == np.float16
    np.testing.assert_allclose(np.linalg.norm(views.astype(float), axis=2), 1, atol=1e-3)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    similarities = np.einsum("nvd,md->vnm", views, unit)
    # Of its image and of those of the same scene, which are like it.
    nearest = similarities.argmax(axis=2)
    assert (snapshots[1][nearest] == snapshots[1]).mean() > 0.75
    assert not np.array_equal(views[:, 0], views[:, 1])


def test_a_sample_of_many_images(tiny_backbone, snapshots, monkeypatch):
    monkeypatch.setattr("skdeepcluster.adaptation._stage_trainer._MAX_IMAGES", 6)
    trainer = make_trainer(tiny_backbone, snapshots[0], n_stages=1)
    assert len(trainer.indices) == len(np.unique(trainer.indices)) == len(trainer.features()) == 6


@pytest.mark.parametrize(
    ("n_images", "n_stages", "message"),
    [(2, 99, "99 stages.*test_resnet.* has only 5"), (1, 1, "At least two images")],
)
def test_what_cannot_be_trained(tiny_backbone, snapshots, n_images, n_stages, message):
    with pytest.raises(ValueError, match=message):
        make_trainer(tiny_backbone, snapshots[0][:n_images], n_stages)


def test_a_loss_that_is_not_finite(tiny_backbone, snapshots, monkeypatch):
    monkeypatch.setattr(
        "skdeepcluster.adaptation._stage_trainer.contrastive_loss",
        lambda latents, views: latents.sum() * torch.inf,
    )
    trainer = make_trainer(tiny_backbone, snapshots[0][:4], n_stages=1)
    with pytest.raises(FloatingPointError, match="not finite"):
        trainer.train_epoch()


def test_a_vision_transformer(snapshots):
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=32)
    trainer = make_trainer(load_backbone(network, image_size=32), snapshots[0][::4], n_stages=1)
    before = trainer.features()
    trainer.train_epoch()
    assert trainer.features().shape == before.shape
    assert not np.array_equal(trainer.features(), before)
