"""What serves many images, on few: thresholds are lowered."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import normalized_mutual_info_score

from skdeepcluster import ImageEmbedder, list_images
from skdeepcluster.cluster import _clusterer, _reference, _training_data
from skdeepcluster.cluster._training_data import draw_training_rows, training_data
from skdeepcluster.embedding import _embedder
from skdeepcluster.features import _rows
from skdeepcluster.latent import _head, encode
from skdeepcluster.neighbors import (
    _inverted_lists,
    _search,
    nearest_neighbors,
    neighborhood_information,
    purest_neighbors,
)
from skdeepcluster.starts import _landmarks

from ._small_clusterer import clusterer


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=5, return_X_y=True)
    return X.astype(np.float32), y


@pytest.fixture(scope="module")
def of_few(digits):
    return clusterer(5).fit(digits[0])


def lower_thresholds(monkeypatch):
    monkeypatch.setattr(_search, "_PAIRWISE_LIMIT", 100)
    monkeypatch.setattr(_landmarks, "N_LANDMARKS", 600)
    monkeypatch.setattr(_training_data, "TRAINING_SIZE", 500)


@pytest.mark.parametrize("init", [pytest.param("consensus", marks=pytest.mark.slow), "kmeans"])
def test_many_images_are_clustered_as_few_are(digits, monkeypatch, init):
    X = digits[0]
    # With another seed, k-means itself finds other clusters of landmarks than of all.
    settings = {"init": init, "random_state": 1}
    of_few = clusterer(5, **settings).fit(X)
    lower_thresholds(monkeypatch)
    est = clusterer(5, **settings).fit(X)
    assert normalized_mutual_info_score(of_few.labels_, est.labels_) > 0.85
    np.testing.assert_array_equal(est.predict(X), est.labels_)
    np.testing.assert_array_equal(est.labels_, clusterer(5, **settings).fit_predict(X))
    recall = est.history_["neighbor_recall"]
    assert len(recall) == est.n_iter_
    assert 0.9 < recall[0] <= 1
    assert set(of_few.history_["neighbor_recall"]) == {1.0}


def test_a_sample_is_trained_on_in_order(monkeypatch):
    few = draw_training_rows(20_000, 10, np.random.RandomState(0))
    np.testing.assert_array_equal(few, np.arange(20_000))
    rows, again, others = (
        draw_training_rows(50_000, 10, np.random.RandomState(seed)) for seed in (0, 0, 1)
    )
    assert (rows.shape, rows.dtype) == ((20_000,), np.int64)
    assert (np.diff(rows) > 0).all()
    assert rows[0] < 50 < 49_950 < rows[-1]
    np.testing.assert_array_equal(rows, again)
    assert not np.array_equal(rows, others)
    # Sixty a cluster, if that is more.
    assert len(draw_training_rows(50_000, 500, np.random.RandomState(0))) == 30_000
    assert len(draw_training_rows(50_000, 1000, np.random.RandomState(0))) == 50_000


def test_what_a_sample_is_trained_on_is_of_the_sample(digits):
    X, y = digits
    rows = np.sort(np.random.default_rng(0).choice(len(X), 300, replace=False))
    views = np.random.default_rng(1).normal(size=(300, 2, 64)).astype(np.float16)
    data = training_data(X, rows, views, nearest_neighbors(X, 8), y, 5)
    np.testing.assert_array_equal(data.features, X[rows])
    np.testing.assert_array_equal(data.start, y[rows])
    assert data.views is views
    np.testing.assert_array_equal(data.neighbors, nearest_neighbors(X[rows], 8))
    assert training_data(X, rows, None, nearest_neighbors(X, 8), None, 5).start is None
    # Of all samples, what is known of them.
    neighbors = nearest_neighbors(X, 8)
    data = training_data(X, np.arange(len(X)), None, neighbors, y, 5)
    assert data.features is X
    assert data.neighbors is neighbors
    assert data.start is y


@pytest.mark.parametrize(
    ("n_clusters", "n_near"),
    # Half of the mean size of a cluster, from 5 to the 20 there are.
    [(1, 20), (2, 15), (3, 10), (5, 6), (6, 5), (30, 5)],
)
def test_partners_are_of_a_neighbourhood_as_large_as_half_a_cluster(digits, n_clusters, n_near):
    X = digits[0][:60]
    neighbors = nearest_neighbors(X, 20)
    data = training_data(X, np.arange(60), None, neighbors, None, n_clusters)
    assert data.partners.shape == (60, (n_near + 1) // 2)
    np.testing.assert_array_equal(data.partners, purest_neighbors([neighbors[:, :n_near]]))
    np.testing.assert_array_equal(data.neighbors, neighbors)
    # There may be fewer than five.
    assert training_data(X, np.arange(60), None, neighbors[:, :3], None, 30).partners.shape[1] == 2


def test_partners_are_alike_in_the_mean_of_the_views_too(digits):
    X = digits[0][:200]
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    views = np.random.default_rng(0).normal(size=(200, 3, 64))
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    views = views.astype(np.float16)
    neighbors = nearest_neighbors(X, 8)
    data = training_data(X, np.arange(200), views, neighbors, None, 5)
    of_means = nearest_neighbors(unit + views.astype(np.float32).sum(axis=1), 8)
    np.testing.assert_array_equal(data.partners, purest_neighbors([neighbors, of_means]))
    assert not np.array_equal(data.partners, purest_neighbors([neighbors]))


def test_views_of_a_sample_of_many_images(snapshots, monkeypatch):
    """All are embedded and labelled, but views are only of those that are trained on."""
    images, scenes = snapshots
    monkeypatch.setattr(_training_data, "TRAINING_SIZE", 24)
    monkeypatch.setattr(_training_data, "_SAMPLES_PER_CLUSTER", 1)
    given, real = [], _clusterer.training_data

    def watched(*args):
        given.append((args, real(*args)))
        return given[-1][1]

    monkeypatch.setattr(_clusterer, "training_data", watched)
    start = np.unique(scenes, return_inverse=True)[1]
    est = clusterer(init=start).fit(images)
    (((features, rows, views, *_), data),) = given
    assert features.shape == (40, 1280)
    assert views.shape == (24, 1, 1280)
    expected = est.embedder_.transform_views(images[rows], 1)
    np.testing.assert_allclose(views, expected, atol=1e-3)
    # So are all that tells of the training.
    assert est.start_score_ == neighborhood_information(start[rows], data.neighbors, 4)
    labels = est.labels_[rows]
    score = neighborhood_information(labels, data.neighbors, 4)
    assert est.history_["score"][-1] == pytest.approx(score)
    assert (est.labels_ == start).mean() > 0.9


def test_many_images_of_an_unknown_number_of_clusters(digits, monkeypatch):
    lower_thresholds(monkeypatch)
    # Among the digits of the fixture, seven clusters are as good as five.
    X, y = load_digits(return_X_y=True)
    est = clusterer("auto", max_clusters=8, max_iter=1).fit(X[y % 2 == 0])
    assert est.n_clusters_ in (4, 5, 6)


def test_features_in_half_precision_on_disk(digits, of_few, tmp_path):
    X = digits[0]
    # Digits have sixteen grey values, which half precision holds exactly.
    np.save(tmp_path / "X.npy", X.astype(np.float16))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    est = clusterer(5).fit(mapped)
    np.testing.assert_array_equal(est.labels_, of_few.labels_)
    np.testing.assert_array_equal(est.embedding_, of_few.embedding_)
    np.testing.assert_array_equal(est.predict(mapped), est.labels_)
    assert est.score(mapped) == of_few.score(X)
    mapped = np.array(mapped)
    mapped[3, 4] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        clusterer(5).fit(mapped)


def test_mapped_features_are_never_copied_whole(tmp_path, monkeypatch):
    """Every piece that is taken of the file is a small part of it."""
    lower_thresholds(monkeypatch)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float16, (6000, 40))
    centers = 4 * np.random.default_rng(0).normal(size=(5, 40))
    X[:] = centers[np.arange(6000) % 5] + np.random.default_rng(1).normal(size=(6000, 40))
    X.flush()
    sizes = []
    take = _rows.stored_rows

    def watched(features, rows):
        taken = take(features, rows)
        if len(features) == 6000:
            sizes.append(len(taken))
        return taken

    monkeypatch.setattr(_rows, "_CHUNK_SIZE", 400)
    monkeypatch.setattr(_head, "_N_ROWS_FOR_SCALE", 500)
    monkeypatch.setattr(_reference, "_N_ROWS_FOR_AXES", 500)
    monkeypatch.setattr(_inverted_lists, "_N_ROWS_FOR_COMPONENTS", 500)
    monkeypatch.setattr(_inverted_lists, "_BATCH_SIZE", 100)
    instead = {"stored_rows": watched, "encode": partial(encode, chunk_size=400)}
    for name, module in list(sys.modules.items()):
        for function in instead.keys() & vars(module) if name.startswith("skdeepcluster") else ():
            monkeypatch.setattr(module, function, instead[function])
    est = clusterer(5, batch_size=256).fit(np.load(tmp_path / "X.npy", mmap_mode="r"))
    assert len(set(est.labels_)) == 5
    assert max(sizes) <= 2000


@pytest.fixture(scope="module")
def fitted(snapshots):
    return clusterer(on_error="skip").fit(snapshots[0])


def test_chunks_are_predicted_as_they_come(fitted, snapshots):
    images = snapshots[0]
    read = []

    class Images(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    from skdeepcluster.images._source import ArraySource

    chunks = fitted.iter_predict(ArraySource(Images(images)), chunk_size=16)
    assert read == []
    labels, probabilities = next(chunks)
    assert max(read) == 15
    assert (labels.shape, probabilities.shape) == ((16,), (16, 4))
    rest = [*chunks]
    np.testing.assert_array_equal(
        np.concatenate([labels, *(chunk for chunk, _ in rest)]), fitted.labels_
    )
    np.testing.assert_allclose(
        np.concatenate([probabilities, *(chunk for _, chunk in rest)]),
        fitted.predict_proba(images),
        atol=1e-4,
    )


def test_chunks_of_features_and_of_images_that_cannot_be_read(fitted, photo_folder):
    (photo_folder / "a broken one.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    with pytest.warns(UserWarning, match="1 of 41 images") as warned:
        chunks = [*fitted.iter_predict(paths, chunk_size=30)]
    assert len(warned) == 1
    assert [len(labels) for labels, _ in chunks] == [30, 11]
    assert chunks[0][0][0] == -1
    assert np.isnan(chunks[0][1][0]).all()
    features = ImageEmbedder(image_size=64).fit_transform(paths[1:])
    of_features = [*fitted.iter_predict(features, chunk_size=25)]
    np.testing.assert_array_equal(
        np.concatenate([labels for labels, _ in of_features]),
        np.concatenate([labels for labels, _ in chunks])[1:],
    )


def test_what_is_wrong_is_told_before_the_first_chunk(fitted, digits):
    with pytest.raises(ValueError, match="chunk_size"):
        fitted.iter_predict([], chunk_size=0)
    with pytest.raises(ValueError, match="0 images"):
        fitted.iter_predict([])
    with pytest.raises(ValueError, match="64 features"):
        fitted.iter_predict(digits[0])


def test_gaps_are_closed_in_the_file_of_features(photo_folder, tmp_path, monkeypatch):
    (photo_folder / "a broken one.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    with pytest.warns(UserWarning, match="1 of 41"):
        expected = clusterer(on_error="skip").fit(paths)
    monkeypatch.setattr(_embedder, "_BYTES_IN_MEMORY", 0)
    with pytest.warns(UserWarning, match="1 of 41"):
        est = clusterer(on_error="skip", memory=tmp_path / "cache").fit(paths)
    np.testing.assert_array_equal(est.labels_, expected.labels_)
    np.testing.assert_array_equal(est.embedding_, expected.embedding_)
    assert est.labels_[0] == -1


def test_half_precision_of_images(fitted, snapshots):
    half = clusterer(feature_dtype="float16").fit(snapshots[0])
    np.testing.assert_array_equal(half.labels_, fitted.labels_)
    assert half.predict_proba(snapshots[0]).dtype == np.float32


_FIT = """
import sys
import numpy as np
from skdeepcluster import DeepImageClusterer, list_images
from skdeepcluster.embedding import _saving

