import contextlib
import os
import pickle
import signal
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

from skdeepcluster import DeepImageClusterer, ImageEmbedder, list_images
from skdeepcluster.backbones import register_backbone
from skdeepcluster.embedding import _distributed
from skdeepcluster.images import ImageReadError

distributed = pytest.importorskip("distributed", reason="dask[distributed] is not installed")


@pytest.fixture(scope="module")
def client(own_cache_folder):
    """Two worker processes; one that is killed is started again."""
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as connected,
    ):
        yield connected


@pytest.fixture
def on_dask(client, monkeypatch):
    """Small tasks, so that a few images make many."""
    monkeypatch.setattr(_distributed, "_IMAGES_PER_TASK", 4)
    with joblib.parallel_config(backend="dask"):
        yield client


def embedder(**params):
    return ImageEmbedder(**{"image_size": 64, "batch_size": 4, "n_jobs": 1, **params})


@contextlib.contextmanager
def forbidden_here(monkeypatch):
    def never(*args):
        raise AssertionError("computed in the process of the caller")

    monkeypatch.setattr("skdeepcluster.embedding._embedder.embed_batches", never)
    yield
    monkeypatch.undo()


@pytest.mark.parametrize("kind", ["paths", "array", "list", "Pillow", "tensor", "dataset"])
def test_workers_compute_what_one_process_does(kind, snapshots, photo_folder, request, monkeypatch):
    images = snapshots[0]
    X = {
        "paths": lambda: list_images(photo_folder),
        "array": lambda: images,
        "list": lambda: list(images),
        "Pillow": lambda: [Image.fromarray(image) for image in images],
        "tensor": lambda: torch.from_numpy(images).permute(0, 3, 1, 2),
        "dataset": lambda: torch.utils.data.TensorDataset(
            torch.from_numpy(images).permute(0, 3, 1, 2)
        ),
    }[kind]()
    expected = embedder().fit_transform(X)
    request.getfixturevalue("on_dask")
    with forbidden_here(monkeypatch):
        features = embedder().fit_transform(X)
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_workers_compute_views_as_one_process_does(photo_folder, request, monkeypatch):
    paths = list_images(photo_folder)
    fitted = embedder().fit(paths)
    expected = fitted.transform_views(paths, 2)
    request.getfixturevalue("on_dask")
    with forbidden_here(monkeypatch):
        views = embedder().fit(paths).transform_views(paths, 2)
        # Workers keep the engines of views and of features apart.
        features = fitted.transform(paths)
    assert views.shape == (40, 2, 1280)
    np.testing.assert_allclose(views, expected, atol=1e-3)
    np.testing.assert_allclose(features, embedder().fit_transform(paths), atol=1e-5)


def test_workers_look_at_images_in_each_size(photo_folder, request, monkeypatch):
    paths = list_images(photo_folder)
    expected = embedder(image_size=[32, 48]).fit_transform(paths)
    request.getfixturevalue("on_dask")
    with forbidden_here(monkeypatch):
        features = embedder(image_size=[32, 48]).fit_transform(paths)
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_a_killed_worker_loses_and_doubles_nothing(photo_folder, tmp_path, client, monkeypatch):
    """Tasks are as long as usual: what dask stores apart from them would go with the worker."""
    paths = list_images(photo_folder) * 40
    settings = {"image_size": 32, "batch_size": 32}
    expected = np.tile(embedder(**settings).fit_transform(paths[:40]), (40, 1))
    counted = np.zeros(len(paths), dtype=int)
    killed = []
    real = _distributed.embed_on_workers

    def killing(*given):
        """Count the images that come back, and kill a worker after the first ones."""
        for batch in real(*given):
            counted[batch.indices] += 1
            if not killed:
                killed.extend(client.run(os.getpid).values())
                os.kill(killed[0], signal.SIGKILL)
            yield batch

    monkeypatch.setattr("skdeepcluster.embedding._embedder.embed_on_workers", killing)
    found = embedder(memory=tmp_path / "cache", **settings)
    with joblib.parallel_config(backend="dask"):
        np.testing.assert_allclose(found.fit_transform(paths), expected, atol=1e-4)
        assert (counted == 1).all()
        assert killed[0] not in client.run(os.getpid).values()
        # All of it is in the cache now, which workers are not asked for.
        np.testing.assert_array_equal(found.transform(paths), found.transform(paths))
    assert (counted == 1).all()


def test_a_worker_loads_the_backbone_once(snapshots, on_dask):
    on_dask.run(_forget)
    embedder().fit_transform(snapshots[0])
    assert set(on_dask.run(_loads).values()) == {1}


def _forget():
    _distributed._load.cache_clear()


def _loads():
    return _distributed._load.cache_info().misses


def test_cached_images_are_not_sent(photo_folder, tmp_path, on_dask, monkeypatch):
    paths = list_images(photo_folder)
    first = embedder(memory=tmp_path / "cache").fit_transform(paths[:30])
    sent = []
    real = _distributed.embed_on_workers

    def spying(fitted, network, source, indices):
        sent.extend(indices)
        return real(fitted, network, source, indices)

    monkeypatch.setattr("skdeepcluster.embedding._embedder.embed_on_workers", spying)
    second = embedder(memory=tmp_path / "cache").fit_transform(paths)
    assert sent == list(range(30, 40))
    np.testing.assert_array_equal(second[:30], first)


