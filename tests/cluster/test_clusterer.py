import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from skdeepcluster import DeepImageClusterer, ImageEmbedder, list_images
from skdeepcluster.backbones._engines import TorchEngine
from skdeepcluster.cluster import _clusterer
from skdeepcluster.cluster._validation import check_cluster_prior
from skdeepcluster.images import ImageReadError
from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_information, neighborhood_score
from skdeepcluster.starts import Start

from ._small_clusterer import clusterer


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=5, return_X_y=True)
    return X[:500].astype(np.float32), y[:500]


@pytest.fixture(scope="module")
def features(snapshots):
    return ImageEmbedder(image_size=64).fit_transform(snapshots[0])


@pytest.fixture(scope="module")
def fitted(snapshots):
    return clusterer().fit(snapshots[0])


def test_photographs_are_told_apart(fitted, snapshots):
    images, scenes = snapshots
    assert clustering_accuracy(scenes, fitted.labels_) > 0.95
    assert fitted.score(images, scenes) > 0.95
    np.testing.assert_array_equal(fitted.predict(images), fitted.labels_)
    assert set(fitted.labels_) == {0, 1, 2, 3}


def test_attributes(fitted):
    assert fitted.embedding_.shape == (40, 100)
    np.testing.assert_allclose(np.linalg.norm(fitted.embedding_, axis=1), 1, atol=1e-5)
    assert fitted.cluster_centers_.shape == (4, 100)
    assert fitted.n_features_in_ == 1280
    assert fitted.n_iter_ == 6
    assert {len(values) for values in fitted.history_.values()} == {6}
    assert set(fitted.history_) == {
        *("loss", "balance", "augmentation", "neighbor", "nearest_centroid", "learning_rate"),
        *("label_change", "n_occupied", "score", "neighbor_recall"),
    }
    np.testing.assert_allclose(fitted.probabilities_.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(fitted.probabilities_.argmax(axis=1), fitted.labels_)


def test_new_images_get_the_same_clusters(fitted, snapshots):
    bright = np.clip(snapshots[0] * 0.9, 0, 255).astype(np.uint8)
    assert (fitted.predict(bright) == fitted.labels_).mean() > 0.95
    assert fitted.transform(bright).shape == (40, 100)
    np.testing.assert_allclose(fitted.predict_proba(bright).sum(axis=1), 1, atol=1e-5)


def test_repeatable(digits):
    X, y = digits
    first = clusterer(5).fit(X)
    np.testing.assert_array_equal(first.labels_, clusterer(5).fit_predict(X))
    np.testing.assert_array_equal(first.embedding_, clusterer(5).fit_transform(X))
    assert clustering_accuracy(y, first.labels_) > 0.9


def test_global_random_state_is_left_alone(digits):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    clusterer(5, max_iter=1).fit(digits[0])
    assert torch.equal(torch.rand(2), expected)


def test_all_ways_to_pass_images_agree(fitted, snapshots, photo_folder):
    images = snapshots[0]
    pngs = photo_folder.parent / "pngs"
    pngs.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(pngs / f"{number:02}.png")
    for X in (pngs, str(pngs), list_images(pngs), pd.Series(list_images(pngs)), list(images)):
        assert clustering_accuracy(fitted.labels_, clusterer().fit(X).labels_) == 1
    features = ImageEmbedder(image_size=64).fit_transform(images)
    np.testing.assert_array_equal(fitted.predict(features), fitted.labels_)


def test_starts(digits):
    X, y = digits
    given = clusterer(5, init=y, max_iter=2).fit(X)
    assert clustering_accuracy(y, given.labels_) > 0.97
    called = clusterer(5, init=lambda features, k, random_state: y, max_iter=2).fit(X)
    np.testing.assert_array_equal(given.labels_, called.labels_)
    by_kmeans = clusterer(5, init="kmeans", max_iter=2).fit(X)
    assert clustering_accuracy(y, by_kmeans.labels_) > 0.85
    random = clusterer(5, init="random", max_iter=15).fit(X)
    assert np.isnan(random.start_score_)
    assert set(random.labels_) == set(range(5))
    for init, message in (
        (y[:10], "shape"),
        (y + 1, r"lie in \[0, 4\]"),
        (y.astype(float) + 0.5, "integers"),
    ):
        with pytest.raises(ValueError, match=message):
            clusterer(5, init=init).fit(X)


def test_the_nearest_centroid_term_waits_for_clusters(digits):
    terms = {"balance": 5, "augmentation": 1, "neighbor": 1, "nearest_centroid": 2}
    for init, waits in (("kmeans", 0), ("random", 3)):
        history = clusterer(5, init=init).fit(digits[0]).history_
        weighted = sum(weight * np.array(history[name]) for name, weight in terms.items())
        left_out = np.arange(6) < waits
        np.testing.assert_allclose(
            history["loss"], weighted - 2 * left_out * history["nearest_centroid"], rtol=1e-5
        )


def test_all_epochs_are_run(digits):
    """Also where there is nothing to learn, and no state is better than the first."""
    nothing = dict.fromkeys(["balance", "augmentation", "neighbor", "nearest_centroid"], 0)
    for params in ({}, {"loss_weights": nothing}):
        est = clusterer(5, max_iter=20, **params).fit(digits[0])
        assert est.n_iter_ == 20
        assert {len(values) for values in est.history_.values()} == {20}
    assert est.history_["loss"] == [0] * 20
    assert "balance" not in est.history_


def test_the_last_state_is_the_result(digits):
    """Whatever it scores: here less than an epoch before, and less than the start."""
    X, y = digits
    worse = {"balance": 0, "augmentation": 0, "neighbor": 0}
    est = clusterer(5, init=y, loss_weights=worse, learning_rate=0.03).fit(X)
    scores = est.history_["score"]
    assert max(scores) > scores[-1]
    assert est.start_score_ > scores[-1]
    graph = nearest_neighbors(X, 8)
    assert neighborhood_information(est.labels_, graph, 5) == pytest.approx(scores[-1])


@pytest.mark.parametrize("digit", [7, 8])
def test_a_small_cluster_of_the_start_does_not_die(digits, digit):
    everything, classes = load_digits(return_X_y=True)
    rare = everything[classes == digit][:10].astype(np.float32)
    start = np.append(digits[1], [5] * 10)
    est = clusterer(6, init=start, max_iter=12).fit(np.concatenate([digits[0], rare]))
    assert est.n_clusters_ == 6
    # One of them may look like another digit.
    assert (est.labels_[500:] == 5).sum() >= 9
    assert clustering_accuracy(start, est.labels_) > 0.97


@pytest.mark.parametrize("init", ["consensus", "random"])
def test_latents_may_be_what_is_to_agree(digits, init):
    X, y = digits
    est = clusterer(5, agreement="latents", init=init, max_iter=10).fit(X)
    assert {"mmd", "augmentation", "neighbor", "nearest_centroid"} <= set(est.history_)
    assert "balance" not in est.history_
    # Cosine distances, as published.
    assert max(est.history_["neighbor"]) < 2
    assert set(est.labels_) == set(range(5))
    if init == "consensus":
        assert clustering_accuracy(y, est.labels_) > 0.9
    # It is not a matter of the weights alone.
    weights = {"mmd": 1, "balance": 0, "augmentation": 1, "neighbor": 3, "nearest_centroid": 0.5}
    of_weights = clusterer(5, loss_weights=weights, init=init, max_iter=10).fit(X)
    assert set(of_weights.history_) == set(est.history_)
    assert not np.allclose(est.embedding_, of_weights.embedding_, atol=0.01)


def spy_on_training_data(monkeypatch):
    """Record with what the data to train on are put together."""
    given = []

    def watched(*args):
        given.append(args)
        return real(*args)

    real = _clusterer.training_data
    monkeypatch.setattr(_clusterer, "training_data", watched)
    return given


def cells():
    """A network that returns the mean colours of 4 x 4 parts of an image: 48 features."""
    return torch.nn.Sequential(torch.nn.AvgPool2d(16), torch.nn.Flatten())


def test_the_head_is_trained_on_random_views(snapshots):
    images = snapshots[0]
    settings = {"backbone": cells(), "init": np.arange(40) // 10}
    without, with_two, with_three = (
        clusterer(**settings, n_views=n_views).fit(images) for n_views in (0, 2, 3)
    )
    again = clusterer(**settings, n_views=2).fit_transform(images)
    np.testing.assert_array_equal(with_two.embedding_, again)
    for one, other in ((without, with_two), (with_two, with_three)):
        assert np.abs(one.embedding_ - other.embedding_).max() > 0.01
    # Features have no views.
    features = with_two.embedder_.transform(images)
    alike = [clusterer(init=settings["init"], n_views=n).fit_transform(features) for n in (0, 2)]
    np.testing.assert_array_equal(*alike)
    np.testing.assert_array_equal(without.embedding_, alike[0])


@pytest.mark.parametrize("params", [{}, {"n_views": 0}, {"n_views": 2}], ids=str)
def test_images_and_their_views_are_embedded_once(snapshots, monkeypatch, params):
    n_embedded = []
    call = TorchEngine.__call__

    def counting(engine, pixels):
        n_embedded.append(len(pixels))
        return call(engine, pixels)

    monkeypatch.setattr(TorchEngine, "__call__", counting)
    est = DeepImageClusterer(
        4, backbone=cells(), image_size=64, engine="torch", device="cpu", init="kmeans", **params
    )
    est.fit(snapshots[0])
    n_images = 40 * (1 + est.n_views)
    assert sum(n_embedded) == n_images
    est.predict(snapshots[0][:3])
    assert sum(n_embedded) == n_images + 3


def test_views_are_those_of_the_images_that_can_be_read(photo_folder, monkeypatch):
    (photo_folder / "a broken one.jpg").write_bytes(b"no image")
    given = spy_on_training_data(monkeypatch)
    with pytest.warns(UserWarning, match="1 of 41"):
        est = clusterer(backbone=cells(), n_views=2, on_error="skip").fit(list_images(photo_folder))
    ((features, rows, views, *_),) = given
    paths = [path for path in list_images(photo_folder) if "broken" not in path.name]
    np.testing.assert_array_equal(rows, np.arange(40))
    np.testing.assert_array_equal(features, est.embedder_.transform(paths))
    np.testing.assert_array_equal(views, est.embedder_.transform_views(paths, 2))


def test_an_image_that_cannot_be_read_any_more_is_its_own_view(snapshots, monkeypatch):
    given = spy_on_training_data(monkeypatch)
    transform_views = ImageEmbedder.transform_views

    def losing(*args):
        views = transform_views(*args)
        views[5] = np.nan
        return views

    monkeypatch.setattr(ImageEmbedder, "transform_views", losing)
    est = clusterer(backbone=cells(), n_views=2).fit(snapshots[0])
    ((features, _, views, *_),) = given
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(views[5], np.stack([unit[5]] * 2), atol=1e-3)
    assert np.abs(views[4] - unit[4]).max() > 0.01
    assert np.isfinite(est.embedding_).all()


def test_prior(digits):
    X = digits[0]
    shares = [0.1, 0.4, 0.2, 0.2, 0.1]
    for prior in ("balanced", "uneven", shares):
        assert len(set(clusterer(5, cluster_prior=prior, max_iter=2).fit(X).labels_)) == 5
    for prior in ([0.5, 0.5], [1, 1, 1, 1, -1], [0] * 5):
        with pytest.raises(ValueError, match="cluster_prior must be 5 shares"):
            clusterer(5, cluster_prior=prior).fit(X)
    # A random head has no shares to take: they are equal.
    alike = [
        clusterer(5, cluster_prior=p, init="random", max_iter=2) for p in ("estimated", "balanced")
    ]
    np.testing.assert_array_equal(alike[0].fit_predict(X), alike[1].fit_predict(X))


def test_shares_of_the_start_are_drawn_towards_equal_ones():
    """Three tenths of the way."""
    start = np.repeat([0, 1, 2], [5, 3, 2])
    expected = 0.7 * np.array([0.5, 0.3, 0.2, 0]) + 0.3 * np.full(4, 0.25)
    for prior in ("estimated", "uneven"):
        shares = check_cluster_prior(prior, 4, start)
        np.testing.assert_allclose(shares, expected, atol=1e-6)
    np.testing.assert_allclose(check_cluster_prior("balanced", 4, start), 0.25)
    np.testing.assert_allclose(check_cluster_prior("estimated", 4, None), 0.25)
    # Those that are given stay as they are, but for their order.
    given = check_cluster_prior([0.1, 0.2, 0.3, 0.4], 4, start)
    np.testing.assert_allclose(given, [0.4, 0.3, 0.2, 0.1], atol=1e-6)


@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        ("estimated", False),
        ("balanced", False),
        ("uneven", True),
        ([0.6, 0.1, 0.1, 0.1, 0.1], True),
    ],
)
def test_uneven_priors_ask_for_an_uneven_start(digits, monkeypatch, prior, expected):
    X, y = digits
    asked = []

    def find_start(*given, uneven):
        asked.append(uneven)
        return Start(y.astype(np.int64))

    monkeypatch.setattr("skdeepcluster.cluster._clusterer.find_start", find_start)
    clusterer(5, cluster_prior=prior, max_iter=0).fit(X)
    assert asked == [expected]


