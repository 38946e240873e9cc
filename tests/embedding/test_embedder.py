import pickle
import shutil
import threading

import numpy as np
import pytest
from joblib import Memory
from PIL import Image
from safetensors.numpy import load_file
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from torch import nn

from skdeepcluster import ImageEmbedder, list_images
from skdeepcluster.backbones import load_backbone
from skdeepcluster.embedding import FeatureCacheError
from skdeepcluster.images import ImageReadError

from ._engine import set_engine


class Counting:
    """Wraps an engine and counts the images that go through it."""

    def __init__(self, engine, stop_after=None):
        self.engine = engine
        self.precision = engine.precision
        self.count = 0
        self.stop_after = stop_after

    def __call__(self, pixels):
        if self.stop_after is not None and self.count >= self.stop_after:
            raise KeyboardInterrupt
        self.count += len(pixels)
        return self.engine(pixels)


def embedder(**params):
    return ImageEmbedder(image_size=64, **params)


def embed_counted(X, stop_after=None, **params):
    fitted = embedder(**params).fit(X)
    engine = Counting(fitted._network().engine, stop_after)
    set_engine(fitted, engine)
    return fitted.transform(X), engine.count


@pytest.fixture(scope="module")
def features(snapshots):
    return embedder().fit_transform(snapshots[0])


def test_features_do_not_depend_on_batches_or_the_kind_of_input(snapshots, features):
    assert features.shape == (40, 1280)
    assert features.dtype == np.float32
    small = embedder(batch_size=7, n_jobs=1).fit_transform(list(snapshots[0]))
    np.testing.assert_allclose(small, features, atol=1e-4)


def test_same_scene_is_nearer_than_another(snapshots, features):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    assert (snapshots[1][cosines.argmax(axis=1)] == snapshots[1]).mean() > 0.95


def test_features_pass_through():
    X = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(ImageEmbedder().fit_transform(X), X.astype(np.float32))


def test_in_a_pipeline_with_names(snapshots):
    pipeline = make_pipeline(embedder(), PCA(8, random_state=0), KMeans(4, random_state=0))
    assert len(set(pipeline.fit_predict(snapshots[0]))) == 4
    named = embedder().set_output(transform="pandas").fit_transform(snapshots[0][:3])
    assert list(named.columns[:2]) == ["imageembedder0", "imageembedder1"]


def test_pickle_and_clone_carry_no_network(snapshots, features):
    fitted = embedder().fit(snapshots[0])
    fitted.transform(snapshots[0][:1])
    dumped = pickle.dumps(fitted)
    assert len(dumped) < 2000
    np.testing.assert_allclose(
        pickle.loads(dumped).transform(snapshots[0][:4]), features[:4], atol=1e-4
    )
    assert clone(fitted).get_params() == fitted.get_params()


@pytest.mark.parametrize("as_memory", [False, True])
def test_second_run_embeds_what_is_new(photo_folder, tmp_path, as_memory):
    memory = Memory(tmp_path / "cache", verbose=0) if as_memory else tmp_path / "cache"
    paths = list_images(photo_folder)
    first, count = embed_counted(paths[:30], memory=memory)
    assert count == 30
    second, count = embed_counted(paths, memory=memory)
    assert count == 10
    np.testing.assert_array_equal(second[:30], first)
    # Order and copies of a path do not matter; another size is another feature.
    mixed, count = embed_counted([paths[5], paths[2], paths[5]], memory=memory)
    assert count == 0
    np.testing.assert_array_equal(mixed, first[[5, 2, 5]])
    _, count = embed_counted(paths[:2], memory=memory, dtype="bfloat16")
    assert count == 2


def test_arrays_are_known_by_content_and_files_by_their_state(photo_folder, tmp_path, snapshots):
    images = snapshots[0]
    _, count = embed_counted(images, memory=tmp_path / "cache")
    _, count = embed_counted(images[::-1].copy(), memory=tmp_path / "cache")
    assert count == 0
    paths = list_images(photo_folder)
    embed_counted(paths, memory=tmp_path / "cache")
    shutil.copyfile(paths[-1], paths[0])
    changed, count = embed_counted(paths, memory=tmp_path / "cache")
    assert count == 1
    np.testing.assert_allclose(changed[0], changed[-1], atol=1e-5)


def test_interrupted_run_keeps_what_it_finished(photo_folder, tmp_path):
    paths = list_images(photo_folder)
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        embed_counted(paths, stop_after=16, batch_size=8, memory=tmp_path / "cache")
    assert threading.active_count() == threads
    files = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == {".safetensors"}
    _, count = embed_counted(paths, memory=tmp_path / "cache")
    assert count == len(paths) - 16


def test_features_are_kept_every_so_often(photo_folder, tmp_path, monkeypatch):
    from skdeepcluster.embedding import _saving

    paths = list_images(photo_folder)
    embedder(batch_size=16, memory=tmp_path / "all").fit_transform(paths)
    assert len([*(tmp_path / "all").rglob("*.safetensors")]) == 1
    monkeypatch.setattr(_saving, "_SECONDS_PER_CACHE_FILE", 0)
    embedder(batch_size=16, memory=tmp_path / "each").fit_transform(paths)
    assert len([*(tmp_path / "each").rglob("*.safetensors")]) == 3


