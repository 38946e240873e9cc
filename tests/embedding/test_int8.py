"""Quantised features: apart from exact ones in the cache, and told from them."""

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone

from skdeepcluster import ImageEmbedder
from skdeepcluster.backbones import _engines
from skdeepcluster.embedding import _distributed
from skdeepcluster.embedding._network import FittedNetwork

from .test_embedder import embed_counted, embedder


@pytest.fixture(autouse=True)
def needs_vnni():
    if not _engines.multiplies_exactly():
        pytest.skip("the processor has no VNNI")


@pytest.fixture
def no_vnni(monkeypatch):
    monkeypatch.setattr(_engines, "multiplies_exactly", lambda: False)


def cosines(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def test_features_and_views_are_quantised(snapshots):
    images = snapshots[0][:8]
    exact, quantised = (embedder(engine=engine).fit(images) for engine in ("auto", "int8"))
    for name in ("transform", "transform_views"):
        found = getattr(quantised, name)(images).astype(np.float32)
        cosine = cosines(found, getattr(exact, name)(images).astype(np.float32))
        assert cosine.min() > 0.95 and cosine.max() < 0.99999
    batches = embedder(engine="int8", batch_size=3, n_jobs=1).fit_transform(list(images))
    np.testing.assert_array_equal(batches, quantised.transform(images))


def test_the_cache_keeps_them_apart(snapshots, tmp_path):
    images = snapshots[0][:6]
    for engine, other in (("auto", "int8"), ("int8", "auto")):
        memory = tmp_path / engine
        first, n_first = embed_counted(images, engine=engine, memory=memory)
        second, n_second = embed_counted(images, engine=other, memory=memory)
        again, n_again = embed_counted(images, engine=engine, memory=memory)
        assert (n_first, n_second, n_again) == (6, 6, 0)
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, second)


def test_without_vnni_features_are_cached_as_exact_ones(snapshots, tmp_path, no_vnni):
    images = snapshots[0][:6]
    with pytest.warns(UserWarning, match="VNNI"):
        found, _ = embed_counted(images, engine="int8", memory=tmp_path)
    exact, n_embedded = embed_counted(images, memory=tmp_path)
    assert n_embedded == 0
    np.testing.assert_array_equal(found, exact)
    with pytest.warns(UserWarning, match="VNNI"):
        fitted = embedder(engine="int8").fit(images)
    assert not fitted.network_.quantised


def test_the_fit_is_remembered(snapshots, monkeypatch):
    images = snapshots[0][:4]
    fitted = pickle.loads(pickle.dumps(embedder(engine="int8").fit(images)))
    assert fitted.network_.quantised and not embedder().fit(images).network_.quantised
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.transform(images)
        clone(fitted).set_params(engine="auto").fit_transform(images)
    fitted.set_params(engine="auto")
    with pytest.warns(UserWarning, match="images are exact, those of the fit are quantised.*int8"):
        fitted.transform(images)
    exact = embedder().fit(images).set_params(engine="int8")
    with pytest.warns(UserWarning, match="images are quantised, those of the fit are exact.*auto"):
        exact.transform(images)


def test_what_older_versions_have_pickled_is_exact():
    assert not FittedNetwork("digest", "folder").quantised


class TestOnWorkers:
    def recipe(self, images, **params):
        fitted = embedder(**params).fit(images)
        return _distributed.Recipe.of(fitted, fitted._network()), fitted

    def test_the_worker_quantises_as_well(self, snapshots):
        images = snapshots[0][:3]
        recipe, fitted = self.recipe(images, engine="int8")
        for sent in (recipe, replace(recipe, name=None, packed=pickle.dumps(fitted.load()))):
            engine, resizing = sent.load()
            pixels = np.stack([resizing(image) for image in fitted_pictures(images)])
            np.testing.assert_array_equal(engine(pixels), fitted.transform(images))

    def test_a_worker_that_cannot_says_so(self, snapshots, no_vnni, monkeypatch):
        with monkeypatch.context() as here:
            here.setattr(_engines, "multiplies_exactly", lambda: True)
            recipe, _ = self.recipe(snapshots[0][:3], engine="int8")
        with pytest.warns(UserWarning, match="VNNI"), pytest.raises(ValueError, match="be mixed"):
            recipe.load()

    def test_all_are_exact_if_this_machine_cannot(self, snapshots, monkeypatch):
        with monkeypatch.context() as here:
            here.setattr(_engines, "multiplies_exactly", lambda: False)
            with pytest.warns(UserWarning, match="VNNI"):
                recipe, _ = self.recipe(snapshots[0][:3], engine="int8")
        engine, _ = recipe.load()
        assert engine.precision == "float32"


def fitted_pictures(images):
    from PIL import Image

    return [Image.fromarray(image) for image in images]


@pytest.mark.parametrize(
    "params", [{"backbone": "untrained:test_vit3"}, {"image_size": [32, 48]}, {"dtype": "float32"}]
)
def test_what_does_not_go_with_it_is_an_error(params, snapshots):
    with pytest.raises(ValueError, match=r'engine="int8".*Set engine="auto"'):
        ImageEmbedder(engine="int8", **params).fit(snapshots[0][:2])
