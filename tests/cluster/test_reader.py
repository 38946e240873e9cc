"""Images of more than 8 bits through the estimator: the range of the fit is that of ever after."""

import json
import tarfile

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, KFold

from skdeepcluster import (
    ClusterGalleryDisplay,
    DeepImageClusterer,
    ImageEmbedder,
    ImageReader,
    SelfSupervisedAdapter,
    list_images,
    read_tar_images,
)
from skdeepcluster.images import plain_reader


@pytest.fixture(scope="module")
def folder(snapshots, tmp_path_factory):
    """The snapshots in grey, as a dim camera of 16 bits would have taken them."""
    folder = tmp_path_factory.mktemp("dim")
    for number, (image, scene) in enumerate(zip(*snapshots, strict=True)):
        values = 100 + image.mean(axis=2) * 0.6
        Image.fromarray(values.round().astype(np.uint16)).save(folder / f"{number:02}-{scene}.png")
    return folder


def small(**params):
    params = {"image_size": 64, "n_views": 1, "max_iter": 2, "random_state": 0, **params}
    return DeepImageClusterer(4, **params)


@pytest.fixture(scope="module")
def fitted(folder):
    return small().fit(folder)


def test_dim_images_are_told_apart(fitted, snapshots):
    scenes = snapshots[1]
    known = small().fit([image.mean(axis=2).astype(np.uint8) for image in snapshots[0]])
    assert (
        fitted.score(fitted._partition.images.paths, scenes)
        >= known.score([image.mean(axis=2).astype(np.uint8) for image in snapshots[0]], scenes)
        - 0.1
    )


def test_new_images_are_scaled_as_those_of_the_fit(fitted, folder):
    paths = list_images(folder)
    ((low, high),) = fitted.reader_.intensity_range["integer"]
    assert 95 < low < 110 and 220 < high < 260
    np.testing.assert_array_equal(fitted.predict(paths), fitted.labels_)
    for path, label in zip(paths[::9], fitted.labels_[::9], strict=True):
        # Alone, an image would have another range.
        assert fitted.predict([path]) == label


def test_the_range_is_saved(fitted, folder, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert plain_reader(loaded.reader_) == plain_reader(fitted.reader_)
    assert loaded.reader is None
    paths = list_images(folder)[::7]
    np.testing.assert_array_equal(loaded.transform(paths), fitted.transform(paths))


def test_models_of_the_first_version_scale_by_type(fitted, folder, tmp_path):
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    del config["reader"], config["reader_param"]
    config["format"] = 1
    path.write_text(json.dumps(config))
    loaded = DeepImageClusterer.load(tmp_path / "model")
    assert loaded.reader_.intensity_range == "dtype"


def test_a_function_that_was_not_fitted_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    with pytest.raises(ValueError, match="model' was fitted without a function that reads files"):
        DeepImageClusterer.load(tmp_path / "model", reader=read_text)


INTEGER, FLOAT = "integer, 3 channels", "float"


@pytest.mark.parametrize(
    "found, message",
    [
        ({"integer": [[5, 1]]}, "low must be below high"),
        ({FLOAT: [[400, 103]]}, "low must be below high"),
        ({INTEGER: [[0, 1], [0, 1], [1, 0]]}, "low must be below high"),
        ({INTEGER: [[0, 1]] * 4}, "4 pairs.*each of 3 channels"),
        ({"integer": [[0, 1]] * 3}, "3 pairs"),
        ({"int": [[0, 1]]}, "'int', which is no kind"),
        ({"integer": "image"}, "must be"),
        ([[0, 1]] * 4, "4 pairs"),
        (None, "reader is null"),
    ],
)
def test_a_saved_reader_that_makes_no_sense_is_refused(found, message, fitted, tmp_path):
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    config["reader"]["intensity_range"] = found
    if found is None:
        config["reader"] = None
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=rf"model' is damaged.*{message}"):
        DeepImageClusterer.load(tmp_path / "model")


