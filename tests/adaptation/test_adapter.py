import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdeepcluster import DeepImageClusterer, ImageEmbedder, SelfSupervisedAdapter
from skdeepcluster.backbones import load_backbone

_TINY = "untrained:test_resnet"


def make_adapter(**changed):
    settings = {"backbone": _TINY, "image_size": 32, "n_stages": 1, "max_iter": 2}
    return SelfSupervisedAdapter(**{**settings, **changed}, random_state=0)


@pytest.fixture(scope="module")
def adapter(snapshots):
    return make_adapter().fit(snapshots[0])


def test_the_last_stages_are_trained_and_no_others(adapter):
    before = load_backbone(_TINY, image_size=32)
    after = adapter.backbone_.network.state_dict()
    changed = {
        name
        for name, tensor in before.network.state_dict().items()
        if not torch.equal(tensor, after[name])
    }
    assert changed
    assert changed <= set(before.stages[-1])
    assert len(adapter.loss_curve_) == 2
    assert adapter.loss_curve_[1] < adapter.loss_curve_[0]


def test_fit_is_repeatable(adapter, snapshots):
    again = make_adapter().fit(snapshots[0])
    assert again.backbone_.fingerprint == adapter.backbone_.fingerprint
    assert again.loss_curve_ == adapter.loss_curve_


def test_the_result_clusters_images(adapter, snapshots):
    est = DeepImageClusterer(
        4, backbone=adapter.backbone_, init="kmeans", max_iter=2, random_state=0
    ).fit(snapshots[0])
    assert est.embedder_.load().fingerprint == adapter.backbone_.fingerprint
    assert set(est.labels_) == {0, 1, 2, 3}


def test_the_result_can_be_pickled(adapter, snapshots):
    again = pickle.loads(pickle.dumps(adapter)).backbone_
    assert again.fingerprint == adapter.backbone_.fingerprint
    np.testing.assert_array_equal(
        ImageEmbedder(again).fit_transform(snapshots[0]),
        ImageEmbedder(adapter.backbone_).fit_transform(snapshots[0]),
    )


def test_progress_is_shown(snapshots, capsys):
    make_adapter(max_iter=1, verbose=1).fit(snapshots[0][:4])
    shown = capsys.readouterr().err
    assert "random views" in shown
    assert "fine-tuning" in shown


def test_is_an_estimator(adapter):
    assert clone(adapter).get_params() == adapter.get_params()


def test_features_are_not_images():
    with pytest.raises(ValueError, match="X is features"):
        SelfSupervisedAdapter().fit([[1.0, 2.0], [3.0, 4.0]])


def test_one_image_is_not_enough(snapshots):
    with pytest.raises(ValueError, match="At least two images"):
        make_adapter().fit(snapshots[0][:1])
