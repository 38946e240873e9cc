"""Features of random views of images."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from torch import nn

from skdeepcluster import ImageEmbedder, list_images
from skdeepcluster.embedding import _embedder
from skdeepcluster.images import ImageReadError

from ._engine import set_engine


def cells():
    """A network that returns the mean colours of 4 x 4 parts of an image: 48 features."""
    return nn.Sequential(nn.AvgPool2d(16), nn.Flatten())


def embedder(**params):
    settings = {"backbone": cells(), "image_size": 64, "engine": "torch", "device": "cpu"}
    return ImageEmbedder(**{**settings, **params})


class Watched:
    """Wraps an engine; keeps the pixels that go through it, or spoils some of what comes out."""

    def __init__(self, engine, spoil=None):
        self.engine = engine
        self.kind, self.precision = engine.kind, engine.precision
        self.spoil = spoil
        self.pixels = []

    def __call__(self, pixels):
        self.pixels.append(pixels)
        features = self.engine(pixels)
        if self.spoil is not None:
            self.spoil(len(self.pixels) - 1, features)
        return features

    @property
    def count(self):
        return sum(map(len, self.pixels))


def watch(fitted, spoil=None):
    engine = Watched(fitted._network().engine, spoil)
    set_engine(fitted, engine)
    return engine


@pytest.fixture(scope="module")
def views(snapshots):
    return embedder().fit(snapshots[0]).transform_views(snapshots[0])


def test_four_views_as_unit_vectors_in_half_precision(views):
    assert views.shape == (40, 4, 48)
    assert views.dtype == np.float16
    norms = np.linalg.norm(views.astype(np.float64), axis=2)
    np.testing.assert_allclose(norms, 1, atol=2e-3)


@pytest.mark.parametrize("feature_dtype", ["float32", "float16"])
def test_views_are_as_precise_whatever_the_features_are(feature_dtype, snapshots, views):
    found = embedder(feature_dtype=feature_dtype).fit(snapshots[0]).transform_views(snapshots[0])
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, views)


def test_they_are_features_of_pixels_that_differ_from_view_to_view(snapshots, views):
    images = snapshots[0]
    fitted = embedder(batch_size=40).fit(images)
    engine = watch(fitted)
    np.testing.assert_array_equal(fitted.transform_views(images), views)
    assert [pixels.shape for pixels in engine.pixels] == [(40, 64, 64, 3)] * 4
    assert all(pixels.dtype == np.uint8 for pixels in engine.pixels)
    for view, pixels in enumerate(engine.pixels):
        features = embedder().fit_transform(list(pixels)).astype(np.float64)
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        np.testing.assert_allclose(views[:, view], unit, atol=1e-3)
        # As seen by eye: no two are the same, and none is the image.
        for other in (images, *engine.pixels[:view]):
            differences = np.abs(pixels.astype(int) - other).mean(axis=(1, 2, 3))
            assert differences.min() > 3


def test_an_image_and_its_views_are_alike(snapshots):
    """With a network that knows what is shown: views are nearest to those of the same scene."""
    images, scenes = snapshots
    fitted = ImageEmbedder(image_size=64).fit(images)
    views = fitted.transform_views(images, 2).astype(np.float32)
    features = fitted.transform(images)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    for view in (0, 1):
        nearest = (views[:, view] @ features.T).argmax(axis=1)
        assert (scenes[nearest] == scenes).mean() > 0.9


def test_views_are_the_same_in_every_call_order_and_company(snapshots, views, tmp_path):
    images = snapshots[0]
    fitted = embedder(batch_size=7, n_jobs=1).fit(images)
    np.testing.assert_array_equal(fitted.transform_views(images), views)
    chosen = [17, 3, 38, 3]
    np.testing.assert_array_equal(fitted.transform_views(images[chosen]), views[chosen])
    np.testing.assert_array_equal(fitted.transform_views(list(images[::-1])), views[::-1])
    # As files, too: what counts is what is to be seen.
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.testing.assert_array_equal(embedder().fit(images).transform_views(mapped), views)


def test_each_image_is_seen_in_its_own_way(snapshots):
    """Two that look the same to the eye have other crops and colours, copies the same."""
    image = snapshots[0][0]
    other = image.copy()
    other[0, 0, 0] ^= 1
    views = embedder().fit(snapshots[0]).transform_views([image, other, image])
    differences = np.abs(views[1] - views[0]).max(axis=1)
    assert differences.min() > 0.01
    np.testing.assert_array_equal(views[2], views[0])


def test_there_is_one_view_at_least(snapshots):
    with pytest.raises(ValueError, match="n_views must be 1 at least, got 0"):
        embedder().fit(snapshots[0]).transform_views(snapshots[0], 0)


def test_fewer_views_are_the_first_ones(snapshots, views):
    fitted = embedder().fit(snapshots[0])
    for n_views in (1, 3):
        found = fitted.transform_views(snapshots[0], n_views)
        assert found.shape == (40, n_views, 48)
        np.testing.assert_array_equal(found, views[:, :n_views])
    np.testing.assert_array_equal(fitted.transform_views(snapshots[0], 6)[:, :4], views)


@pytest.mark.parametrize("kind", ["array", "paths"])
def test_views_are_cached_apart_from_features(kind, snapshots, photo_folder, tmp_path):
    X = snapshots[0] if kind == "array" else list_images(photo_folder)
    memory = tmp_path / "cache"
    first = embedder(memory=memory).fit(X)
    engine = watch(first)
    views = first.transform_views(X, 3)
    assert engine.count == 3 * 40
    plain = first.transform(X)
    assert engine.count == 4 * 40
    assert plain.shape == (40, 48)
    # Of another number of views, and of features in half precision.
    first.transform_views(X, 2)
    assert engine.count == 6 * 40
    first.set_params(feature_dtype="float16").transform(X)
    assert engine.count == 7 * 40
    again = embedder(memory=memory).fit(X)
    engine = watch(again)
    np.testing.assert_array_equal(again.transform_views(X, 3), views)
    np.testing.assert_array_equal(again.transform(X), plain)
    assert engine.count == 0


def test_views_on_disk_are_those_in_memory(snapshots, views, tmp_path, monkeypatch):
    monkeypatch.setattr(_embedder, "_BYTES_IN_MEMORY", 0)
    fitted = embedder(memory=tmp_path).fit(snapshots[0])
    for _ in range(2):
        found = fitted.transform_views(snapshots[0])
        assert found.shape == views.shape
        assert found.dtype == np.float16
        np.testing.assert_array_equal(found, views)


def test_images_that_cannot_be_read_have_no_views(photo_folder):
    (photo_folder / "broken.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    bad = paths.index(photo_folder / "broken.jpg")
    with pytest.raises(ImageReadError, match=r"broken\.jpg"):
        embedder().fit(paths).transform_views(paths)
    fitted = embedder(on_error="skip").fit(paths)
    with pytest.warns(UserWarning, match=r"1 of 41 images[\s\S]*broken\.jpg"):
        views = fitted.transform_views(paths, 2)
    assert views.shape == (41, 2, 48)
    assert np.isnan(views[bad]).all()
    assert np.isfinite(np.delete(views, bad, axis=0)).all()


def test_a_view_whose_features_are_not_finite_names_the_image(snapshots):
    def spoil(call, features):
        if call == 1:
            features[21, 3] = np.inf

    fitted = embedder(batch_size=40).fit(snapshots[0])
    watch(fitted, spoil)
    with pytest.raises(FloatingPointError, match="not finite in float32 for image 21"):
        fitted.transform_views(snapshots[0], 2)


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_features_in_any_unit_have_the_same_views(factor, snapshots, views):
    def rescale(call, features):
        features *= np.float32(factor)

    fitted = embedder().fit(snapshots[0])
    watch(fitted, rescale)
    np.testing.assert_allclose(fitted.transform_views(snapshots[0]), views, atol=1e-3)


def test_features_have_no_views():
    X = np.random.default_rng(0).normal(size=(5, 3))
    fitted = ImageEmbedder().fit(X)
    with pytest.raises(ValueError, match="views of images only"):
        fitted.transform_views(X)
    with pytest.raises(NotFittedError):
        ImageEmbedder().transform_views(X)


def test_another_number_of_features_than_at_fit_is_told(snapshots):
    fitted = embedder().fit(snapshots[0]).set_params(image_size=32)
    with pytest.raises(ValueError, match=r"on 48 features, but Sequential computes 12 .* 32"):
        fitted.transform_views(snapshots[0])


def test_progress_bar_on_request(snapshots, capsys):
    fitted = embedder(verbose=1).fit(snapshots[0])
    fitted.transform_views(snapshots[0][:4], 2)
    shown = capsys.readouterr().err
    assert "embedding views" in shown
    assert "4/4" in shown
    fitted.transform(snapshots[0][:4])
    assert "views" not in capsys.readouterr().err
