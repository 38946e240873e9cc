import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skdeepcluster import DeepImageClusterer, ImageEmbedder, SelfSupervisedAdapter


@pytest.fixture(scope="module")
def adapter(snapshots):
    return SelfSupervisedAdapter(image_size=32, n_stages=1, max_iter=2, random_state=0).fit(
        snapshots[0]
    )


def test_the_result_clusters_images(adapter, snapshots):
    est = DeepImageClusterer(4, backbone=adapter.backbone_, max_iter=2, random_state=0)
    assert len(est.fit_predict(snapshots[0])) == len(snapshots[0])
    assert len(adapter.loss_curve_) == 2


def test_the_result_can_be_pickled(adapter, snapshots):
    again = pickle.loads(pickle.dumps(adapter)).backbone_
    assert again.fingerprint == adapter.backbone_.fingerprint
    np.testing.assert_array_equal(
        ImageEmbedder(again).fit_transform(snapshots[0]),
        ImageEmbedder(adapter.backbone_).fit_transform(snapshots[0]),
    )


def test_progress_is_shown(snapshots, capsys):
    SelfSupervisedAdapter(image_size=32, n_stages=1, max_iter=1, verbose=1).fit(snapshots[0][:4])
    shown = capsys.readouterr().err
    assert "random views" in shown
    assert "fine-tuning" in shown


def test_is_an_estimator(adapter):
    assert clone(adapter).get_params() == adapter.get_params()


def test_features_are_no_images(snapshots):
    with pytest.raises(ValueError, match="X is features"):
        SelfSupervisedAdapter().fit([[1.0, 2.0], [3.0, 4.0]])