def test_loss_weights(digits):
    X = digits[0]
    weights = {"balance": 0, "augmentation": 0, "neighbor": 0}
    off = clusterer(5, init="random", loss_weights=weights).fit(X)
    # Only the nearest-centroid term is left, and from a random head only in the second half.
    assert off.history_["loss"][:3] == [0] * 3
    assert min(off.history_["loss"][3:]) > 0
    assert not {*weights, "mmd"} & set(off.history_)
    assert "mmd" in clusterer(5, loss_weights={"mmd": 1}, max_iter=1).fit(X).history_
    for weights, message in (({"knn": 1}, "the terms are"), ({"mmd": -1}, "negative")):
        with pytest.raises(ValueError, match=message):
            clusterer(5, loss_weights=weights).fit(X)


def test_more_clusters_than_dimensions():
    X = np.random.default_rng(0).normal(size=(60, 5))
    est = clusterer(12, n_components=4).fit(X)
    assert set(est.labels_) == set(range(12))


def test_cluster_info(fitted, photo_folder):
    info = fitted.cluster_info(n_representatives=3)
    assert info["size"].sum() == 40
    assert info["share"].sum() == pytest.approx(1)
    assert (info["cohesion"] <= 1).all()
    assert [len(names) for names in info["representatives"]] == [3] * 4
    paths = list_images(photo_folder)
    named = clusterer().fit(paths).cluster_info()
    assert named["representatives"][0][0] in map(str, paths)


