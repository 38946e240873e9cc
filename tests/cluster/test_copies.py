"""Images of which there are many copies."""

import tempfile
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster._copies import without_copies
from skdeepcluster.features import _rows, are_copies, copied_rows, first_copies
from skdeepcluster.metrics import clustering_accuracy

from ._small_clusterer import clusterer


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = [rng.choice(np.flatnonzero(y == digit), 30, replace=False) for digit in range(4)]
    return X[np.concatenate(rows)].astype(np.float32), y[np.concatenate(rows)]


def assert_consistent(est, X, firsts):
    np.testing.assert_array_equal(est.labels_, est.labels_[firsts])
    np.testing.assert_array_equal(est.predict(X), est.labels_)
    np.testing.assert_array_equal(est.embedding_, est.embedding_[firsts])
    np.testing.assert_allclose(est.predict_proba(X), est.probabilities_, atol=1e-5)


def test_copies_of_one_image_do_not_hide_where_it_belongs(digits):
    X, y = digits
    est = DeepImageClusterer(4, random_state=0).fit(X)
    alone = clustering_accuracy(y, est.labels_)
    copies = np.concatenate([np.arange(120), np.zeros(60, dtype=int)])
    est.fit(X[copies])
    assert clustering_accuracy(y[copies], est.labels_) > alone - 0.02 > 0.8
    assert_consistent(est, X[copies], copies)
    # An image is as unlike the others as it was.
    assert est.outlier_scores_[0] == est.outlier_scores_[150] > 0


def test_copies_far_from_all_others_are_a_cluster():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = 8 * np.eye(3, 8)[y] + rng.normal(size=(90, 8))
    blank = np.repeat(rng.normal(size=(1, 8)) * 5, 200, axis=0)
    X, y = np.concatenate([X, blank]).astype(np.float32), np.concatenate([y, np.full(200, 3)])
    est = DeepImageClusterer(4, random_state=0).fit(X)
    assert clustering_accuracy(y, est.labels_) == 1
    assert_consistent(est, X, first_copies(X))


@pytest.mark.parametrize("n_clusters", [2, 3, 5])
def test_fewer_images_than_clusters_when_copies_are_left_out(n_clusters):
    X = np.random.default_rng(0).normal(size=(2, 8)).repeat(25, axis=0).astype(np.float32)
    est = DeepImageClusterer(n_clusters, random_state=0)
    if n_clusters > 2:
        with pytest.warns(ConvergenceWarning, match="Only 2 of"):
            est.fit(X)
    else:
        est.fit(X)
    assert est.n_clusters_ == 2
    assert_consistent(est, X, first_copies(X))


def test_copies_of_files_and_images_that_cannot_be_read(photo_folder, tmp_path):
    paths = sorted(photo_folder.iterdir())
    (photo_folder / "broken.jpg").write_bytes(b"no image")
    X = [photo_folder / "broken.jpg", *paths, paths[3], photo_folder / "broken.jpg", paths[7]]
    est = clusterer(on_error="skip", n_neighbors=5)
    with pytest.warns(UserWarning, match="2 of 44"):
        est.fit(X)
    assert [*np.flatnonzero(est.labels_ < 0)] == [0, 42]
    assert np.isnan(est.embedding_[[0, 42]]).all()
    assert est.labels_[41] == est.labels_[4] and est.labels_[43] == est.labels_[8]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(est.predict(X), est.labels_)
    assert est.cluster_info()["size"].sum() == 42
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.labels_, est.labels_)


def test_start_labels_are_those_of_the_first_copies(digits):
    X, y = digits
    copies = np.concatenate([np.arange(120), np.zeros(60, dtype=int)])
    est = DeepImageClusterer(4, init=y[copies], max_iter=0, random_state=0).fit(X[copies])
    assert_consistent(est, X[copies], copies)


def test_without_copies_nothing_is_left_out():
    features = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    readable = np.ones(50, dtype=bool)
    found, kept, firsts = without_copies(features, readable, 3, 5, is_ours=False)
    assert found is features and kept is readable
    assert firsts is None


def test_the_users_features_are_left_as_they_are(digits):
    X = np.concatenate([digits[0][:40], digits[0][:1], digits[0][40:]])
    before = X.copy()
    DeepImageClusterer(4, max_iter=0, random_state=0).fit(X)
    np.testing.assert_array_equal(X, before)


def test_mapped_features_stay_on_disk(digits, tmp_path, monkeypatch):
    """Neither their copies nor the others are read into memory at once."""
    blank = np.full((30, 64), -50, np.float32) * (np.arange(64) < 5)
    X = np.concatenate([digits[0], digits[0][:20], blank])
    in_memory = DeepImageClusterer(4, max_iter=1, random_state=0).fit(X)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    monkeypatch.setattr(_rows, "_SMALL_MAP", 0)
    monkeypatch.setattr(_rows, "_CHUNK_SIZE", 50)
    most_rows = []

    def take(features, rows, take=_rows.stored_rows):
        taken = take(features, rows)
        most_rows.append(len(taken))
        return taken

    monkeypatch.setattr(_rows, "stored_rows", take)
    readable = np.ones(len(X), dtype=bool)
    found, kept, firsts = without_copies(mapped, readable, 4, 20, is_ours=False)
    assert max(most_rows) <= 50
    np.testing.assert_array_equal(found, X[kept])
    np.testing.assert_array_equal(firsts, first_copies(X))
    # Of the blank rows as many are kept as make a cluster.
    assert kept[:120].all() and not kept[120:140].any() and kept[140:].sum() == 30
    assert _rows._map_behind(found) is not None
    monkeypatch.undo()
    monkeypatch.setattr(_rows, "_SMALL_MAP", 0)
    est = DeepImageClusterer(4, max_iter=1, random_state=0).fit(mapped)
    np.testing.assert_array_equal(est.labels_, in_memory.labels_)


def test_mapped_features_that_no_disk_has_room_for(tmp_path, monkeypatch):
    mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=(8, 4))
    monkeypatch.setattr(_rows, "_SMALL_MAP", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(OSError, match=r"missing' has no room .* TMPDIR"):
        copied_rows(mapped, np.arange(3))


def test_first_copies_of_rows():
    rows = np.array([[1, 2], [3, 4], [1, 2], [0, 0], [3, 4], [1, 2]], dtype=np.float32)
    np.testing.assert_array_equal(first_copies(rows), [0, 1, 0, 3, 1, 0])
    np.testing.assert_array_equal(first_copies(rows.astype(np.float16)), [0, 1, 0, 3, 1, 0])
    np.testing.assert_array_equal(are_copies(rows), [False, False, True, False, True, True])


def test_a_least_number_of_clusters_above_that_of_images_is_warned_of():
    X = np.random.default_rng(0).normal(size=(6, 3))
    with pytest.warns(ConvergenceWarning, match="of min_clusters=7 clusters could be filled"):
        est = DeepImageClusterer("auto", min_clusters=7, random_state=0).fit(X)
    assert est.n_clusters_ <= 6