def test_cache_entry_cut_in_half_is_computed_again(photo_folder, tmp_path):
    paths = list_images(photo_folder)
    first, _ = embed_counted(paths, memory=tmp_path / "cache")
    (entry,) = (tmp_path / "cache").rglob("*.safetensors")
    entry.write_bytes(entry.read_bytes()[: entry.stat().st_size // 2])
    with pytest.warns(UserWarning, match="damaged.*computed again"):
        again, count = embed_counted(paths, memory=tmp_path / "cache")
    assert count == len(paths)
    np.testing.assert_allclose(again, first, atol=1e-5)


def test_cache_that_cannot_be_written(snapshots, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FeatureCacheError, match=r"file.*Set `memory`"):
        embedder(memory=tmp_path / "file").fit_transform(snapshots[0])


def test_unreadable_images(photo_folder):
    (photo_folder / "broken.jpg").write_bytes(b"no image")
    paths = list_images(photo_folder)
    bad = paths.index(photo_folder / "broken.jpg")
    paths.append(photo_folder / "missing.jpg")
    with pytest.raises(ImageReadError, match=r"broken\.jpg"):
        embedder().fit_transform(paths)
    with pytest.warns(UserWarning, match=r"2 of 42 images[\s\S]*broken\.jpg[\s\S]*missing"):
        features = embedder(on_error="skip", memory=photo_folder / "c").fit_transform(paths)
    assert np.isnan(features[[bad, 41]]).all()
    assert np.isfinite(np.delete(features, [bad, 41], axis=0)).all()


class Unit(nn.Module):
    """Mean colours of unit length; there is no direction of black."""

    mean, std = 0.0, 1.0

    def forward(self, images):
        colours = images.mean((2, 3))
        return colours / colours.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_features_that_are_not_finite_name_the_image(engine, on_error, snapshots, tmp_path):
    images = snapshots[0].copy()
    images[21] = 0
    fitted = embedder(
        backbone=Unit(), engine=engine, on_error=on_error, batch_size=8, memory=tmp_path
    ).fit(images)
    with pytest.raises(FloatingPointError, match=r"Unit .* not finite in float32 for image 21"):
        fitted.transform(images)
    # Those before are kept, and it is not.
    features = [load_file(path)["features"] for path in tmp_path.rglob("*.safetensors")]
    assert np.isfinite(np.concatenate(features)).all()


def test_features_that_are_too_large_for_float16_are_an_error(snapshots):
    network = nn.Sequential(nn.AvgPool2d(32), nn.Flatten(), nn.Linear(12, 2))
    nn.init.constant_(network[2].bias, 1e5)
    settings = {"backbone": network, "engine": "torch", "device": "cpu"}
    assert np.isfinite(embedder(**settings).fit_transform(snapshots[0][:2])).all()
    with pytest.raises(FloatingPointError, match='Use dtype="float32"'):
        embedder(**settings, dtype="float16").fit_transform(snapshots[0][:2])


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
def test_a_backbone_changed_in_place_is_another_from_the_next_fit_on(engine, snapshots, tmp_path):
    network = nn.Sequential(nn.AvgPool2d(32), nn.Flatten(), nn.Linear(12, 2))
    backbone = load_backbone(network, image_size=64)
    settings = {"backbone": backbone, "engine": engine}
    fitted = embedder(**settings, memory=tmp_path).fit(snapshots[0])
    before = embedder(**settings).fit_transform(snapshots[0])
    backbone.network[2].weight.mul_(3)
    np.testing.assert_allclose(fitted.transform(snapshots[0]), before, atol=1e-5)
    after = embedder(**settings).fit_transform(snapshots[0])
    assert not np.allclose(after, before)
    again = embedder(**settings, memory=tmp_path).fit_transform(snapshots[0])
    np.testing.assert_allclose(again, after, atol=1e-5)


def test_another_number_of_features_than_at_fit_is_told(snapshots):
    cells = nn.Sequential(nn.AvgPool2d(16), nn.Flatten())
    fitted = embedder(backbone=cells).set_output(transform="pandas").fit(snapshots[0])
    fitted.set_params(image_size=32)
    with pytest.raises(ValueError, match=r"on 48 features, but Sequential computes 12 .* 32"):
        fitted.transform(snapshots[0])
    assert fitted.fit(snapshots[0]).transform(snapshots[0]).shape == (40, 12)
    on_features = embedder(backbone=cells).fit(np.ones((5, 7)))
    with pytest.raises(ValueError, match="fitted on 7 features"):
        on_features.iter_transform(snapshots[0])


def test_progress_bar_on_request(snapshots, capsys):
    embedder(verbose=1).fit_transform(snapshots[0][:4])
    assert "4/4" in capsys.readouterr().err
    embedder().fit_transform(snapshots[0][:4])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "params",
    [{"batch_size": 0}, {"engine": "tensorflow"}, {"on_error": "ignore"}, {"image_size": 3}],
)
def test_wrong_parameters(params, snapshots):
    with pytest.raises(ValueError, match=next(iter(params))):
        ImageEmbedder(**params).fit(snapshots[0])


def test_a_file_for_an_image_of_every_mode(tmp_path, photos):
    photo = Image.fromarray(photos["cat"])
    for mode in ("RGB", "L", "CMYK", "RGBA", "P"):
        photo.convert(mode).save(tmp_path / f"{mode}.tif")
    features = embedder().fit_transform(tmp_path)
    assert np.isfinite(features).all()
