import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from skdeepcluster import DeepImageClusterer, read_tar_images
from skdeepcluster.cluster import features_of, partition_of
from skdeepcluster.cluster._record import ImageRecord
from skdeepcluster.images import as_image_source
from skdeepcluster.report import _assessment
from skdeepcluster.report._assessment import assess


@pytest.fixture(scope="module")
def fitted(snapshots):
    return DeepImageClusterer(
        4, image_size=32, max_iter=3, n_neighbors=8, batch_size=16, random_state=0
    ).fit(snapshots[0])


def test_attributes_of_the_fit_are_used(fitted, snapshots, monkeypatch):
    monkeypatch.setattr(_assessment, "features_of", lambda *_: pytest.fail("embedded again"))
    found = assess(fitted, as_image_source(snapshots[0]))
    for name in ("labels", "probabilities", "outlier_scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(fitted, f"{name}_"))
    np.testing.assert_array_equal(found.latents, fitted.embedding_)
    own = np.einsum("nd,nd->n", fitted.embedding_, fitted.cluster_centers_[fitted.labels_])
    np.testing.assert_allclose(found.similarities, own, atol=1e-6)


def test_files_of_the_fit_are_known_however_they_are_named(clustering, tmp_path, monkeypatch):
    paths, est = clustering
    record = replace(partition_of(est).images, fingerprint=as_image_source(paths).fingerprint())
    monkeypatch.setattr(est, "_partition", replace(partition_of(est), images=record))
    monkeypatch.chdir(tmp_path)
    relative = [str(path.relative_to(tmp_path)) for path in paths]
    assert assess(est, as_image_source(relative)).is_of_fit
    # As many, but in another order: not those.
    with pytest.raises(ValueError, match="fitted on the features of 12"):
        assess(est, as_image_source(relative[::-1]))


def test_files_of_the_fit_are_known_in_any_order(clustering, monkeypatch):
    paths, est = clustering
    record = ImageRecord.of(as_image_source(paths), list)
    monkeypatch.setattr(est, "_partition", replace(partition_of(est), images=record))
    order = np.random.RandomState(0).permutation(len(paths))
    found = assess(est, as_image_source([paths[index] for index in order]))
    assert found.is_of_fit
    np.testing.assert_array_equal(found.labels, est.labels_[order])
    np.testing.assert_array_equal(found.probabilities, est.probabilities_[order])
    np.testing.assert_array_equal(found.latents, est.embedding_[order])
    np.testing.assert_array_equal(found.outlier_scores, est.outlier_scores_[order])
    # As many, but not the same.
    with pytest.raises(ValueError, match="fitted on the features of 12"):
        assess(est, as_image_source([*paths[:-1], paths[0]]))


def test_other_images_are_embedded_once_and_assigned(fitted, snapshots, monkeypatch):
    images = snapshots[0][::2]
    calls = []
    monkeypatch.setattr(
        _assessment, "features_of", lambda *given: calls.append(1) or features_of(*given)
    )
    found = assess(fitted, as_image_source(images))
    assert calls == [1]
    np.testing.assert_array_equal(found.labels, fitted.predict(images))
    np.testing.assert_allclose(found.probabilities, fitted.predict_proba(images), atol=1e-5)
    np.testing.assert_allclose(found.latents, fitted.transform(images), atol=1e-5)
    assert found.outlier_scores.shape == (20,) and np.all(found.outlier_scores >= 0)


def test_all_images_again_get_the_outlier_scores_of_the_fit(fitted, snapshots, monkeypatch):
    # Known answer: the images of the fit, taken for others.
    monkeypatch.setattr("skdeepcluster.report._assessment._order_in_fit", lambda *_: None)
    found = assess(fitted, as_image_source(snapshots[0]))
    np.testing.assert_array_equal(found.labels, fitted.labels_)
    np.testing.assert_allclose(found.outlier_scores, fitted.outlier_scores_, atol=1e-5)


def test_others_in_half_precision_get_the_outlier_scores_of_the_fit(fitted, snapshots, monkeypatch):
    # Squares of such features are beyond the largest number of half precision.
    features = (features_of(fitted, snapshots[0]) * 300).astype(np.float16)
    assert np.isfinite(features).all() and (features.max(axis=1) > 256).all()
    features = np.insert(features, 3, np.nan, axis=0)
    monkeypatch.setattr(_assessment, "features_of", lambda *_: features)
    found = assess(fitted, as_image_source([*snapshots[0], snapshots[0][0]]))
    assert np.isnan(found.outlier_scores[3]) and found.labels[3] == -1
    scores = np.delete(found.outlier_scores, 3)
    np.testing.assert_allclose(scores, fitted.outlier_scores_, atol=1e-3)
    assert fitted.outlier_scores_.min() > 0.01


def test_one_image_and_none(fitted, snapshots, tmp_path, monkeypatch):
    found = assess(fitted, as_image_source(snapshots[0][:1]))
    assert found.labels.shape == (1,) and found.outlier_scores.tolist() == [0]
    (tmp_path / "text.jpg").write_text("no image")
    monkeypatch.setattr(fitted, "on_error", "skip")
    with (
        pytest.warns(UserWarning, match=r"text\.jpg"),
        pytest.raises(ValueError, match="None of the images could be read"),
    ):
        assess(fitted, as_image_source([tmp_path / "text.jpg"]))


def test_saved_and_loaded(fitted, snapshots, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    found = assess(loaded, as_image_source(snapshots[0][:7]))
    np.testing.assert_array_equal(found.labels, fitted.labels_[:7])


def test_others_of_the_same_number_are_not_taken_for_those_of_the_fit(snapshots, tmp_path):
    images = snapshots[0]
    halves = images[::2], images[1::2][::-1]
    est = DeepImageClusterer(4, image_size=32, max_iter=1, n_neighbors=8, random_state=0)
    est.fit(halves[0])
    for kind in (np.asarray, list, lambda half: [Image.fromarray(one) for one in half]):
        found = assess(est, as_image_source(kind(halves[1])))
        np.testing.assert_array_equal(found.labels, est.predict(halves[1]))
        assert (found.labels != est.labels_).any()
    for i, half in enumerate(halves):
        with tarfile.open(tmp_path / f"{i}.tar", "w") as tar:
            for j, image in enumerate(half):
                Image.fromarray(image).save(tmp_path / "one.png")
                tar.add(tmp_path / "one.png", f"{j}.png")
    first, second = (read_tar_images(tmp_path / f"{i}.tar") for i in range(2))
    est.fit(first)
    assert assess(est, first).is_of_fit and not assess(est, second).is_of_fit
    np.testing.assert_array_equal(assess(est, second).labels, est.predict(second))
