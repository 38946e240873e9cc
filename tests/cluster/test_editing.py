import copy

import numpy as np
import open_clip
import pytest
import torch
from open_clip import factory
from PIL import Image
from sklearn.base import clone

from skdeepcluster import DeepImageClusterer, ImageEmbedder, list_images
from skdeepcluster.cluster import _recognition
from skdeepcluster.cluster._naming import best_words
from skdeepcluster.metrics import clustering_accuracy

from ._small_clusterer import clusterer

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def fitted_once(snapshots):
    return DeepImageClusterer(4, image_size=64, max_iter=2, n_neighbors=8, random_state=0).fit(
        snapshots[0]
    )


@pytest.fixture
def fitted(fitted_once):
    return copy.deepcopy(fitted_once)


@pytest.fixture
def clip_name(monkeypatch, tmp_path):
    """A local open_clip model whose text tower knows what its image tower sees."""
    monkeypatch.setitem(factory._MODEL_CONFIGS, "tiny-words", TINY)
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny-words").state_dict(), tmp_path / "clip.pt")
    return f"open_clip:tiny-words/{tmp_path / 'clip.pt'}"


def test_representatives_are_the_nearest_to_the_centre(fitted):
    cosines = (fitted.embedding_ * fitted.cluster_centers_[fitted.labels_]).sum(axis=1)
    assert len(fitted.representative_indices_) == 4
    for label, typical in enumerate(fitted.representative_indices_):
        assert len(typical) == min(10, (fitted.labels_ == label).sum())
        assert (fitted.labels_[typical] == label).all()
        assert (np.diff(cosines[typical]) <= 1e-6).all()
        left = np.setdiff1d(np.flatnonzero(fitted.labels_ == label), typical)
        assert not len(left) or cosines[left].max() <= cosines[typical].min() + 1e-6


def test_merging_changes_all_that_was_found(fitted, snapshots):
    labels, probabilities = fitted.labels_, fitted.probabilities_
    fitted.set_cluster_names({0: "people", 2: "cups"})
    assert fitted.merge_clusters([[0, 2]]) is fitted
    expected = np.array([0, 1, 0, 2])[labels]
    np.testing.assert_array_equal(fitted.labels_, expected)
    np.testing.assert_array_equal(fitted.predict(snapshots[0]), expected)
    assert fitted.n_clusters_ == 3
    assert fitted.cluster_names_ == ["people / cups", "cluster 1", "cluster 2"]
    assert fitted.cluster_centers_.shape == (3, 100)
    assert fitted.probabilities_.shape == (40, 3)
    np.testing.assert_array_equal(fitted.probabilities_.argmax(axis=1), expected)
    np.testing.assert_allclose(fitted.predict_proba(snapshots[0]), fitted.probabilities_, atol=1e-5)
    # The rest keeps its order by probability.
    assert np.corrcoef(probabilities[:, 1], fitted.probabilities_[:, 1])[0, 1] > 0.9
    info = fitted.cluster_info()
    assert list(info["size"]) == list(np.bincount(expected))
    assert (info["cohesion"] <= 1).all()
    certainty = fitted.probabilities_.max(axis=1)
    means = [certainty[expected == cluster].mean() for cluster in range(3)]
    np.testing.assert_allclose(info["probability"], means, atol=1e-6)
    assert fitted.score(*snapshots) < 1
    assert clone(fitted).n_clusters == 4


def test_reducing_to_one(fitted, snapshots):
    before = fitted.labels_
    fitted.reduce_clusters(3)
    assert len(np.unique(fitted.labels_)) == 3
    assert clustering_accuracy(before, fitted.labels_) >= 0.6
    fitted.reduce_clusters(3).reduce_clusters(1)
    assert (fitted.predict(snapshots[0]) == 0).all()
    for n_clusters in (0, 2):
        with pytest.raises(ValueError, match="from 1 to 1"):
            fitted.reduce_clusters(n_clusters)


def test_merged_and_named_clusters_are_saved(fitted, snapshots, tmp_path):
    fitted.merge_clusters([1, 3]).set_cluster_names(["a", "b", "<c>"])
    fitted.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(snapshots[0]), fitted.labels_)
    assert loaded.cluster_names_ == ["a", "b", "<c>"]
    assert loaded.reduce_clusters(2).n_clusters_ == 2


