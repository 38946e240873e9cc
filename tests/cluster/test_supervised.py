"""Fits on images of which something is known."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepcluster import DeepImageClusterer
from skdeepcluster.latent import TrainingData
from skdeepcluster.metrics import clustering_accuracy

from ._small_clusterer import clusterer


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=5, return_X_y=True)
    return X[:300].astype(np.float32), y[:300]


def partly(y, n_known, seed=0):
    known = np.full(len(y), -1)
    rows = np.random.RandomState(seed).choice(len(y), n_known, replace=False)
    known[rows] = y[rows]
    return known


def pairs_of(y, n_pairs, seed=0):
    pairs = np.random.RandomState(seed).randint(len(y), size=(n_pairs, 2))
    is_same = y[pairs[:, 0]] == y[pairs[:, 1]]
    return {"must_link": pairs[is_same], "cannot_link": pairs[~is_same]}


def assert_respected(labels, must_link=(), cannot_link=()):
    must_link, cannot_link = np.asarray(must_link), np.asarray(cannot_link)
    if len(must_link):
        assert (labels[must_link[:, 0]] == labels[must_link[:, 1]]).all()
    if len(cannot_link):
        assert (labels[cannot_link[:, 0]] != labels[cannot_link[:, 1]]).all()


def assert_consistent(est, X):
    np.testing.assert_array_equal(est.predict(X), est.labels_)
    np.testing.assert_array_equal(est.probabilities_.argmax(axis=1), est.labels_)
    np.testing.assert_allclose(est.predict_proba(X), est.probabilities_, atol=1e-5)


def test_images_get_the_labels_that_are_given(digits):
    X, y = digits
    known = partly(y, 50)
    est = clusterer(5).fit(X, known)
    np.testing.assert_array_equal(est.labels_[known >= 0], y[known >= 0])
    assert (est.labels_ == y).mean() > 0.95
    assert_consistent(est, X)
    assert {"supervision"} <= set(est.history_)


def test_labels_may_be_anything(digits):
    X, _ = digits
    known = np.full(300, -1)
    known[:60] = np.random.RandomState(1).randint(5, size=60)
    est = clusterer(5).fit(X, known)
    np.testing.assert_array_equal(est.labels_[:60], known[:60])
    assert_consistent(est, X)


@pytest.mark.parametrize("init", ["consensus", "kmeans", "random", "array"])
def test_pairs_are_respected(digits, init):
    X, y = digits
    given = pairs_of(y, 120)
    init = clusterer(5).fit_predict(X) if init == "array" else init
    est = clusterer(5, init=init).fit(X, **given)
    assert_respected(est.labels_, **given)
    np.testing.assert_array_equal(est.probabilities_.argmax(axis=1), est.labels_)
    # Of the pairs that are respected, the network does not see all.
    assert (est.predict(X) == est.labels_).mean() > 0.95


def test_pairs_that_contradict_the_network(digits):
    X, y = digits
    zeros, ones = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    given = {"must_link": [(zeros[0], ones[0])], "cannot_link": [(zeros[1], zeros[2])]}
    est = clusterer(5).fit(X, **given)
    assert_respected(est.labels_, **given)
    assert_consistent(est, X)


def test_given_clusters_keep_their_numbers(digits):
    X, _ = digits
    before = clusterer(5).fit(X)
    known = np.full(300, -1)
    moved = np.flatnonzero(before.labels_ == 3)[:4]
    known[moved] = 1
    est = clusterer(5, init=before.labels_).fit(X, known)
    assert (est.labels_[moved] == 1).all()
    assert (est.labels_ == before.labels_).mean() > 0.8


@pytest.mark.parametrize("method", ["fit_predict", "fit_transform"])
def test_what_is_known_goes_with_every_fit(digits, method):
    X, y = digits
    known, given = partly(y, 20), pairs_of(y, 20)
    expected = clusterer(5).fit(X, known, **given)
    expected = expected.labels_ if method == "fit_predict" else expected.embedding_
    np.testing.assert_array_equal(getattr(clusterer(5), method)(X, known, **given), expected)


def test_without_a_gap_y_is_not_looked_at(digits):
    X, y = digits
    expected = clusterer(5).fit(X)
    for ignored in (y, y.astype(str), np.arange(7)):
        est = clusterer(5).fit(X, ignored)
        np.testing.assert_array_equal(est.labels_, expected.labels_)
        np.testing.assert_array_equal(est.embedding_, expected.embedding_)
    assert "supervision" not in est.history_


def test_a_search_is_not_supervised(digits, monkeypatch):
    X, y = digits
    seen = []
    monkeypatch.setattr(
        "skdeepcluster.cluster._clusterer.train_head",
        spy(seen, "skdeepcluster.cluster._clusterer.train_head"),
    )
    folds = KFold(2, shuffle=True, random_state=0)
    GridSearchCV(clusterer(5), {"n_neighbors": [5, 8]}, cv=folds).fit(X, y)
    assert [data.supervision for data in seen] == [None] * 5


def spy(seen, name):
    from importlib import import_module

    module, function = name.rsplit(".", 1)
    original = getattr(import_module(module), function)

    def spied(head, data, *args, **kwargs):
        assert isinstance(data, TrainingData)
        seen.append(data)
        return original(head, data, *args, **kwargs)

    return spied


def test_a_score_counts_the_images_whose_class_is_known(digits):
    X, y = digits
    est = clusterer(5).fit(X)
    known = partly(y, 40)
    expected = clustering_accuracy(y[known >= 0], est.labels_[known >= 0])
    assert est.score(X, known) == pytest.approx(expected)
    assert est.score(X, np.full(300, -1)) == pytest.approx(est.score(X))
    folds = KFold(2, shuffle=True, random_state=0)
    assert cross_val_score(clusterer(5), X, known, cv=folds).mean() > 0.8


def test_a_pipeline_passes_what_is_known(digits):
    X, y = digits
    given = pairs_of(y, 30)
    pipeline = make_pipeline(StandardScaler(), clusterer(5))
    step = {f"deepimageclusterer__{name}": pairs for name, pairs in given.items()}
    assert_respected(pipeline.fit_predict(X, **step), **given)
    known = partly(y, 30)
    labels = pipeline.fit(X, known)[-1].labels_
    np.testing.assert_array_equal(labels[known >= 0], y[known >= 0])
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(clusterer(5)).set_fit_request(must_link=True, cannot_link=True)
        pipeline = make_pipeline(StandardScaler(), routed).fit(X, **given)
    assert_respected(pipeline[-1].labels_, **given)


def test_number_of_clusters_that_labels_and_pairs_need(digits):
    X, y = digits
    params = {"n_clusters": "auto", "min_clusters": 2, "max_clusters": 3}
    assert clusterer(**params).fit(X, partly(y, 20)).n_clusters_ == 5
    four = [np.flatnonzero(y == digit)[0] for digit in range(4)]
    apart = [(one, other) for one in four for other in four if one < other]
    est = clusterer(**params).fit(X, cannot_link=apart)
    assert est.n_clusters_ == 4 and len(set(est.labels_[four])) == 4


def test_copies_are_known_together(digits):
    X, y = digits
    X = np.concatenate([X, X[:20]])
    known = np.full(320, -1)
    known[310:] = 4 - y[10:20]
    est = clusterer(5).fit(X, known, cannot_link=[(0, 301)])
    np.testing.assert_array_equal(est.labels_[10:20], 4 - y[10:20])
    np.testing.assert_array_equal(est.labels_[300:], est.labels_[:20])
    assert est.labels_[0] != est.labels_[1]
    assert_consistent(est, X)
    with pytest.raises(ValueError, match="images 0 and 300 may not be linked, but 0 and 300 are"):
        clusterer(5).fit(X, cannot_link=[(0, 300)])


def test_contradictions_are_found_before_images_are_embedded(snapshots, monkeypatch):
    images = [Image.fromarray(image) for image in snapshots[0]]
    monkeypatch.setattr("skdeepcluster.ImageEmbedder.fit_transform", None)
    with pytest.raises(ValueError, match="images 3 and 7 may not be linked, but 3-5, 5-7 must"):
        clusterer().fit(images, must_link=[(3, 5), (5, 7)], cannot_link=[(3, 7)])
    with pytest.raises(ValueError, match="y holds the label 4"):
        clusterer().fit(images, np.where(np.arange(40) == 3, 4, -1))


def test_a_fit_that_fails_leaves_the_one_before(digits):
    X, _ = digits
    est = clusterer(5).fit(X)
    before = est.labels_
    with pytest.raises(ValueError, match="may not be linked"):
        est.fit(X, must_link=[(0, 1)], cannot_link=[(0, 1)])
    assert est.labels_ is before


def test_skipped_images_hold_others_together(tmp_path, snapshots):
    images, scenes = snapshots
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{number:02d}.png")
    (tmp_path / "05.png").write_bytes(b"no image")
    paths = sorted(tmp_path.iterdir())
    other = int(np.flatnonzero(scenes != scenes[3])[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = clusterer(on_error="skip").fit(paths, must_link=[(3, 5), (5, other)])
    assert est.labels_[5] == -1
    assert est.labels_[3] == est.labels_[other]
    readable = [path for number, path in enumerate(paths) if number != 5]
    np.testing.assert_array_equal(est.predict(readable), np.delete(est.labels_, 5))


@pytest.mark.parametrize("mode", ["before", "jointly"])
def test_with_fine_tuning(snapshots, mode):
    images, names = snapshots
    scenes = np.unique(names, return_inverse=True)[1]
    known = partly(scenes, 12)
    est = clusterer(fine_tune=1, fine_tune_mode=mode, fine_tune_iter=1, max_iter=2)
    est.fit(images, known, must_link=[(0, np.flatnonzero(scenes == scenes[0])[-1])])
    np.testing.assert_array_equal(est.labels_[known >= 0], scenes[known >= 0])
    assert (est.labels_ == scenes).mean() > 0.9


def test_merged_saved_and_pickled(digits, tmp_path):
    X, y = digits
    known = partly(y, 50)
    est = clusterer(5).fit(X, known)
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), est.labels_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(est)).predict(X), est.labels_)
    est.merge_clusters([0, 3])
    np.testing.assert_array_equal(est.predict(X), est.labels_)


def test_the_head_is_trained_on_what_is_known_of_many(digits, monkeypatch):
    X, y = digits
    monkeypatch.setattr("skdeepcluster.cluster._training_data.TRAINING_SIZE", 60)
    monkeypatch.setattr("skdeepcluster.cluster._training_data._SAMPLES_PER_CLUSTER", 10)
    seen = []
    name = "skdeepcluster.cluster._clusterer.train_head"
    monkeypatch.setattr(name, spy(seen, name))
    known = partly(y, 40)
    est = clusterer(5).fit(X, known)
    assert 60 <= len(seen[0].features) <= 100
    assert seen[0].supervision.is_known.sum() == 40
    np.testing.assert_array_equal(est.labels_[known >= 0], y[known >= 0])
    clusterer(5).fit(X, partly(y, 250))
    assert 60 < len(seen[1].features) <= 120