_saving._IMAGES_PER_CACHE_FILE = 4
folder, memory, output = sys.argv[1:]
est = DeepImageClusterer(
    4, image_size=64, random_state=0, max_iter=6, n_neighbors=8, memory=memory, n_jobs=1
)
est.fit(list_images(folder))
np.savez(output, labels=est.labels_, embedding=est.embedding_, probabilities=est.probabilities_)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
@pytest.mark.parametrize("when", ["embedding", "embedding views", "training"])
def test_a_killed_fit_goes_on_where_it_was_and_ends_alike(photo_folder, tmp_path, when):
    def run(name, memory):
        arguments = [photo_folder, tmp_path / memory, tmp_path / f"{name}.npz"]
        return subprocess.Popen([sys.executable, "-c", _FIT, *map(str, arguments)])

    assert run("uninterrupted", "other").wait() == 0
    killed = run("killed", "cache")
    # A batch a file, and there are two, of images and of their views.
    enough = {"embedding": 1, "embedding views": 3, "training": 4}[when]
    while len([*(tmp_path / "cache").rglob("*.safetensors")]) < enough:
        assert killed.poll() is None
        time.sleep(0.001)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    # Not the times, which say when a file was last used; a file that is written again is another.
    kept = {path: path.stat().st_ino for path in (tmp_path / "cache").rglob("*.safetensors")}
    assert not (tmp_path / "killed.npz").exists()
    assert run("repeated", "cache").wait() == 0
    assert kept.items() <= {path: path.stat().st_ino for path in kept}.items()
    with (
        np.load(tmp_path / "uninterrupted.npz") as expected,
        np.load(tmp_path / "repeated.npz") as found,
    ):
        for name in expected.files:
            np.testing.assert_array_equal(found[name], expected[name])