def test_names(fitted):
    assert fitted.cluster_names_[3] == "cluster 3"
    assert list(fitted.cluster_info()["name"]) == fitted.cluster_names_
    with pytest.raises(ValueError, match="4 clusters, and 2 names"):
        fitted.set_cluster_names(["a", "b"])
    with pytest.raises(ValueError, match=r"no clusters \[9\]"):
        fitted.set_cluster_names({9: "x"})


def test_no_name_is_none(fitted):
    fitted.set_cluster_names(["a", None, "", "d"])
    assert fitted.cluster_names_ == ["a", "cluster 1", "cluster 2", "d"]
    fitted.set_cluster_names({0: "", 3: None})
    assert fitted.cluster_names_ == [f"cluster {label}" for label in range(4)]


def test_a_namer_sees_the_representatives(photo_folder, fitted, snapshots):
    paths = list_images(photo_folder)
    est = DeepImageClusterer(4, image_size=64, max_iter=2, n_neighbors=8, random_state=0).fit(paths)
    shown = []

    def namer(images):
        shown.append(len(images))
        assert all(isinstance(image, Image.Image) for image in images)
        return f"mean {np.mean([np.asarray(p).mean() for p in images]):.0f}"

    table = est.describe_clusters(namer=namer)
    assert list(table["name"]) == est.cluster_names_
    assert shown == [len(typical) for typical in est.representative_indices_]
    with pytest.raises(ValueError, match="pass X"):
        fitted.describe_clusters(namer=namer)
    fitted.describe_clusters(namer=namer, X=snapshots[0])
    assert fitted.cluster_names_[0].startswith("mean")
    with pytest.raises(ValueError, match="not both"):
        est.describe_clusters(["cat"], namer=namer)


@pytest.fixture(scope="module")
def photographs(photos):
    """Crops of a cat, a cup of coffee, and noise, 224 pixels a side, and which is which."""
    rng = np.random.default_rng(0)
    images, shown = [], []
    for name, photo in {**photos, "noise": rng.integers(0, 256, (300, 300, 3), np.uint8)}.items():
        if name not in ("cat", "coffee", "noise"):
            continue
        photo = Image.fromarray(photo)
        for _ in range(12):
            left, top = rng.integers(photo.width - 260), rng.integers(photo.height - 260)
            images.append(np.asarray(photo.crop((left, top, left + 260, top + 260))))
            shown.append(name)
    return np.stack(images), np.array(shown)


def named_as(est, shown):
    """Names of the clusters by what most of their images show."""
    return {
        shown[typical[0]]: name
        for typical, name in zip(est.representative_indices_, est.cluster_names_, strict=True)
    }


@pytest.mark.parametrize("params", [{"image_size": 128}, {"image_size": [64, 96]}])
def test_names_without_arguments_are_what_the_images_show(photographs, params):
    images, shown = photographs
    est = clusterer(3, n_views=0, **params).fit(images)
    assert clustering_accuracy(np.unique(shown, return_inverse=True)[1], est.labels_) == 1
    with pytest.raises(ValueError, match="pass X"):
        est.describe_clusters()
    noise = est.labels_[shown == "noise"][0]
    est.set_cluster_names({int(noise): "mine"})
    table = est.describe_clusters(X=images)
    names = named_as(est, shown)
    assert names["coffee"] == "espresso" and "cat" in names["cat"]
    # What is not recognized keeps its name.
    assert names["noise"] == "mine"
    assert list(table["name"]) == est.cluster_names_
    assert [*table["confidence"].isna()] == [cluster == noise for cluster in range(3)]
    assert table["confidence"].drop(noise).between(0.3, 1).all()
    assert table["scores"][noise][0] < 0.1
    assert table["words"].map(len).eq(3).all()


def test_features_are_named_by_their_images(photographs):
    images, shown = photographs
    features = ImageEmbedder(image_size=64).fit_transform(images)
    est = DeepImageClusterer(3, max_iter=2, n_neighbors=8, random_state=0).fit(features)
    est.describe_clusters(X=images)
    assert named_as(est, shown)["coffee"] == "espresso"