@pytest.mark.parametrize("dump", ["pickle", "joblib"])
def test_pickle_is_small_and_predicts(fitted, snapshots, tmp_path, dump):
    if dump == "pickle":
        (tmp_path / "est").write_bytes(pickle.dumps(fitted))
        loaded = pickle.loads((tmp_path / "est").read_bytes())
    else:
        joblib.dump(fitted, tmp_path / "est")
        loaded = joblib.load(tmp_path / "est")
    # The head alone: neither the network nor its session.
    assert (tmp_path / "est").stat().st_size < 6_000_000
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), fitted.labels_)


@pytest.mark.slow
def test_grid_search_on_arrays_paths_and_features(snapshots, features, photo_folder):
    images, _ = snapshots
    paths = list_images(photo_folder)
    # The images come in the order of their scenes: every fold should have all of them.
    folds = KFold(3, shuffle=True, random_state=0)
    for X in (images, paths, features):
        search = GridSearchCV(
            clusterer(n_neighbors=5), {"n_clusters": [2, 4]}, cv=folds, n_jobs=2
        ).fit(X)
        assert len(search.predict(X)) == 40
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        # Features have no views: of so few, both numbers are about as good.
        if X is not features:
            assert search.best_params_ == {"n_clusters": 4}


@pytest.mark.slow
def test_one_network_judges_the_clusters_of_all(snapshots, tmp_path):
    images, scenes = snapshots
    labels = np.unique(scenes, return_inverse=True)[1]
    judge = ImageEmbedder(image_size=128).fit_transform(images)
    expected = neighborhood_score(labels, nearest_neighbors(judge, 6), 4)
    assert 0.8 < expected < 0.876
    memory = tmp_path / "cache"
    for params in ({}, {"image_size": 128}, {"n_neighbors": 3, "memory": memory}):
        est = clusterer(init=labels, max_iter=0, **params).fit(images)
        np.testing.assert_array_equal(est.labels_, labels)
        assert est.score(images) == pytest.approx(expected)
    assert est.score(images) == pytest.approx(expected), "now from the cache"
    # Worse features agree well with their own clusters; it does not help them.
    untrained = clusterer(backbone="untrained:resnet18", image_size=32).fit(images)
    assert untrained.score(images) < expected


