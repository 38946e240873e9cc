import copy
import json
import pickle

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from sklearn.base import clone
from torch import nn

from skdeepcluster import DeepImageClusterer
from skdeepcluster.backbones import load_backbone
from skdeepcluster.images import as_image_source


@pytest.fixture(scope="module")
def fitted(snapshots):
    return DeepImageClusterer(4, image_size=64, max_iter=2, random_state=0).fit(snapshots[0])


def test_round_trip(fitted, snapshots, tmp_path):
    fitted.save(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "config.json",
        "tensors.safetensors",
    ]
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert loaded.get_params() == fitted.get_params()
    for name in ("labels_", "embedding_", "cluster_centers_", "probabilities_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(fitted, name))
    assert loaded.history_ == fitted.history_
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), fitted.labels_)
    assert loaded.cluster_info().equals(fitted.cluster_info())
    images = loaded._partition.images
    assert images.is_of(as_image_source(snapshots[0]))
    assert not images.is_of(as_image_source(snapshots[0][::-1]))


def test_merged_and_named_clusters_are_kept(fitted, snapshots, tmp_path):
    est = copy.deepcopy(fitted).set_cluster_names({3: "three"}).merge_clusters([1, 2])
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert loaded.cluster_names_ == ["cluster 0", "cluster 1", "three"]
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), est.labels_)
    np.testing.assert_array_equal(loaded.cluster_centers_, est.cluster_centers_)


def test_images_that_were_skipped_are_kept_as_such(photo_folder, tmp_path):
    (photo_folder / "broken.jpg").write_bytes(b"no image")
    est = DeepImageClusterer(2, image_size=32, n_views=0, max_iter=1, on_error="skip")
    with pytest.warns(UserWarning, match="1 of 41"):
        est.fit(photo_folder)
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.labels_, est.labels_)
    assert (loaded.labels_ == -1).sum() == 1
    np.testing.assert_array_equal(loaded.outlier_scores_, est.outlier_scores_)


@pytest.mark.parametrize(
    "params",
    [
        {"image_size": [32, 64]},
        {"backbone": ("efficientnet_lite0", "untrained:test_vit3"), "image_size": 48},
    ],
)
def test_several_looks_at_an_image(params, snapshots, tmp_path):
    est = DeepImageClusterer(4, max_iter=2, n_views=1, random_state=0, **params).fit(snapshots[0])
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), est.labels_)
    assert clone(est).fit_predict(snapshots[0]).tolist() == est.labels_.tolist()


def test_folders_of_the_first_version_load(fitted, snapshots, tmp_path):
    """They have a parameter that there is no more, and lack those that came later."""
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    for name in ("n_views", "agreement"):
        del config["params"][name]
    config["params"]["n_iter_no_change"] = 5
    config["format"] = 1
    path.write_text(json.dumps(config))
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), fitted.labels_)


def test_features_with_names(tmp_path):
    import pandas as pd

    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=list("abc"))
    est = DeepImageClusterer(2, max_iter=2, random_state=0).fit(X)
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), est.labels_)
    assert list(loaded.feature_names_in_) == ["a", "b", "c"]


def test_saving_again_replaces_and_foreign_folders_are_kept(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    fitted.save(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("important")
    with pytest.raises(FileExistsError, match="other files"):
        fitted.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "important"


def test_what_is_no_saved_estimator(tmp_path):
    with pytest.raises(FileNotFoundError, match="no saved"):
        DeepImageClusterer.load(tmp_path)


class Mean(nn.Module):
    image_size = 16

    def forward(self, x):
        return x.mean(dim=(2, 3))


def test_a_module_must_be_given_again(snapshots, tmp_path):
    est = DeepImageClusterer(2, backbone=Mean(), max_iter=1, random_state=0).fit(snapshots[0])
    est.save(tmp_path / "model")
    with pytest.raises(ValueError, match="backbone=module"):
        DeepImageClusterer.load(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model", backbone=Mean())
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), est.labels_)


def small(backbone):
    return DeepImageClusterer(
        2, backbone=backbone, image_size=32, n_views=0, max_iter=1, engine="torch", random_state=0
    )


@pytest.fixture
def weights(tmp_path):
    """A file of weights that will be replaced."""
    path = tmp_path / "weights.safetensors"
    write_weights(path)
    return path


def write_weights(path, seed=0):
    torch.manual_seed(seed)
    save_file(timm.create_model("resnet10t", num_classes=0).state_dict(), path)


def test_another_network_than_that_of_the_fit_is_refused(weights, snapshots, tmp_path):
    est = small(f"timm:resnet10t/{weights}").fit(snapshots[0])
    est.save(tmp_path / "model")
    pickled = pickle.dumps(est)
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), est.labels_)
    loaded.save(tmp_path / "again")
    write_weights(weights, seed=1)
    for name in ("model", "again"):
        other = DeepImageClusterer.load(tmp_path / name)
        with pytest.raises(ValueError, match=rf"resnet10t.*{name}' was fitted.*backbone=\.\.\."):
            other.predict(snapshots[0])
        with pytest.raises(ValueError, match="other weights"):
            other.transform(snapshots[0])
    with pytest.raises(ValueError, match=r"than at fit.*call fit"):
        pickle.loads(pickled).predict(snapshots[0])
    # The file of then, under another name.
    write_weights(tmp_path / "moved.safetensors")
    moved = f"timm:resnet10t/{tmp_path / 'moved.safetensors'}"
    loaded = DeepImageClusterer.load(tmp_path / "model", backbone=moved)
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), est.labels_)