def test_only_some_images_of_large_clusters_are_looked_at(photographs, monkeypatch):
    images, _ = photographs
    est = clusterer(3, image_size=128, n_views=0).fit(images)
    expected = est.describe_clusters(X=images)["name"]
    monkeypatch.setattr(_recognition, "_N_SEEN", 4)
    seen = []
    monkeypatch.setattr(
        ImageEmbedder,
        "transform",
        lambda self, X, transform=ImageEmbedder.transform: (
            seen.append(len(X)) or transform(self, X)
        ),
    )
    assert list(est.describe_clusters(X=images)["name"]) == list(expected)
    assert seen == [12]


def test_words_are_those_of_the_nearest_texts(clip_name):
    words = ["cat", "tea cup", "flower", "house"]
    from skdeepcluster.backbones import encode_texts

    texts = encode_texts(clip_name, [f"a photo of {word}" for word in words])
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, rtol=1e-5)
    found, scores = best_words(words, texts[::-1] + 0.5, clip_name, 2)
    assert [row[0] for row in found] == words[::-1]
    assert all(row[0] == pytest.approx(1) and row[1] < 1 for row in scores)
    # A model knows nothing of the others: the features must be its own.
    with pytest.raises(ValueError, match="different models"):
        best_words(words, np.eye(3), clip_name, 2)
    for vocabulary in ([], "cat"):
        with pytest.raises(ValueError, match="list of words"):
            best_words(vocabulary, texts, clip_name, 1)


def test_words_need_one_network():
    features = np.eye(3, 8, dtype=np.float32)
    with pytest.raises(ValueError, match=r"one open_clip backbone, .*\['a', 'b'\].* model="):
        best_words(["cat", "dog"], features, ["a", "b"], 1)


def test_describing_with_an_open_clip_model(clip_name, snapshots, fitted):
    est = DeepImageClusterer(2, backbone=clip_name, max_iter=1, random_state=0).fit(snapshots[0])
    table = est.describe_clusters(["cat", "cup", "woman"], n_words=2)
    assert list(table.columns) == ["name", "words", "scores"]
    assert [len(row) for row in table["words"]] == [2, 2]
    assert list(table["name"]) == [row[0] for row in table["words"]] == est.cluster_names_
    features = ImageEmbedder(clip_name).fit_transform(snapshots[0])
    on_features = DeepImageClusterer(2, max_iter=1, random_state=0).fit(features)
    again = on_features.describe_clusters(["cat", "cup", "woman"], model=clip_name, n_words=2)
    assert again["words"].tolist() == table["words"].tolist()
    with pytest.raises(ValueError, match="has no text encoder"):
        fitted.describe_clusters(["cat"])


def test_centers_of_merged_clusters_are_mean_directions(fitted):
    # Two of two: the middle of their prototypes is the origin, and no centre.
    for n_clusters in (2, 1):
        fitted.reduce_clusters(n_clusters)
        assert np.linalg.norm(fitted.cluster_centers_, axis=1) == pytest.approx(1, abs=1e-5)
    mean = fitted.embedding_.mean(axis=0)
    assert fitted.cluster_centers_[0] @ mean == pytest.approx(np.linalg.norm(mean), rel=1e-4)


def test_a_merge_that_fails_changes_nothing(fitted, monkeypatch):
    def fail(self, latents, temperature):
        raise MemoryError

    before = dict(vars(fitted))
    monkeypatch.setattr("skdeepcluster.cluster._prototypes.Prototypes.probabilities", fail)
    with pytest.raises(MemoryError):
        fitted.merge_clusters([0, 1])
    assert all(vars(fitted)[name] is value for name, value in before.items())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda est: est.reduce_clusters(2.0), ValueError),
        (lambda est: est.merge_clusters([0.0, 1.0]), ValueError),
        (lambda est: est.set_cluster_names("abcd"), TypeError),
        (lambda est: est.cluster_info(-1), ValueError),
    ],
)
def test_what_cannot_be_meant(fitted, call, error):
    with pytest.raises(error, match=r"integer|cluster|names|negative"):
        call(fitted)


def test_a_set_of_labels_is_one_group(fitted):
    assert fitted.merge_clusters({0, 3}).n_clusters_ == 3