@pytest.mark.parametrize("kind", ["module", "registered"])
def test_networks_without_a_name_elsewhere(kind, snapshots, client):
    def mean_colours():
        return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())

    register_backbone("mean_colours", mean_colours)
    chosen = embedder(backbone="mean_colours" if kind == "registered" else mean_colours())
    expected = chosen.fit_transform(snapshots[0])
    with joblib.parallel_config(backend="dask"):
        np.testing.assert_allclose(chosen.fit_transform(snapshots[0]), expected, atol=1e-5)


def test_unreadable_images(photo_folder, tmp_path, on_dask):
    (photo_folder / "broken.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    bad = paths.index(photo_folder / "broken.jpg")
    with pytest.warns(UserWarning, match=r"1 of 41 images[\s\S]*broken\.jpg"):
        features = embedder(on_error="skip").fit_transform(paths)
    assert np.flatnonzero(np.isnan(features[:, 0])).tolist() == [bad]
    with pytest.raises(ImageReadError, match=r"broken\.jpg"):
        embedder().fit_transform(paths)


def test_an_image_is_called_by_its_place(snapshots, on_dask):
    images = list(snapshots[0])
    images[33] = np.full((8, 8, 3), np.nan)
    with pytest.raises(ImageReadError, match="image 33"):
        embedder().fit_transform(images)


def test_grid_search(photo_folder, snapshots, client):
    paths = list_images(photo_folder)
    search = GridSearchCV(
        # Twenty images to learn from: of as many neighbours, all would be one another's.
        DeepImageClusterer(
            image_size=64, n_views=1, max_iter=2, n_neighbors=3, n_jobs=1, random_state=0
        ),
        {"n_clusters": [2, 4]},
        # The images come in the order of their scenes: every fold should have all of them.
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    )
    labels = snapshots[1]
    with joblib.parallel_config(backend="dask"):
        search.fit(paths, labels)
    assert search.best_params_ == {"n_clusters": 4}
    assert search.best_estimator_.score(paths, labels) > 0.9


def test_estimators_are_sent_without_features_and_networks(snapshots):
    fitted = embedder().fit(snapshots[0])
    fitted.transform(snapshots[0])
    clusterer = DeepImageClusterer(4, image_size=32, n_views=1, max_iter=1, random_state=0)
    clusterer.fit(snapshots[0])
    for sent in (fitted, clone(clusterer)):
        assert len(pickle.dumps(sent)) < 3000


@pytest.mark.parametrize("name", ["w.pth", "timm:resnet10t/w.pth"])
def test_weights_in_a_file_are_sent_along(name, snapshots, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind = "resnet18" if name == "w.pth" else "resnet10t"
    torch.save(timm.create_model(kind, num_classes=0).state_dict(), "w.pth")
    chosen = embedder(backbone=name, image_size=32)
    expected = chosen.fit_transform(snapshots[0][:2])
    views = chosen.transform_views(snapshots[0][:2], 3).reshape(2, -1)
    network = chosen._network()
    recipes = [_distributed.Recipe.of(chosen, of) for of in (network, network.of_views(3))]
    Path("w.pth").unlink()
    for recipe, features, atol in zip(recipes, (expected, views), (1e-4, 1e-3), strict=True):
        engine, resizing = recipe.load()
        pixels = np.stack([resizing(Image.fromarray(image)) for image in snapshots[0][:2]])
        np.testing.assert_allclose(engine(pixels), features, atol=atol)


@pytest.mark.parametrize(
    ("name", "is_path"),
    [
        ("w.pth", True),
        ("w.pth,num_heads=12", True),
        ("timm:vit_small_patch16_224/w.pth,global_pool=avg", True),
        ("folder", True),
        ("open_clip:local-dir:elsewhere", True),
        ("efficientnet_lite0", False),
        ("timm:resnet18,global_pool=avg", False),
        ("torchvision:resnet18/DEFAULT", False),
    ],
)
def test_names_that_lead_to_this_machines_files(name, is_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("w.pth").touch()
    Path("folder").mkdir()
    assert _distributed._names_file(name) == is_path


def test_local_backends_are_left_alone():
    for backend in ("loky", "threading", "sequential", "multiprocessing"):
        with joblib.parallel_config(backend=backend):
            assert not _distributed.is_distributed()
    assert not _distributed.is_distributed()


def test_ray(snapshots, monkeypatch):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.util.joblib import register_ray

    monkeypatch.setattr(_distributed, "_IMAGES_PER_TASK", 4)
    expected = embedder().fit_transform(snapshots[0])
    ray.init(num_cpus=2, include_dashboard=False)
    try:
        register_ray()
        with joblib.parallel_config(backend="ray"):
            features = embedder().fit_transform(snapshots[0])
    finally:
        ray.shutdown()
    np.testing.assert_allclose(features, expected, atol=1e-5)