def test_each_field_of_the_present_format_is_needed(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    for name in ("reader", "reader_param", "image_size", "weights_digest", "quantised"):
        path.write_text(json.dumps({key: config[key] for key in config if key != name}))
        with pytest.raises(ValueError, match=f"it has no '{name}'"):
            DeepImageClusterer.load(tmp_path / "model")


def test_a_range_of_images_of_one_value_loads(tmp_path):
    # Beyond the range of their type, nothing else tells what is black.
    images = [np.full((32, 32), -5, dtype=np.int16) for _ in range(12)]
    reader = ImageReader(intensity_range="dataset")
    est = small(image_size=32, n_views=0, engine="torch", reader=reader)
    est.set_params(n_clusters=1).fit(images)
    assert est.reader_.intensity_range["integer"] == [[-5, -5]]
    est.save(tmp_path / "model")
    assert plain_reader(DeepImageClusterer.load(tmp_path / "model").reader_) == plain_reader(
        est.reader_
    )


def read_text(path):
    return np.loadtxt(path)


def test_a_function_is_passed_again(tmp_path, snapshots):
    paths = []
    for number, image in enumerate(snapshots[0][::2]):
        paths.append(tmp_path / f"{number}.txt")
        np.savetxt(paths[-1], image[::4, ::4, 0])
    est = small(reader=ImageReader(read_text, suffixes=".txt")).fit(paths)
    est.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model", reader=read_text)
    np.testing.assert_array_equal(loaded.predict(paths), est.labels_)
    assert loaded.get_params()["reader__suffixes"] == ".txt"
    loaded = DeepImageClusterer.load(tmp_path / "model", reader=ImageReader(read_text, frame=3))
    assert plain_reader(loaded.reader_) == plain_reader(est.reader_)
    with pytest.raises(ValueError, match=r"reader must be the function .*, got ImageReader\(\)"):
        DeepImageClusterer.load(tmp_path / "model", reader=ImageReader())
    without = DeepImageClusterer.load(tmp_path / "model")
    with pytest.raises(ValueError, match=r"0\.txt.*read_text.*load\(folder, reader=function\)"):
        without.predict(paths)
    # It is no fault of the images.
    with pytest.raises(ValueError, match="not saved"):
        without.set_params(on_error="skip").predict(paths)


def test_files_in_tar_and_fine_tuning_and_views(fitted, folder, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(folder, "dim")
    images = read_tar_images(tmp_path / "a.tar")
    embedder = ImageEmbedder(image_size=64)
    paths = list_images(folder)
    features = embedder.fit_transform(paths)
    order = [paths.index(folder / images.name(i).rpartition("/")[2]) for i in range(len(images))]
    np.testing.assert_allclose(embedder.transform(images), features[order], atol=1e-5)
    assert not np.allclose(
        embedder.transform_views(paths[:2], 2),
        ImageEmbedder(image_size=64, reader=ImageReader(intensity_range="image"))
        .fit(paths)
        .transform_views(paths[:2], 2),
    )
    tuned = small(fine_tune=1, fine_tune_iter=1).fit(paths)
    assert plain_reader(tuned.reader_) == plain_reader(fitted.reader_)
    adapter = SelfSupervisedAdapter(image_size=32, n_stages=1, max_iter=1, random_state=0)
    assert plain_reader(adapter.fit(paths).reader_) == plain_reader(fitted.reader_)


def test_galleries_show_what_the_estimator_sees(fitted, folder):
    pytest.importorskip("matplotlib").use("agg")
    display = ClusterGalleryDisplay.from_estimator(fitted, list_images(folder))
    shown = np.concatenate(display.thumbnails)
    assert shown.max() == 255 and shown.std() > 40


def test_a_grid_search_over_how_images_are_read(folder):
    search = GridSearchCV(
        small(reader=ImageReader(), n_neighbors=3, n_views=0),
        {"reader__intensity_range": ["dataset", "dtype"]},
        cv=KFold(2, shuffle=True, random_state=0),
    )
    with pytest.warns(UserWarning, match="less than a sixteenth"):
        search.fit(list_images(folder))
    assert search.best_params_ == {"reader__intensity_range": "dataset"}


def test_features_are_cached_with_the_range(folder, tmp_path):
    paths = list_images(folder)
    embedder = ImageEmbedder(image_size=32, memory=tmp_path)
    features = embedder.fit_transform(paths)
    other = ImageEmbedder(
        image_size=32, memory=tmp_path, reader=ImageReader(intensity_range=(0, 300))
    ).fit_transform(paths)
    assert not np.allclose(features, other)
    np.testing.assert_array_equal(embedder.transform(paths), features)
