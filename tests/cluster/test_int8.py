"""Clusters of quantised features."""

import json

import numpy as np
import pytest

from skdeepcluster import DeepImageClusterer
from skdeepcluster.backbones import _engines
from skdeepcluster.metrics import clustering_accuracy

from ._small_clusterer import clusterer


@pytest.fixture(autouse=True)
def needs_vnni():
    if not _engines.multiplies_exactly():
        pytest.skip("the processor has no VNNI")


@pytest.fixture(scope="module")
def fitted(snapshots):
    return clusterer(engine="int8").fit(snapshots[0])


def test_clusters_are_those_of_exact_features(fitted, snapshots):
    images, classes = snapshots
    exact = clusterer().fit(images)
    assert clustering_accuracy(exact.labels_, fitted.labels_) > 0.9
    assert clustering_accuracy(classes, fitted.labels_) > 0.9
    # Features and views are others all the same.
    assert not np.array_equal(exact.embedding_, fitted.embedding_)
    np.testing.assert_array_equal(fitted.predict(images), fitted.labels_)


def test_a_saved_model_is_known_as_quantised(fitted, snapshots, tmp_path, recwarn):
    fitted.save(tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["quantised"] is True and config["params"]["engine"] == "int8"
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert loaded.engine == "int8" and loaded.embedder_.network_.quantised
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), fitted.labels_)
    assert not recwarn
    loaded.set_params(engine="auto")
    with pytest.warns(UserWarning, match="those of the fit are quantised"):
        labels = loaded.predict(snapshots[0])
    assert np.mean(labels == fitted.labels_) > 0.9


def test_a_model_of_exact_features_is_not(snapshots, tmp_path, monkeypatch):
    monkeypatch.setattr(_engines, "multiplies_exactly", lambda: False)
    with pytest.warns(UserWarning, match="VNNI"):
        clusterer(engine="int8").fit(snapshots[0]).save(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "config.json").read_text())["quantised"] is False
    monkeypatch.undo()
    loaded = DeepImageClusterer.load(tmp_path / "model")
    with pytest.warns(UserWarning, match="images are quantised, those of the fit are exact"):
        loaded.predict(snapshots[0])


@pytest.mark.parametrize("mode", ["before", "jointly"])
def test_what_is_trained_is_not_quantised(mode, snapshots):
    est = clusterer(engine="int8", fine_tune=1, fine_tune_mode=mode)
    with pytest.raises(ValueError, match=r'engine="int8" runs networks as they come.*fine_tune=0'):
        est.fit(snapshots[0])


def test_the_judge_uses_it(fitted, snapshots):
    assert fitted.score(snapshots[0]) == pytest.approx(
        clusterer().fit(snapshots[0]).score(snapshots[0]), abs=0.05
    )
