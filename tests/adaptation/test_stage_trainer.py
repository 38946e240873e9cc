import numpy as np
import pytest
import timm
import torch

from skdeepcluster import ImageEmbedder
from skdeepcluster.adaptation import Assignment, StageTrainer
from skdeepcluster.backbones import load_backbone
from skdeepcluster.images import as_image_source


def make_trainer(backbone, images, **changed):
    settings = {"n_stages": 2, "device": torch.device("cpu"), "n_jobs": 1, "verbose": 0}
    return StageTrainer(
        backbone,
        as_image_source(images),
        **{**settings, **changed},
        random_state=np.random.RandomState(0),
    )


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


def test_training_learns(trained):
    assert trained["losses"][-1] < trained["losses"][0]


def test_an_assignment_draws_clusters_together(trained, snapshots):
    """More than as many epochs without it do."""
    images, scenes = snapshots

    def separation(assignment):
        trainer = make_trainer(trained["backbone"], images)
        for _ in range(7):
            trainer.train_epoch(assignment)
        features = trainer.features()
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        same = scenes[:, None] == scenes
        similarities = unit @ unit.T
        return similarities[same].mean() - similarities[~same].mean()

    known = Assignment.of(trained["frozen"], np.unique(scenes, return_inverse=True)[1])
    assert separation(known) > separation(None)


def test_same_random_state_same_weights(snapshots):
    backbone = load_backbone("efficientnet_lite0", image_size=32)

    def run():
        trainer = make_trainer(backbone, snapshots[0][::4], n_stages=1)
        return trainer.train_epoch(), trainer.features()

    (loss, features), (loss_again, features_again) = run(), run()
    assert loss == loss_again
    np.testing.assert_array_equal(features, features_again)


def test_a_sample_of_many_images(snapshots, monkeypatch):
    monkeypatch.setattr("skdeepcluster.adaptation._stage_trainer._MOST_PICTURES", 6)
    backbone = load_backbone("efficientnet_lite0", image_size=32)
    trainer = make_trainer(backbone, snapshots[0], n_stages=1)
    assert len(trainer.indices) == len(np.unique(trainer.indices)) == len(trainer.features()) == 6


@pytest.mark.parametrize(
    ("images", "n_stages", "message"),
    [(2, 99, "99 stages.*efficientnet_lite0.* has"), (1, 1, "two images at least")],
)
def test_what_cannot_be_trained(snapshots, images, n_stages, message):
    backbone = load_backbone("efficientnet_lite0", image_size=32)
    with pytest.raises(ValueError, match=message):
        make_trainer(backbone, snapshots[0][:images], n_stages=n_stages)


def test_a_vision_transformer(snapshots):
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=32)
    trainer = make_trainer(load_backbone(network, image_size=32), snapshots[0][::4], n_stages=1)
    before = trainer.features()
    trainer.train_epoch()
    assert trainer.features().shape == before.shape
    assert not np.array_equal(trainer.features(), before)