def test_the_score_does_not_depend_on_numbers_of_clusters(digits):
    X, y = digits
    est = clusterer(5, init=y, max_iter=0).fit(X)
    swapped = clusterer(5, init=(y + 2) % 5, max_iter=0).fit(X)
    # The fold has no sample of the last cluster of the one, of the third of the other.
    fold = X[y < 4]
    assert est.score(fold) == pytest.approx(swapped.score(fold))


def test_classes_of_another_number(fitted, snapshots):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.score(snapshots[0], snapshots[1][:-1])


def test_tables_as_output_are_for_the_user_alone(snapshots, features):
    images, scenes = snapshots
    with config_context(transform_output="pandas"):
        est = clusterer().fit(images)
        assert est.score(images) > 0.5
        assert est.score(images, scenes) > 0.95
        assert isinstance(est.transform(images), pd.DataFrame)
        assert clusterer("auto", max_clusters=6).fit(features).n_clusters_ <= 6
        assert clusterer(init="kmeans").fit(features).n_clusters_ == 4


def test_a_fit_that_fails_leaves_the_one_before(snapshots, features):
    images = snapshots[0]
    est = clusterer(image_size=32).fit(images)
    labels = est.labels_
    with pytest.raises(ValueError, match="n_samples=1"):
        est.set_params(image_size=48).fit(features[:1])
    np.testing.assert_array_equal(est.set_params(image_size=32).predict(images), labels)

    def interrupt(features, n_clusters, random_state):
        raise KeyboardInterrupt

    for broken in (est.set_params(init=interrupt), clusterer(init=interrupt)):
        with pytest.raises(KeyboardInterrupt):
            broken.fit(features)
    np.testing.assert_array_equal(est.predict(images), labels)
    with pytest.raises(NotFittedError):
        broken.predict(features)


