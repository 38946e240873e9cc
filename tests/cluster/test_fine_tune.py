import numpy as np
import pytest
import torch

from skdeepcluster import DeepImageClusterer, ImageEmbedder
from skdeepcluster.backbones import load_backbone
from skdeepcluster.cluster._fine_tune import fine_tune
from skdeepcluster.cluster._settings import Aim
from skdeepcluster.images import as_image_source
from skdeepcluster.latent import (
    LOSS_WEIGHTS,
    LatentHead,
    nearest_neighbors,
    neighborhood_modularity,
    pedcc,
)


@pytest.fixture(scope="module")
def tuned(snapshots):
    pictures = snapshots[0][::2]
    backbone = load_backbone("efficientnet_lite0", image_size=32)
    embedder = ImageEmbedder(backbone, engine="torch")
    features = embedder.fit_transform(pictures)
    torch.manual_seed(0)
    head = LatentHead.for_features(features, 10)
    before = [parameter.clone() for parameter in backbone.network.parameters()]
    records = []
    result = fine_tune(
        backbone,
        head,
        as_image_source(pictures),
        nearest_neighbors(features, 5),
        Aim(pedcc(4, 10, random_state=0), torch.full((4,), 0.25), LOSS_WEIGHTS),
        n_stages=2,
        max_epochs=3,
        learning_rate=1e-3,
        device=torch.device("cpu"),
        n_jobs=1,
        generator=torch.Generator().manual_seed(0),
        random_state=np.random.RandomState(0),
        on_epoch=records.append,
    )
    return backbone, before, result, records


def test_the_backbone_given_is_left_as_it_is(tuned):
    backbone, before, _, _ = tuned
    for parameter, old in zip(backbone.network.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


def test_only_the_last_stages_may_change_and_statistics_do_not(tuned):
    backbone, _, result, records = tuned
    assert len(records) == 3
    changed = {
        name
        for name, tensor in result.network.state_dict().items()
        if not torch.equal(tensor, backbone.network.state_dict()[name])
    }
    assert changed <= {name for stage in backbone.stages[-2:] for name in stage}
    assert not any(parameter.requires_grad for parameter in result.network.parameters())


def test_training_learns(tuned):
    """The head and the backbone learn: their loss falls."""
    _, _, _, records = tuned
    assert records[-1]["loss"] < records[0]["loss"]


def test_too_many_stages(snapshots):
    with pytest.raises(ValueError, match=r"fine_tune=99.* stages"):
        DeepImageClusterer(4, image_size=32, fine_tune=99, max_iter=1).fit(snapshots[0])


def test_fine_tuned_estimator_predicts_and_survives_pickle_and_save(snapshots, tmp_path):
    import pickle

    pictures = snapshots[0]
    est = DeepImageClusterer(
        4, image_size=32, fine_tune=2, fine_tune_iter=1, max_iter=2, random_state=0
    ).fit(pictures)
    assert est.history_["stage"][-1] == "fine_tune"
    np.testing.assert_array_equal(est.predict(pictures), est.labels_)
    features = ImageEmbedder(image_size=32).fit_transform(pictures)
    graph = nearest_neighbors(features, est.n_neighbors)
    assert neighborhood_modularity(est.labels_, graph) >= est.start_score_
    est.save(tmp_path / "model")
    for loaded in (
        pickle.loads(pickle.dumps(est)),
        DeepImageClusterer.load(tmp_path / "model"),
    ):
        np.testing.assert_allclose(loaded.transform(pictures), est.embedding_, atol=1e-3)
        np.testing.assert_array_equal(loaded.predict(pictures), est.labels_)