def test_a_module_with_other_weights_is_refused(snapshots, tmp_path):
    first, second = nn.Conv2d(3, 8, 8), nn.Conv2d(3, 8, 8)
    module, other = (nn.Sequential(conv, Mean()) for conv in (first, second))
    est = small(module).fit(snapshots[0])
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model", backbone=module)
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), est.labels_)
    with pytest.raises(ValueError, match="model' was fitted"):
        DeepImageClusterer.load(tmp_path / "model", backbone=other).predict(snapshots[0])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_device_that_is_gone(fitted, snapshots, tmp_path):
    """A model saved where there was a GPU is used where there is none."""
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    config["params"]["device"] = "cuda:7"
    path.write_text(json.dumps(config))
    loaded = DeepImageClusterer.load(tmp_path / "model")
    for est in (loaded, pickle.loads(pickle.dumps(loaded))):
        with pytest.warns(UserWarning, match=r'no device "cuda:7"'):
            np.testing.assert_array_equal(est.predict(snapshots[0]), fitted.labels_)


def test_how_it_computes_can_be_changed_after_fit(fitted, snapshots, tmp_path, capsys):
    est = pickle.loads(pickle.dumps(fitted))
    est.set_params(engine="torch", verbose=1, memory=tmp_path / "cache")
    np.testing.assert_array_equal(est.predict(snapshots[0]), fitted.labels_)
    assert "embedding" in capsys.readouterr().err
    assert [*(tmp_path / "cache").rglob("*.safetensors")]


def test_a_folder_of_other_files_is_kept_whatever_their_names(fitted, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    for _ in range(2):
        before = sorted(path.name for path in folder.iterdir())
        with pytest.raises(FileExistsError, match="other files"):
            fitted.save(folder)
        assert sorted(path.name for path in folder.iterdir()) == before
        (folder / "tensors.safetensors").touch()
        (folder / "thesis.txt").write_text("important")


def test_parameters_of_numpys_types_are_kept(snapshots, tmp_path):
    """As a grid of parameters gives them."""
    est = DeepImageClusterer(
        np.int64(4), image_size=np.int64(32), n_neighbors=np.int64(8), max_iter=1, random_state=0
    ).fit(snapshots[0])
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert (loaded.n_clusters, loaded.image_size, loaded.n_neighbors) == (4, 32, 8)
    np.testing.assert_array_equal(loaded.transform(snapshots[0]), est.embedding_)


def test_the_network_is_that_of_the_fit_whatever_is_set_since(snapshots, tmp_path):
    est = DeepImageClusterer(4, image_size=32, fine_tune=1, fine_tune_iter=1, random_state=0)
    est.fit(snapshots[0]).set_params(image_size=64, fine_tune=0, backbone="untrained:resnet18")
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert loaded.get_params() == est.get_params()
    np.testing.assert_allclose(loaded.transform(snapshots[0]), est.embedding_, atol=1e-3)


def test_a_network_that_is_given_to_load_is_left_as_it_is(snapshots, tmp_path):
    backbone = load_backbone("efficientnet_lite0", image_size=32)
    before = backbone.fingerprint
    est = DeepImageClusterer(4, backbone=backbone, fine_tune=1, fine_tune_iter=1, random_state=0)
    est.fit(snapshots[0]).save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model", backbone=backbone)
    np.testing.assert_allclose(loaded.transform(snapshots[0]), est.embedding_, atol=1e-3)
    assert backbone.fingerprint == before


def test_all_paths_may_begin_with_the_home_folder(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    est = DeepImageClusterer(2, image_size=32, n_views=0, max_iter=1, memory="~/cache")
    est.fit("~/photos").save("~/model")
    loaded = DeepImageClusterer.load("~/model")
    paths = [f"~/photos/{path.name}" for path in sorted(photo_folder.iterdir())]
    np.testing.assert_array_equal(loaded.predict(paths), est.labels_)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "model", "photos"]