def test_what_needs_no_features_is_checked_before_embedding(snapshots, monkeypatch):
    def never(*args):
        raise AssertionError("embedding has begun")

    monkeypatch.setattr(ImageEmbedder, "fit_transform", never)
    for params, message in (
        ({"n_clusters": 41}, "n_samples=40"),
        ({"n_clusters": "auto", "min_clusters": 5, "max_clusters": 3}, "min_clusters=5"),
        ({"cluster_prior": [0.5, 0.5]}, "must be 4 shares"),
        ({"fine_tune": 99}, "99 stages"),
        ({"fine_tune": 1, "image_size": [32, 64]}, "image_size is a list"),
        ({"fine_tune": 1, "backbone": ["efficientnet_lite0"] * 2}, "backbone is a list"),
    ):
        with pytest.raises(ValueError, match=message):
            clusterer(**params).fit(snapshots[0])


def test_score_leaves_out_what_cannot_be_read(fitted, photo_folder):
    paths = list_images(photo_folder)
    damaged = photo_folder / "damaged.jpg"
    damaged.write_bytes(b"no image")
    est = clone(fitted).set_params(on_error="skip").fit(paths)
    with pytest.warns(UserWarning, match="1 of 41") as told:
        score = est.score([damaged, *paths])
    assert len(told) == 1
    assert score == pytest.approx(est.score(paths))


def test_a_folder_handed_to_a_splitter(photo_folder):
    search = GridSearchCV(clusterer(), {"n_clusters": [2]}, cv=3, error_score="raise")
    with pytest.raises(ValueError, match="list_images"):
        search.fit(str(photo_folder))


def test_a_search_ends_with_the_name_of_an_image_that_cannot_be_read(snapshots, tmp_path):
    for number, image in enumerate(snapshots[0][::2]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    (tmp_path / "5.png").write_bytes(b"no image")
    X = list_images(tmp_path)
    search = GridSearchCV(clusterer(2, max_iter=1), {"n_neighbors": [3, 5]}, cv=2)
    with (
        pytest.warns(UserWarning, match="fits failed|Scoring failed|non-finite"),
        pytest.raises(ImageReadError, match=r"5\.png.*or set on_error='skip'"),
    ):
        search.fit(X)
    # As it says: the others are searched by.
    search.estimator.set_params(on_error="skip")
    with pytest.warns(UserWarning, match="1 of .* could not be read") as caught:
        search.fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert not any("on_error" in str(warning.message) for warning in caught)


def test_in_pipelines(snapshots, features):
    images, scenes = snapshots
    labels = make_pipeline(ImageEmbedder(image_size=64), clusterer()).fit_predict(images)
    assert clustering_accuracy(scenes, labels) > 0.95
    assert make_pipeline(clusterer()).fit(images).score(images, scenes) > 0.95
    scorer = make_scorer(clustering_accuracy)
    assert scorer(clusterer().fit(features), features, scenes) > 0.95


def test_set_output_and_clone(features):
    est = clusterer().set_output(transform="pandas").fit(features)
    names = est.transform(features).columns
    assert names[0] == "deepimageclusterer0"
    assert list(names) == list(est.get_feature_names_out())
    assert clone(est).get_params() == est.get_params()


def test_skipped_images_have_the_label_minus_one(photo_folder):
    (photo_folder / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    paths = list_images(photo_folder)
    bad = paths.index(photo_folder / "cut.jpg")
    with pytest.raises(ImageReadError, match=r"cut\.jpg"):
        clusterer().fit(paths)
    with pytest.warns(UserWarning, match="1 of 41 images"):
        est = clusterer(on_error="skip", fine_tune=1, fine_tune_iter=1).fit(paths)
    assert np.flatnonzero(est.labels_ == -1) == [bad]
    assert np.isnan(est.embedding_[bad]).all()
    assert est.cluster_info()["size"].sum() == 40
    with pytest.warns(UserWarning, match="1 of 41"):
        np.testing.assert_array_equal(est.predict(paths), est.labels_)
    # Also where there is none that can be read.
    with pytest.warns(UserWarning, match="1 of 1"):
        assert est.predict(paths[bad : bad + 1]).tolist() == [-1]
    with pytest.warns(UserWarning, match="1 of 1"):
        assert np.isnan(est.predict_proba(paths[bad : bad + 1])).all()
    with (
        pytest.warns(UserWarning, match="1 of 1"),
        pytest.raises(ValueError, match="None of the 1 images can be read"),
    ):
        clusterer("auto", on_error="skip").fit(paths[bad : bad + 1])


def test_all_images_the_same():
    images = np.full((12, 32, 32, 3), 99, np.uint8)
    with pytest.warns(ConvergenceWarning, match="Only 1 of n_clusters=3"):
        est = clusterer(3).fit(images)
    assert set(est.labels_) == {0}
    np.testing.assert_array_equal(est.predict(images), est.labels_)


def test_too_few_images(snapshots):
    with pytest.raises(ValueError, match="n_samples=1 should be >= n_clusters=4"):
        clusterer().fit(snapshots[0][:1])
    with pytest.raises(ValueError, match="0 images"):
        clusterer().fit([])
    assert list(clusterer(1).fit(snapshots[0][:1]).labels_) == [0]
    assert sorted(clusterer(3).fit(snapshots[0][::15]).labels_) == [0, 1, 2]


def test_bad_features(digits):
    X = digits[0].copy()
    X[3, 4] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        clusterer(5).fit(X)
    with pytest.raises(ValueError, match="fitted on features"):
        clusterer(5, max_iter=1).fit(digits[0]).predict(np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(NotFittedError):
        clusterer(5).predict(digits[0])
    with pytest.raises(ValueError, match="needs images"):
        clusterer(5, fine_tune=1).fit(digits[0])


def test_memory_mapped_features_are_left_alone(digits, tmp_path, recwarn):
    np.save(tmp_path / "X.npy", digits[0])
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(
        clusterer(5, max_iter=1).fit_predict(X), clusterer(5, max_iter=1).fit_predict(digits[0])
    )
    assert [str(w.message) for w in recwarn if "writable" in str(w.message)] == []


def test_missing_folder(tmp_path):
    # A string that is no folder.
    with pytest.raises(FileNotFoundError, match="no folder"):
        clusterer().fit(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    "params",
    [
        {"n_clusters": 0},
        {"init": "best"},
        {"fine_tune": -1},
        {"n_views": -1},
        {"agreement": "labels"},
        {"learning_rate": 0},
        {"loss_weights": [1, 2]},
        {"on_error": "ignore"},
    ],
)
def test_wrong_parameters(params, digits):
    with pytest.raises(ValueError, match=next(iter(params))):
        DeepImageClusterer(**params).fit(digits[0])


def test_interrupted_fit_writes_nothing_half(digits, monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skdeepcluster.latent._trainer.LatentTrainer.run_epoch", interrupt)
    est = clusterer(5)
    with pytest.raises(KeyboardInterrupt):
        est.fit(digits[0])
    assert not hasattr(est, "labels_")


def test_progress_bar_on_request(digits, capsys):
    few = digits[0][:60]
    clusterer("auto", max_iter=2, max_clusters=4).fit(few)
    assert capsys.readouterr().err == ""
    clusterer("auto", max_iter=2, max_clusters=4, verbose=1).fit(few)
    said = capsys.readouterr().err
    stages = ["number of clusters", "neighbours", "start", "training"]
    assert sorted(stages, key=said.find) == stages
    assert said.find(stages[0]) >= 0


def test_the_number_of_clusters_is_found():
    X, y = make_blobs(300, 20, centers=5, random_state=0)
    est = clusterer("auto", max_clusters=12).fit(X)
    assert est.n_clusters_ == 5 == len(est.cluster_centers_)
    assert clustering_accuracy(y, est.labels_) == 1
    assert min(est.n_clusters_criterion_) == 2
    assert max(est.n_clusters_criterion_) == 12
    assert not hasattr(est.set_params(n_clusters=5).fit(X), "n_clusters_criterion_")
    with pytest.raises(ValueError, match="above max_clusters"):
        clusterer("auto", min_clusters=5, max_clusters=3).fit(X)


def test_images_of_no_cluster_are_outliers(digits):
    X, _ = digits
    outliers = np.random.default_rng(0).permuted(X[:25], axis=1)
    est = clusterer(5, max_iter=1).fit(np.concatenate([X, outliers]))
    assert est.outlier_scores_.shape == (525,)
    assert (est.outlier_scores_[500:] > np.quantile(est.outlier_scores_[:500], 0.95)).all()
    assert clusterer(1).fit(X[:1]).outlier_scores_ == 0


def test_outliers_that_lie_together_are_outliers_still(digits):
    """A few of a class of their own, whose nearest neighbours are one another."""
    X, _ = digits
    everything, classes = load_digits(return_X_y=True)
    outliers = everything[classes == 7][:6].astype(np.float32)
    est = clusterer(5, max_iter=0, n_neighbors=20).fit(np.concatenate([X, outliers]))
    assert (est.outlier_scores_[500:] > np.quantile(est.outlier_scores_[:500], 0.8)).all()


def test_copies_do_not_hinder_counting(digits):
    X = np.repeat(digits[0][:60], 2, axis=0)
    est = clusterer("auto", random_state=0).fit(X)
    assert 2 <= est.n_clusters_ <= 60
    np.testing.assert_array_equal(est.labels_[::2], est.labels_[1::2])
    few = clusterer("auto", max_clusters=8).fit(np.repeat(np.eye(3, 20) * 5, 200, axis=0))
    assert few.n_clusters_ <= 3


def test_a_start_with_empty_clusters_is_in_the_same_unit_as_the_result(digits):
    X, y = digits
    # Equal shares, so that the last epoch leaves none empty.
    est = clusterer(8, init=y, cluster_prior="balanced").fit(X)
    assert est.n_clusters_ == 8
    unit = np.log(8) / np.log(5)
    graph = nearest_neighbors(X, 8)
    assert est.start_score_ == pytest.approx(neighborhood_information(y, graph, 5) / unit)
    score = neighborhood_information(est.labels_, graph, 8)
    assert est.history_["score"][-1] == pytest.approx(score)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_clusters": "auto", "init": [0] * 20 + [1] * 20}, "nothing to find"),
        ({"n_clusters": "auto", "cluster_prior": [0.5, 0.5]}, "nothing to find"),
        ({"init": [0, 1]}, "shape"),
        ({"init": [5] * 40}, r"\[0, 3\]"),
        ({"cluster_prior": [1, 1, 1, np.inf]}, "finite"),
        ({"loss_weights": {"mmd": np.inf}}, "finite"),
        ({"loss_weights": {"mmd": "much"}}, "finite numbers"),
        ({"n_components": 1}, "room for two"),
    ],
    ids=str,
)
def test_errors_come_before_the_images_are_embedded(snapshots, monkeypatch, params, message):
    monkeypatch.setattr(ImageEmbedder, "fit_transform", None)
    with pytest.raises(ValueError, match=message):
        clusterer(**{"n_clusters": 4, **params}).fit(snapshots[0])


def test_numpy_numbers_are_saved(digits, tmp_path):
    params = {"max_clusters": np.int64(6), "learning_rate": np.float32(2e-3), "max_iter": 2}
    est = clusterer("auto", loss_weights={"mmd": np.int64(2)}, **params).fit(digits[0])
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert loaded.n_clusters_criterion_ == est.n_clusters_criterion_
    assert loaded.history_ == est.history_
    assert loaded.loss_weights == {"mmd": 2}
